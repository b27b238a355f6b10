"""The door of the sensors at the broker: by which names it is found, who may enter, and whether in the clear.

Owns what is compared. Must not read a key or a password.
"""

import ssl

from gateway.broker.access import GATEWAY
from gateway.broker.addresses import own_addresses
from gateway.broker.files import BrokerFiles
from gateway.broker.passwords import names
from gateway.doctor.case import Case
from gateway.doctor.finding import Finding, fault, unknown, well
from gateway.domain.model import Standing
from gateway.mqtt.served.certificate import served_certificate

RENEW = "sudo shishigaki broker renew"
SETUP = "sudo shishigaki broker setup"
SYNC = "sudo shishigaki broker sync"
PLAIN = "etc/mosquitto/conf.d/shishigaki-plain.conf"


def certificate_names(case: Case) -> Finding:
    """Whether the certificate that sensors see is made for the addresses that this machine has now."""
    settings = case.config.broker
    files = BrokerFiles(settings)
    if not files.authority.exists():
        return unknown("doctor.no_authority")
    try:
        found = served_certificate(settings.port, files.authority)
    except ssl.SSLCertVerificationError as error:
        return fault("doctor.certificate_refused", SETUP, why=error.verify_message)
    except OSError as error:
        return unknown("doctor.no_sensor_port", port=settings.port, why=str(error))
    lacking = sorted({*own_addresses(), *settings.names} - set(found.names))
    if lacking:
        return fault("doctor.certificate_lacks", RENEW, names=", ".join(lacking))
    return well("doctor.certificate_names_well", names=", ".join(found.names))


def accounts(case: Case) -> Finding:
    """Whether somebody who was revoked may still enter."""
    files = BrokerFiles(case.config.broker)
    try:
        held = set(names(files.passwords.read_text(encoding="utf-8"))) - {GATEWAY}
    except OSError as error:
        return unknown("doctor.no_accounts", file=str(files.passwords), why=error.strerror or "")
    with case.reader() as reader:
        devices = reader.devices() if reader else []
    revoked = sorted(
        one.id for one in devices if one.standing is Standing.REVOKED and one.id in held
    )
    if revoked:
        return fault("doctor.revoked_accounts", SYNC, names=", ".join(revoked[:5]))
    return well("doctor.accounts_well", count=len(held))


def plain_door(case: Case) -> Finding:
    """Whether sensors may come without TLS, where whoever listens reads their passwords."""
    if not case.place(PLAIN).exists():
        return well("doctor.plain_closed")
    return unknown("doctor.plain_open", file=f"/{PLAIN}")

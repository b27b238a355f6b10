"""The broker: answers, takes our name, lets us hear ourselves, and lets nobody write everywhere.

Owns what its answers mean. Must not write to a topic of a sensor.
"""

import asyncio
import re
import socket
import ssl

from gateway.doctor.case import Case
from gateway.doctor.finding import Finding, fault, unknown, well
from gateway.ingest.messages.decoding import Sources
from gateway.mqtt.probes import rights
from gateway.mqtt.probes.answering import probe

CONF = "etc/mosquitto/conf.d/shishigaki.conf"
SHIPPED = "opt/shishigaki/shipped/_etc_mosquitto_conf.d_shishigaki.conf"
RESTART = "sudo systemctl restart mosquitto"
SET_UP = "sudo shishigaki broker setup"
OURS = ("shishigaki.acl", "shishigaki.passwd", "certs/shishigaki.pem")
BACK = f"sudo install -m 0644 /{SHIPPED} /{CONF} && {RESTART}"
ACL = "etc/mosquitto/shishigaki.acl"
_SITE = re.compile(r"^pattern +\w+ +wildlife/v1/([^/]+)/", re.MULTILINE)
WITHIN_S = 8.0
REFUSED = ("not authori", "bad user name", "code:5", "code:134", "code:135")


def broker(case: Case) -> Finding:
    """Whether the broker answers and takes our name and topics."""
    config = case.config
    filters = [topic for topic, _ in Sources(config.sources, config.site.name).subscriptions]
    where = f"{config.mqtt.host}:{config.mqtt.port}"
    wrong = asyncio.run(probe(config.mqtt, filters))
    if not wrong:
        return well("doctor.broker_well", where=where)
    if any(word in wrong.lower() for word in REFUSED):
        return fault("doctor.broker_refuses", SET_UP, where=where, why=wrong)
    return fault("doctor.broker_dead", command_for(case), where=where, why=wrong)


def broker_rights(case: Case) -> Finding:
    """Whether the access rules hold: what we write arrives, and only where we may write."""
    config = case.config
    found = asyncio.run(rights.rights(config.mqtt, config.site.name))
    if not found.hears_itself:
        return fault("doctor.broker_deaf", SET_UP)
    if not config.mqtt.username:
        return unknown("doctor.broker_open")
    if asyncio.run(rights.takes_anybody(config.mqtt)):
        return fault("doctor.broker_anybody", command_for(case))
    if found.writes_anywhere:
        return fault("doctor.broker_writes", SET_UP)
    return well("doctor.broker_rights_well")


def broker_site(case: Case) -> Finding:
    """Whether a sensor may write to this site only."""
    if case.is_hidden(ACL):
        return unknown("doctor.only_root", file=f"/{ACL}")
    sites = set(_SITE.findall(case.text(ACL)))
    own = case.config.site.name
    if not sites and case.is_installed:
        return fault("doctor.no_acl", SET_UP, file=f"/{ACL}")
    if not sites:
        return unknown("doctor.no_acl", file=f"/{ACL}")
    if sites != {own}:
        return fault("doctor.acl_site", SET_UP, found=", ".join(sorted(sites)), site=own)
    return well("doctor.acl_well", site=own)


def sensors_port(case: Case) -> Finding:
    """Whether the broker answers with TLS where sensors send to."""
    port = case.config.broker.port
    if not case.is_installed:
        return unknown("doctor.not_installed")
    pid_file = case.config.broker.pid_file
    if not case.place(pid_file).exists():
        return fault("doctor.no_pid_file", RESTART, file=pid_file)
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # `certificates` looks at it
    try:
        with (
            socket.create_connection(("127.0.0.1", port), timeout=WITHIN_S) as plain,
            context.wrap_socket(plain) as secure,
        ):
            version = secure.version() or "?"
    except OSError as error:
        command = command_for(case)
        return fault("doctor.sensors_port_dead", command, port=port, why=str(error))
    return well("doctor.sensors_port_well", port=port, version=version)


def command_for(case: Case) -> str:
    """What mends a broker that does not run, or not as it should."""
    folder = case.config.broker.folder.lstrip("/")
    if not case.is_installed:
        return RESTART
    if is_changed(case):
        return BACK
    if any(not case.text(f"{folder}/{name}") for name in OURS):
        return f"{SET_UP} && {RESTART}"
    return RESTART


def is_changed(case: Case) -> bool:
    """Whether mosquitto's configuration is not the one that was installed."""
    shipped = case.text(SHIPPED)
    return bool(shipped) and case.text(CONF) != shipped

"""Certificates: our own, the authorities that we trust, and the broker's, which every sensor checks.

Owns how many days ahead an end is told. Must not read a private key.
"""

import re
import socket
import ssl
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

from gateway.doctor.case import Case
from gateway.doctor.finding import Finding, fault, unknown, well
from gateway.mqtt.certificate import not_after

HERE = "127.0.0.1"
AHEAD = timedelta(days=21)
RENEW = "sudo shishigaki broker renew"
_FILE = re.compile(r"^(?:certfile|cafile) +(\S+)", re.MULTILINE)


def certificates(case: Case) -> Finding:
    """Which certificate ends first; a fault 21 days before, or when one cannot be read."""
    ends = []
    for name, pem in _all(case):
        try:
            ends.append((not_after(pem()), name))
        except PermissionError:
            continue  # the service may not read it: it is asked for at the broker's port
        except (OSError, ValueError) as error:
            return fault("doctor.certificate_unreadable", RENEW, file=name, why=str(error))
    if not ends:
        return unknown("doctor.no_certificates")
    end, name = min(ends)
    if end - case.now < AHEAD:
        key = "doctor.certificate_ended" if end < case.now else "doctor.certificate_ends"
        return fault(key, RENEW, file=name, day=f"{end:%Y-%m-%d}")
    return well("doctor.certificates_well", count=len(ends), day=f"{end:%Y-%m-%d}")


def _all(case: Case) -> Iterator[tuple[str, Callable[[], str]]]:
    """Name and reading of each certificate: files that settings name, and what the broker shows."""
    config, port = case.config, case.config.broker.port
    named = (config.mqtt.ca_file, config.mqtt.cert_file, config.influx.ca_file)
    files = [Path(one) for one in (*named, config.replies.imap_ca_file) if one]
    files += [case.place(one) for one in _broker_files(case)]
    yield from ((str(file), partial(file.read_text, "ascii", "replace")) for file in files)
    if _listens(port):
        yield f"127.0.0.1:{port}", partial(ssl.get_server_certificate, (HERE, port), timeout=5)


def _broker_files(case: Case) -> Iterator[str]:
    """The files that mosquitto's configuration names."""
    for part in sorted(case.place("etc/mosquitto/conf.d").glob("*.conf")):
        yield from _FILE.findall(case.text(f"etc/mosquitto/conf.d/{part.name}"))


def _listens(port: int) -> bool:
    try:
        with socket.create_connection((HERE, port), timeout=5):
            return True
    except OSError:
        return False

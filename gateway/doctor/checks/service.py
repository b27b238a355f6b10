"""The running service: its pages at their port, and whether it starts by itself after a power cut.

Owns what another program at our port looks like. Must not log in.
"""

import http.client
import json
import socket
from typing import Any

from gateway.doctor import public_address
from gateway.doctor.case import Case
from gateway.doctor.finding import Finding, fault, unknown, well

WITHIN_S = 8.0
PAST = {"gap", "drops", "database"}  # faults of the pages that tell of what is over
START = "sudo systemctl restart shishigaki"
WANTS = "etc/systemd/system/multi-user.target.wants"
UNITS = ("shishigaki.service", "mosquitto.service")


def pages(case: Case) -> Finding:
    """Whether our own pages answer at their port."""
    port = case.config.dashboard.port
    try:
        status, body = _healthz(port)
    except (TimeoutError, http.client.HTTPException) as error:
        if isinstance(error, TimeoutError) and case.is_installed:
            return fault("doctor.pages_hang", START, port=port)
        return _foreign(port)
    except OSError:
        if case.is_installed:
            return fault("doctor.not_running", START, port=port)
        return unknown("doctor.port_free", port=port)
    if body is None or "ok" not in body:
        return _foreign(port)
    faults = {part: why for part, why in body.get("faults", {}).items() if part not in PAST}
    if faults or (status != 200 and not body.get("faults")):
        named = "; ".join(f"{part}: {why}" for part, why in faults.items())
        return fault("doctor.unwell", START, named=named or str(status))
    return well("doctor.pages_well", port=port, version=body.get("version", "?"))


def missed(case: Case) -> Finding:
    """What happened lately: lost messages, a database that was salvaged. Nothing mends what is over."""
    try:
        _, body = _healthz(case.config.dashboard.port)
    except (OSError, http.client.HTTPException):
        body = None
    if not body or ("faults" not in body and body.get("ok") is not True):
        return unknown("doctor.missed_unknown")
    past = [f"{part}: {why}" for part, why in body.get("faults", {}).items() if part in PAST]
    return (
        unknown("doctor.missed", named="; ".join(past)) if past else well("doctor.missed_nothing")
    )


def at_boot(case: Case) -> Finding:
    """Whether gateway and broker start with the machine."""
    if not case.is_installed:
        return unknown("doctor.not_installed")
    off = [one for one in UNITS if not case.place(f"{WANTS}/{one}").is_symlink()]
    if off:
        command = f"sudo systemctl enable --now {' '.join(off)}"
        return fault("doctor.not_at_boot", command, units=", ".join(off))
    return well("doctor.at_boot_well")


def address(case: Case) -> Finding:
    """What people find under the public address."""
    url = case.config.dashboard.public_url
    if not url:
        return unknown("doctor.no_public_url")
    told = public_address.look(url)
    return well("doctor.as_told", told=told)


def _foreign(port: int) -> Finding:
    return fault(
        "doctor.foreign_port", f"sudo shishigaki setup --port {_next_free(port)}", port=port
    )


def _next_free(port: int) -> int:
    """A port above that nobody uses."""
    for other in range(port + 1, port + 100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", other)):
                return other
    return port + 100


def _healthz(port: int) -> tuple[int, dict[str, Any] | None]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=WITHIN_S)
    try:
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        text = answer.read(65_536)
    finally:
        connection.close()
    try:
        body = json.loads(text)
    except ValueError:
        return answer.status, None
    return answer.status, body if isinstance(body, dict) else None

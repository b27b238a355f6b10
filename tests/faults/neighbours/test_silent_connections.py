"""1,050 connections to the pages that say nothing: alerts, pages and the log do not suffer."""

import contextlib
import resource
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.domain.model import Device, Role
from tests.faults.lacking import without
from tests.support.pace import slowness
from tests.support.servers import Mosquitto, wait_for
from tests.support.service import Sensor, Service, native

TRAP = Device(id="trap-01", role=Role.TRAP)
SILENT = 1_050
FILES = 1_024  # what systemd allows a service unless told otherwise
ALERT_S = 2.0
DEADLINE_S = 60.0
LOG_BYTES = 100_000
EXTRA = """
[[people]]
name = "tanaka"
language = "en"
channels = ["console:"]
"""


@pytest.fixture
def many_files() -> Iterator[None]:
    """This test's own side of the connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4_096), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def start(folder: Path, broker: Mosquitto, care: str = "nothing") -> Service:
    service = Service(folder / "gw", broker.port, TRAP, extra=EXTRA, program=without(care))
    service.start("prlimit", f"--nofile={FILES}:{FILES}")
    wait_for(lambda: answers(service) and "connected to" in service.log, "the gateway", DEADLINE_S)
    return service


def answers(service: Service, within_s: float = 10.0) -> bool:
    """Whether a page comes."""
    try:
        with urllib.request.urlopen(f"{service.url}/metrics", timeout=within_s) as reply:
            return bool(reply.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def be_silent(stack: contextlib.ExitStack, service: Service, first: bytes = b"") -> None:
    """Connect and say nothing, or the beginning of a request."""
    for _ in range(SILENT):
        one = stack.enter_context(socket.create_connection(("127.0.0.1", service.port), timeout=10))
        with contextlib.suppress(OSError):  # it may have been closed already
            one.sendall(first)


def spring(sensor: Sensor, service: Service, seq: int) -> float:
    """Seconds from a trap's message to the message to its trapper."""
    told = service.log.count("Trap sprung")
    sensor.flush(sensor.send(*native("trap-01", "trap.set", seq)))
    began = time.monotonic()
    sensor.send(*native("trap-01", "trap.sprung", seq + 1))
    wait_for(lambda: service.log.count("Trap sprung") > told, "the alert", DEADLINE_S)
    return time.monotonic() - began


@pytest.mark.parametrize(
    "first",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost: a",
        b"POST /login HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n",
    ],
    ids=["silent", "half a request", "no body"],
)
@pytest.mark.usefixtures("many_files")
def test_silent_connections_harm_neither_alerts_nor_pages_nor_the_log(
    tmp_path: Path, mosquitto: Mosquitto, first: bytes
) -> None:
    service = start(tmp_path, mosquitto)
    sensor = Sensor(mosquitto.port)  # first: its select() takes no descriptor over 1,023
    with contextlib.ExitStack() as stack:
        stack.callback(service.kill)
        stack.callback(sensor.close)
        be_silent(stack, service, first)
        before, took = len(service.log), spring(sensor, service, 1)
        assert answers(service)
        be_silent(stack, service, first)
        assert answers(service)
        print(f"alert after {took:.2f} s; log {len(service.log)} bytes, {before} before the alert")
        assert took < ALERT_S * 5 * slowness()
        assert len(service.log) < LOG_BYTES
        assert service.log.count("no request in time") == 1
        assert service.stop() == 0


@pytest.mark.usefixtures("many_files")
def test_control_without_a_limit_of_connections_the_pages_do_not_answer(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    """The control: the same sockets before uvicorn's own connections."""
    service = start(tmp_path, mosquitto, "bounded connections")
    with contextlib.ExitStack() as stack:
        stack.callback(service.kill)
        be_silent(stack, service)
        assert not answers(service, within_s=3)

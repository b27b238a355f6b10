"""Connections to the pages that say nothing, and streams: alerts, pages and the log do not suffer."""

import resource
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.domain.model import Device, Role
from tests.faults.lacking import without
from tests.faults.visitors.crowd import Crowd, is_told, members
from tests.faults.visitors.measured import RECOVERY_S, Measured, Round, page_s, seconds_until
from tests.support.servers import Mosquitto, wait_for
from tests.support.service import Sensor, Service

TRAP = Device(id="trap-01", role=Role.TRAP)
SILENT, STREAMS = 1_100, 500
MEMBERS = 40  # people with a session each, so that no session alone explains the limit of streams
FILES = 1_024  # what a process may open unless told otherwise
ROUNDS, EVERY_S = 12, 5.0  # of the long form
DEADLINE_S = 60.0
BEGINNINGS = {
    "silent": b"",
    "half a request": b"GET / HTTP/1.1\r\nHost: a",
    "no body": b"POST /login HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n",
}


@pytest.fixture(autouse=True)
def _many_files() -> Iterator[None]:
    """This test's own side of the connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4_096), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture
def service(
    tmp_path: Path, mosquitto: Mosquitto, request: pytest.FixtureRequest
) -> Iterator[Service]:
    """Running, with few files; `request.param`: the safeguard that it lacks."""
    service = Service(
        tmp_path / "gw", mosquitto.port, TRAP, program=without(getattr(request, "param", "nothing"))
    )
    yield service
    service.kill()


@pytest.fixture
def sensor(mosquitto: Mosquitto) -> Iterator[Sensor]:
    """The trap; made before the crowd, since its select() takes no descriptor over 1,023."""
    sensor = Sensor(mosquitto.port)
    yield sensor
    sensor.close()


def start(service: Service) -> None:
    service.start("prlimit", f"--nofile={FILES}:{FILES}")
    wait_for(
        lambda: "connected to" in service.log and page_s(service) < DEADLINE_S,
        "the gateway",
        DEADLINE_S,
    )


def beside_a_crowd(
    service: Service,
    sensor: Sensor,
    first: bytes = b"",
    addresses: int = 1,
    rounds: int = 1,
) -> tuple[Measured, bool, int]:
    """What it costs; whether a page that was open before was told, and how many of the crowd."""
    tokens = members(service, MEMBERS)
    start(service)
    playing = Round(service, sensor)
    playing.play()  # the same without a crowd, so that everything is loaded
    before_mb = service.rss_mb()
    with Crowd(service.port) as own, Crowd(service.port) as crowd:
        own.open_streams(1, tokens[:1], 1)
        crowd.be_silent(SILENT // 2, first)
        crowd.open_streams(STREAMS, tokens[1:], addresses)
        crowd.be_silent(SILENT // 2, first)
        for n in range(rounds):
            time.sleep(
                EVERY_S if n else 0.0
            )  # the state that is measured, not a wait for something
            crowd.come_again()
            is_told(own.streams[0])
            playing.play()
        was_told = seconds_until(lambda: is_told(own.streams[0]), 2.0) < DEADLINE_S
        others_told = crowd.told_so_far()
        playing.measured.more_mb = service.rss_mb() - before_mb
    began = time.monotonic()
    seconds_until(lambda: page_s(service) < 1, RECOVERY_S)
    playing.play()
    playing.measured.recovery_s = time.monotonic() - began
    print(f"\n{playing.measured}; {others_told} streams of the crowd told")
    return playing.measured, was_told, others_told


@pytest.mark.parametrize("first", BEGINNINGS.values(), ids=BEGINNINGS)
@pytest.mark.parametrize("addresses", [1, 200], ids=["one address", "200 addresses"])
@pytest.mark.parametrize(
    "rounds", [1, pytest.param(ROUNDS, marks=pytest.mark.long)], ids=["short", "long"]
)
def test_a_spring_notifies_while_1100_sockets_are_silent_and_500_streams_are_open(
    service: Service, sensor: Sensor, first: bytes, addresses: int, rounds: int
) -> None:
    measured, was_told, others_told = beside_a_crowd(service, sensor, first, addresses, rounds)
    assert measured.broken() == []
    assert was_told
    assert others_told > 0
    assert service.log.count("no request in time") <= 1 + rounds * EVERY_S / 60 + measured.pace
    assert service.stop() == 0


@pytest.mark.long
@pytest.mark.parametrize("service", ["bounded connections"], indirect=True)
def test_control_without_limits_the_same_crowd_breaks_them(
    service: Service, sensor: Sensor
) -> None:
    """The control: uvicorn's own connections, of which all files are taken."""
    measured, *_ = beside_a_crowd(service, sensor)
    assert "page" in measured.broken()

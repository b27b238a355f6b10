"""A second program with our client id takes messages from us: it is seen, and the office is told."""

import shutil
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.domain.model import Device, Role
from gateway.mqtt.losses.connection_history import SHORT_CONNECTIONS
from tests.faults.lacking import without
from tests.faults.witness import health
from tests.support.pace import slowness
from tests.support.processes.child import Child
from tests.support.servers import Mosquitto, Server, need, wait_for
from tests.support.service import Service

WANA = Device(id="wana-01", role=Role.TRAP, dialect="zigbee2mqtt")
DEADLINE_S = 90.0
US = ("-i", "shishigaki-goto", "-q", "1", "-t", "zigbee2mqtt/+")
TOLD = "mqtt.client_id"
EXTRA = """
[[sources]]
dialect = "zigbee2mqtt"
[[people]]
name = "office"
language = "en"
duty = "office"
channels = ["console:"]
[alerts]
tick_s = {tick_s}
"""


class Twin(Child):
    """mosquitto_sub under our client id, which comes back each time it is thrown out."""

    def begin(self, port: int, *arguments: str) -> None:
        program = need(shutil.which("mosquitto_sub"), "mosquitto-clients")
        self.start([program, "-h", "127.0.0.1", "-p", str(port), *arguments])


@pytest.fixture
def twin(tmp_path: Path) -> Iterator[Twin]:
    twin = Twin(tmp_path / "twin.log")
    yield twin
    twin.end()


def gateway(
    folder: Path, broker: Server, protocol: str, tick_s: float = 1.0, care: str = "nothing"
) -> Service:
    return Service(
        folder / "gw",
        broker.port,
        WANA,
        mqtt=f'protocol = "{protocol}"',
        extra=EXTRA.format(tick_s=tick_s),
        program=without(care),
    )


def connected(service: Service) -> bool:
    return "connected to the broker" in service.log


def is_counted(service: Service) -> bool:
    """Whether it has heard the broker's own topics, hence also its log."""
    with urllib.request.urlopen(f"{service.url}/metrics", timeout=10 * slowness()) as reply:
        return b'shishigaki_broker{what="uptime_s"}' in reply.read()


def broker_fault(service: Service) -> str:
    return str(health(service)[1].get("broker", ""))


@pytest.mark.parametrize(
    ("protocol", "twins_way"),
    [
        ("5", ("-c", "-V", "5", "-x", "3600")),
        pytest.param("3.1.1", ("-c", "-V", "311"), marks=pytest.mark.long),
        pytest.param("5", ("-c", "-V", "311"), marks=pytest.mark.long),
        pytest.param("5", ("-V", "5"), marks=pytest.mark.long),
        pytest.param("3.1.1", ("-c", "-V", "5", "-x", "3600"), marks=pytest.mark.long),
        pytest.param("3.1.1", ("-V", "5"), marks=pytest.mark.long),
    ],
)
def test_a_second_program_with_our_client_id_is_a_fault_and_an_alert_that_name_it(
    tmp_path: Path, mosquitto: Mosquitto, twin: Twin, protocol: str, twins_way: tuple[str, ...]
) -> None:
    with gateway(tmp_path, mosquitto, protocol) as service:
        wait_for(lambda: connected(service), "the connection", DEADLINE_S)
        began = time.monotonic()
        twin.begin(mosquitto.port, *US, *twins_way)
        wait_for(lambda: TOLD in broker_fault(service), "the fault", DEADLINE_S)
        assert health(service)[0] == 503
        wait_for(lambda: f"broker ({TOLD}" in service.log, "the message to the office", DEADLINE_S)
        print(f"told after {time.monotonic() - began:.0f} s")
        assert service.log.count("session taken over") >= 3
        assert len(service.log) < 20_000


@pytest.mark.long
@pytest.mark.parametrize("session", [("-c", "-x", "3600"), ()], ids=["kept", "wiped"])
def test_a_second_program_with_our_client_id_is_reported_in_90_seconds_with_default_settings(
    tmp_path: Path, mosquitto: Mosquitto, twin: Twin, session: tuple[str, ...]
) -> None:
    """The twin, and that messages may be missing: two faults at one tick, each told by its name."""
    with gateway(tmp_path, mosquitto, "auto", tick_s=30) as service:
        wait_for(lambda: connected(service), "the connection", DEADLINE_S)
        began = time.monotonic()
        twin.begin(mosquitto.port, *US, "-V", "5", *session)
        wait_for(lambda: f"broker ({TOLD}" in service.log, "the message", DEADLINE_S)
        wait_for(lambda: "messages lost? (" in service.log, "the other message", DEADLINE_S)
        print(f"told after {time.monotonic() - began:.0f} s")


@pytest.mark.long
def test_control_without_checking_how_connections_end_a_second_program_is_not_detected(
    tmp_path: Path, mosquitto: Mosquitto, twin: Twin
) -> None:
    """The control: the same fight, for longer than the fault took to show."""
    with gateway(tmp_path, mosquitto, "5", care="a look at how connections end") as service:
        wait_for(lambda: connected(service), "the connection", DEADLINE_S)
        twin.begin(mosquitto.port, *US, "-c", "-V", "5", "-x", "3600")
        wait_for(
            lambda: service.log.count("connected to the broker") > SHORT_CONNECTIONS + 2,
            "the fight",
            DEADLINE_S,
        )
        assert health(service)[1] == {}


@pytest.mark.long
def test_two_programs_with_ids_of_their_own_are_no_fault(
    tmp_path: Path, mosquitto: Mosquitto, twin: Twin
) -> None:
    """The control: the same neighbour under another id, for longer than the fault took to show."""
    with gateway(tmp_path, mosquitto, "5") as service:
        wait_for(lambda: connected(service), "the connection", DEADLINE_S)
        twin.begin(mosquitto.port, "-i", "another", "-q", "1", "-c", "-t", "zigbee2mqtt/+")
        end = time.monotonic() + 10
        while time.monotonic() < end:
            assert health(service)[1] == {}
        assert service.log.count("connected to the broker") == 1


@pytest.mark.long
def test_one_short_connection_under_our_id_is_reported_where_the_broker_shows_its_log(
    tmp_path: Path, twin: Twin
) -> None:
    broker = Mosquitto(tmp_path / "mosquitto", extra="log_dest topic\nlog_type notice\n")
    with broker, gateway(tmp_path, broker, "5") as service:
        wait_for(lambda: connected(service), "the connection", DEADLINE_S)
        wait_for(lambda: "shishigaki-goto-sys" in broker.log, "the reader of $SYS", DEADLINE_S)
        wait_for(lambda: is_counted(service), "the first number of $SYS", DEADLINE_S)
        twin.begin(broker.port, "-i", "shishigaki-goto", "-c", "-t", "x", "-W", "1")
        wait_for(lambda: TOLD in broker_fault(service), "the fault", DEADLINE_S)

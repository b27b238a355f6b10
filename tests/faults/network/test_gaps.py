"""A stretch in which messages may have been lost is told, and traps are not shown as armed over it."""

import json
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.domain.model import Device, Role
from gateway.store.setting_keys import SettingKey
from tests.faults.lacking import without
from tests.faults.witness import health, send
from tests.support.pace import slowness
from tests.support.servers import Mosquitto, wait_for
from tests.support.service import Service, native, retained_message

WANA = Device(id="wana-01", role=Role.TRAP, dialect="zigbee2mqtt")
NATIVE = Device(id="trap-01", role=Role.TRAP)
DEADLINE_S = 60.0
EXTRA = """
[[sources]]
dialect = "native"
[[sources]]
dialect = "zigbee2mqtt"
[[people]]
name = "office"
language = "en"
duty = "office"
channels = ["console:"]
[alerts]
tick_s = 1
"""


class Valley:
    """A gateway with a bought trap and a native one, both heard as armed."""

    def __init__(self, folder: Path, broker: Mosquitto, care: str = "nothing") -> None:
        self.broker = broker
        self.service = Service(
            folder / "gw", broker.port, WANA, NATIVE, extra=EXTRA, program=without(care)
        )

    def begin(self) -> None:
        self.start()
        self.contact(closed=True)
        send(self.broker.port, [native("trap-01", "trap.set", 1)])
        wait_for(lambda: self.shown() == {"wana-01": "armed", "trap-01": "armed"}, "both traps", 20)

    def start(self) -> None:
        before = self.service.log.count("connected to the broker") if self.has_log else 0
        self.service.start()
        wait_for(
            lambda: self.service.log.count("connected to the broker") > before,
            "the connection",
            DEADLINE_S,
        )

    @property
    def has_log(self) -> bool:
        return (self.service.config.parent / "gateway.log").exists()

    def contact(self, *, closed: bool) -> None:
        send(self.broker.port, [("zigbee2mqtt/wana-01", {"contact": closed, "linkquality": 90})])

    def traps(self) -> list[dict[str, Any]]:
        with urllib.request.urlopen(
            f"{self.service.url}/api/traps", timeout=10 * slowness()
        ) as reply:
            return list(json.load(reply))

    def shown(self) -> dict[str, str]:
        return {trap["id"]: trap["condition"] for trap in self.traps()}

    def retained(self) -> dict[str, Any]:
        topic = "shishigaki/v1/goto/wana-01/state"
        return dict(json.loads(retained_message(self.broker.port, topic) or b"{}"))

    def faults(self) -> dict[str, str]:
        return health(self.service)[1]


@pytest.fixture
def forgetful(tmp_path: Path, mosquitto: Mosquitto) -> Iterator[Valley]:
    """Before a broker that keeps nothing over a restart."""
    valley = Valley(tmp_path, mosquitto)
    yield valley
    valley.service.kill()


@pytest.fixture
def keeping(tmp_path: Path, persistent_mosquitto: Mosquitto) -> Iterator[Valley]:
    """Before a broker that keeps what waits for us."""
    valley = Valley(tmp_path, persistent_mosquitto)
    yield valley
    valley.service.kill()


@pytest.mark.parametrize("end", [pytest.param("stop", marks=pytest.mark.long), "kill"])
def test_a_broker_that_lost_the_session_is_reported_at_the_start(
    forgetful: Valley, end: str
) -> None:
    forgetful.begin()
    getattr(forgetful.service, end)()
    forgetful.broker.kill()
    forgetful.broker.restart()
    forgetful.contact(closed=False)  # a capture that nobody will ever hear of
    began = time.monotonic()
    forgetful.start()
    wait_for(lambda: "gap" in forgetful.faults(), "the fault", DEADLINE_S)
    wait_for(lambda: "messages lost? (" in forgetful.service.log, "the message", DEADLINE_S)
    print(f"told {time.monotonic() - began:.1f} s after the start")
    wait_for(lambda: forgetful.shown()["wana-01"] == "unknown", "the trap", DEADLINE_S)
    assert (
        forgetful.shown()["trap-01"] == "armed"
    )  # keeps what is not confirmed, and sends it again
    wait_for(lambda: "unconfirmed_since" in forgetful.retained(), "the topic", DEADLINE_S)
    assert forgetful.retained()["state"] == "unknown"
    assert forgetful.retained()["last_known"] == "armed"


def test_without_the_memory_of_the_broker_the_trap_is_shown_as_armed(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    """The control: a capture has been lost, and nobody would look."""
    valley = Valley(tmp_path, mosquitto, care="the memory of the broker")
    valley.begin()
    valley.service.stop()
    mosquitto.kill()
    mosquitto.restart()
    valley.contact(closed=False)
    valley.start()
    assert valley.shown()["wana-01"] == "armed"
    assert valley.faults() == {}
    valley.service.kill()


@pytest.mark.long
def test_a_trap_that_sends_again_is_armed_again_and_the_fault_outlives_a_restart(
    forgetful: Valley,
) -> None:
    forgetful.begin()
    forgetful.service.stop()
    forgetful.broker.kill()
    forgetful.broker.restart()
    forgetful.start()
    wait_for(lambda: forgetful.shown()["wana-01"] == "unknown", "the trap", DEADLINE_S)
    found = forgetful.faults()["gap"]
    forgetful.service.stop()
    forgetful.start()  # the session is there now: no second gap
    assert forgetful.faults()["gap"] == found
    assert forgetful.shown()["wana-01"] == "unknown"
    forgetful.contact(closed=True)
    wait_for(lambda: forgetful.shown()["wana-01"] == "armed", "the trap", DEADLINE_S)
    assert [trap for trap in forgetful.traps() if "unconfirmed" in trap] == []


@pytest.mark.long
def test_a_broker_that_restarts_empty_beside_a_running_gateway_is_reported(
    forgetful: Valley,
) -> None:
    forgetful.begin()
    forgetful.broker.kill()
    forgetful.broker.restart()
    wait_for(lambda: "gap" in forgetful.faults(), "the fault", DEADLINE_S)
    wait_for(lambda: forgetful.shown()["wana-01"] == "unknown", "the trap", DEADLINE_S)


@pytest.mark.parametrize("end", [pytest.param("stop", marks=pytest.mark.long), "kill"])
def test_a_broker_that_kept_the_session_is_not_reported(keeping: Valley, end: str) -> None:
    """The control: what came meanwhile is there, and nothing is doubted."""
    keeping.begin()
    getattr(keeping.service, end)()
    keeping.broker.stop()
    keeping.broker.restart()
    keeping.contact(closed=False)
    keeping.start()
    wait_for(lambda: keeping.shown()["wana-01"] == "sprung", "the capture", DEADLINE_S)
    assert keeping.shown()["trap-01"] == "armed"
    assert keeping.faults() == {}


def test_what_the_broker_dropped_while_disconnected_is_reported_with_its_window(
    tmp_path: Path,
) -> None:
    extra = "sys_interval 1\nmax_queued_messages 10\nmax_inflight_messages 1\n"
    with Mosquitto(tmp_path / "mosquitto", extra=extra, persistence=True) as broker:
        valley = Valley(tmp_path, broker)
        valley.begin()
        wait_for(lambda: noted(valley).get("dropped") == 0, "the first count", DEADLINE_S)
        valley.service.stop()
        for _ in range(5):
            send(broker.port, [("zigbee2mqtt/wana-01", {"contact": True})] * 10)
        wait_for(lambda: counted(broker.port) >= 40, "the broker's count", DEADLINE_S)
        valley.start()
        wait_for(lambda: "drops" in valley.faults(), "the fault", DEADLINE_S)
        assert valley.faults()["drops"].startswith("40, ")
        wait_for(lambda: "broker dropped (40, " in valley.service.log, "the message", DEADLINE_S)
        assert "gap" not in valley.faults()
        valley.service.kill()


def noted(valley: Valley) -> dict[str, Any]:
    """What the gateway remembers of the broker."""
    reader = valley.service.reader()
    text = reader.setting(SettingKey.BROKER_MEMORY)
    reader.close()
    return dict(json.loads(text or "{}"))


def counted(port: int) -> int:
    """How many messages the broker says it has dropped."""
    return int(retained_message(port, "$SYS/broker/publish/messages/dropped") or 0)

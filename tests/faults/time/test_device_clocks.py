"""Wrong clocks of devices, bridges and receivers before the real gateway: each live spring alerts."""

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.alerts.policy import Policy
from gateway.clock import utc_now
from gateway.domain.model import (
    ActionKind,
    Alert,
    Device,
    Role,
    TimeQuality,
    TrapAction,
    TrapState,
)
from gateway.domain.trap_lifecycle import last_known
from gateway.ingest.people import actions
from gateway.store import Store
from tests.faults.witness import events, ready
from tests.support.pace import slowness
from tests.support.samples import TOKYO
from tests.support.servers import Mosquitto, wait_for
from tests.support.service import Sensor, Service, native

pytestmark = pytest.mark.real

TRAPS = [Device(id=id_, role=Role.TRAP) for id_ in ("nat-1", "wana-02", "!0000abcd")]
SOURCES = "".join(
    f'[[sources]]\ndialect = "{name}"\n' for name in ("native", "zigbee2mqtt", "meshtastic")
)


@pytest.fixture
def field(tmp_path: Path, mosquitto: Mosquitto) -> Iterator["Field"]:
    service = Service(tmp_path / "gw", mosquitto.port, *TRAPS, extra=SOURCES)
    sensor = Sensor(mosquitto.port)
    service.start()
    ready(service, mosquitto.port)
    yield Field(service, sensor)
    sensor.close()
    service.kill()


class Field:
    """The running gateway, its sensors and a person."""

    def __init__(self, service: Service, sensor: Sensor) -> None:
        self.service, self._sensor, self._sent = service, sensor, 0

    def publish(self, topic: str, body: object) -> None:
        """Publish, and wait until its event is in the database."""
        self._sent += 1
        self._sensor.flush(self._sensor.send(topic, body))
        wait_for(lambda: len(events(self.service)) >= self._sent, f"event {self._sent}", 40)

    def native(self, kind: str, error_s: float) -> None:
        """The native trap, by a clock so wrong."""
        at = utc_now() + timedelta(seconds=error_s)
        stamp = {"ts": at.isoformat(timespec="milliseconds"), "ts_src": "rtc"}
        self.publish(*native("nat-1", kind, self._sent + 1, **stamp))

    def record(self, *deeds: ActionKind) -> None:
        """A person records what was done, now."""
        store = Store(self.service.database, TOKYO)
        for deed in deeds:
            act = TrapAction(
                id=f"{deed}{time.time()}",
                device="nat-1",
                deed=deed,
                at=utc_now(),
                by="tanaka",
                recorded_at=utc_now(),
            )
            store.write_now(lambda tx, act=act: actions.record(tx, act, Policy(), act.at))  # type: ignore[misc]
        store.close()

    def alerts(self) -> list[Alert]:
        """The open captures."""
        reader = self.service.reader()
        found = [alert for alert in reader.open_alerts() if alert.rule == "trap_sprung"]
        reader.close()
        return found

    def state(self, device: str) -> TrapState | None:
        reader = self.service.reader()
        found = last_known(reader.states()[device]).state
        reader.close()
        return found


def test_a_slow_trap_that_springs_just_after_a_person_armed_it_alerts(field: Field) -> None:
    field.native("trap.set", -180)
    field.record(ActionKind.ARMED)
    began = time.monotonic()
    field.native("trap.sprung", -180)
    wait_for(field.alerts, "the alert", 40)
    took_s = time.monotonic() - began
    print(f"\n3 minutes slow: alert after {took_s:.2f} s")
    assert took_s < 2 * slowness()
    assert field.state("nat-1") is TrapState.SPRUNG


def test_what_a_person_records_holds_against_a_clock_that_is_ahead(field: Field) -> None:
    field.native("trap.set", 240)
    field.native("trap.sprung", 240)
    wait_for(field.alerts, "the alert", 40)
    field.record(ActionKind.FALSE_SPRING, ActionKind.ARMED)
    assert field.alerts() == []
    assert field.state("nat-1") is TrapState.ARMED


def test_a_bridge_whose_clock_has_stopped_hides_no_capture(field: Field) -> None:
    now = utc_now()
    for contact, at in ((True, now), (False, now - timedelta(hours=20))):
        field.publish("zigbee2mqtt/wana-02", {"contact": contact, "last_seen": at.isoformat()})
    wait_for(field.alerts, "the alert", 40)
    assert [alert.doubt for alert in field.alerts()] == [TimeQuality.DOUBTFUL]
    assert field.state("wana-02") is TrapState.SPRUNG


def test_receivers_whose_clocks_differ_by_ten_minutes_hide_no_capture(field: Field) -> None:
    for receiver, number, text, ago_s in (
        ("!a", 1, "Wana state: 0", 0),
        ("!b", 2, "Wana detected", 600),
    ):
        packet = {
            "from": 0xABCD,
            "id": number,
            "type": "detection",
            "payload": {"text": text},
            "timestamp": int(time.time()) - ago_s,
        }
        field.publish(f"msh/JP/2/json/ch/{receiver}", packet)
    wait_for(field.alerts, "the alert", 40)
    assert field.state("!0000abcd") is TrapState.SPRUNG


def test_a_trap_that_woke_in_1970_alerts_at_the_time_of_arrival(field: Field) -> None:
    field.native("trap.set", 0)
    body = native("nat-1", "trap.sprung", 9, ts="1970-01-01T00:00:09Z", ts_src="rtc")
    field.publish(body[0], body[1] | {"boot": 2, "seq": 1})
    wait_for(field.alerts, "the alert", 40)
    [alert] = field.alerts()
    assert abs(utc_now() - alert.observed_at) < timedelta(minutes=5)

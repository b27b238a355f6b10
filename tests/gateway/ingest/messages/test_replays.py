"""What a broker had kept and replays: judged once, worded as what it is, never a second alert."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from gateway.alerts import texts
from gateway.dialects import Context
from gateway.dialects.table import BY_NAME
from gateway.domain.model import (
    ActionKind,
    Alert,
    Device,
    Kind,
    Message,
    Reading,
    Role,
    TimeQuality,
    TrapState,
)
from gateway.domain.outcome import Outcome
from gateway.ingest.messages.batch import absorb
from tests.gateway.ingest.messages.field import Field, after
from tests.support.samples import CAMERA, TRAP

TOKYO = ZoneInfo("Asia/Tokyo")


@pytest.fixture
def field(tmp_path: Path) -> Iterator[Field]:
    field = Field(tmp_path, TRAP, CAMERA)
    yield field
    field.store.close()


class Node:
    """Equipment behind one dialect, and a gateway that can start again."""

    def __init__(self, folder: Path, dialect: str, *devices: Device) -> None:
        self.field, self._dialect = Field(folder, *devices), BY_NAME[dialect]

    def publish(self, at_s: float, topic: str, payload: str, *, retain: bool = False) -> Outcome:
        """A message that arrives at `at_s`; `retain`: the broker replays it."""
        message = Message(topic, payload.encode(), after(at_s), 1, retain)
        return self.field.store.write_now(
            lambda tx: absorb(tx, [message], self._read, message.received_at)
        )

    def _read(self, message: Message, devices: Mapping[str, Device]) -> list[Reading]:
        return self._dialect.decode(message, Context(devices=devices))

    def alerts(self) -> list[Alert]:
        return self.field.store.read_now(lambda r: list(r.latest_alerts()))

    def kinds(self) -> list[Kind]:
        return [event.kind for event in self.field.events]


def unnamed(field: Field, kind: Kind, at_s: float, *, retain: bool = False) -> Outcome:
    """A report without a time or a number; the same words each time."""
    one = Reading(id=f"{kind}@{at_s}", device=TRAP.id, kind=kind)
    return field.take(at_s, one, retain=retain)


def test_a_replayed_spring_of_a_new_trap_sets_its_state_without_an_alert(
    field: Field,
) -> None:
    assert unnamed(field, Kind.SPRUNG, 100, retain=True).opened == []
    assert field.state is TrapState.SPRUNG
    assert [event.time_quality for event in field.events] == [TimeQuality.UNKNOWN]


def test_the_first_live_report_of_a_sprung_trap_alerts(field: Field) -> None:
    unnamed(field, Kind.SPRUNG, 100, retain=True)
    live = Reading(id="live", device=TRAP.id, kind=Kind.SPRUNG, is_state=True)
    [alert] = field.take(200, live).opened
    assert (alert.rule, alert.doubt) == ("trap_sprung", None)
    assert field.take(300, live).opened == []


def test_a_spring_that_the_broker_kept_while_we_were_away_alerts_once_and_says_so(
    field: Field,
) -> None:
    unnamed(field, Kind.SET, 100)
    [alert] = field.take(500, spring(), retain=True).opened
    assert alert.doubt is TimeQuality.UNKNOWN
    shown = texts.text(alert, TRAP, "ja", TOKYO, after(500))
    assert shown == "三井楽-01（ブローカーの保持・時刻不明）"
    shown = texts.text(alert, TRAP, "en", TOKYO, after(500))
    assert shown == "三井楽-01 (kept by broker, time unknown)"
    for start in range(20):
        assert field.take(1_000 + start, spring(f"{start}"), retain=True).events == []
    assert len(field.alerts) == 1


def spring(id_: str = "kept") -> Reading:
    """A spring without a time; its id is new each time it is read."""
    return Reading(id=id_, device=TRAP.id, kind=Kind.SPRUNG)


@pytest.mark.parametrize("reset", ["person", "sensor on another topic", "both"])
def test_an_old_memory_does_not_alert_again_after_the_trap_was_reset(
    tmp_path: Path, reset: str
) -> None:
    trap = Device(id="wana", role=Role.TRAP)
    node = Node(tmp_path, "esphome", trap)
    kept = "wana/binary_sensor/contact/state", "ON"
    node.publish(100, kept[0], "OFF")
    for start in range(20):
        node.publish(1_000 * start + 500, *kept, retain=True)
        if reset != "sensor on another topic" and start == 3:
            act(node, ActionKind.FALSE_SPRING, 1_000 * start + 600)
            act(node, ActionKind.ARMED, 1_000 * start + 601)
        if reset != "person" and start == 5:
            node.publish(1_000 * start + 700, "wana/binary_sensor/second/state", "OFF")
    assert [alert.doubt for alert in node.alerts()] == [TimeQuality.UNKNOWN]
    assert node.field.store.read_now(lambda r: r.open_alerts()) == []
    node.field.store.close()


def act(node: Node, deed: ActionKind, at_s: float) -> None:
    from gateway.alerts.policy import Policy
    from gateway.domain.model import TrapAction
    from gateway.ingest.people import actions

    done = TrapAction(
        id=f"{deed}{at_s}",
        device="wana",
        deed=deed,
        at=after(at_s),
        by="a",
        recorded_at=after(at_s),
    )
    node.field.store.write_now(lambda tx: actions.record(tx, done, Policy(), after(at_s)))


SWITCHES = (Device(id="wana07", role=Role.TRAP), Device(id="wana07/Switch2", role=Role.TRAP))
KEPT_SWITCHES = '{"Time":"2026-11-01T00:10:00","Switch1":"OFF","Switch2":"ON"}'


@pytest.mark.parametrize("were_heard", [False, True])
def test_a_node_with_several_inputs_replays_them_all_and_alerts_nobody(
    tmp_path: Path, were_heard: bool
) -> None:
    node = Node(tmp_path, "tasmota", *SWITCHES)
    if were_heard:
        before = KEPT_SWITCHES.replace("ON", "OFF")
        node.publish(50, "tele/wana07/SENSOR", before)
        node.publish(60, "tele/wana07/SENSOR", KEPT_SWITCHES)
    found = len(node.alerts())
    assert found == int(were_heard)
    for start in range(20):
        node.publish(100 + start, "tele/wana07/LWT", "Online", retain=True)
        node.publish(101 + start, "tele/wana07/SENSOR", KEPT_SWITCHES, retain=True)
    assert len(node.alerts()) == found
    states = node.field.store.read_now(lambda r: {k: s.trap for k, s in r.states().items()})
    assert states["wana07/Switch2"] is TrapState.SPRUNG
    node.field.store.close()


@pytest.mark.parametrize("first", ["ON", "OFF"])
def test_two_inputs_of_one_trap_do_not_turn_it_over_at_each_start(
    tmp_path: Path, first: str
) -> None:
    node = Node(tmp_path, "esphome", Device(id="wana", role=Role.TRAP))
    topics = [f"wana/binary_sensor/{name}/state" for name in ("contact", "second")]
    second = "OFF" if first == "ON" else "ON"
    for start in range(20):
        node.publish(100 + start * 10, topics[0], first, retain=True)
        node.publish(101 + start * 10, topics[1], second, retain=True)
    assert node.alerts() == []
    assert len(node.kinds()) == 2
    node.field.store.close()


def test_a_retained_message_does_not_show_that_the_device_is_alive(tmp_path: Path) -> None:
    node = Node(tmp_path, "esphome", Device(id="wana", role=Role.TRAP))
    topic = "wana/binary_sensor/contact/state"
    node.publish(100, topic, "OFF")
    node.publish(90_000, topic, "OFF", retain=True)
    node.publish(90_001, topic, "ON", retain=True)
    state = node.field.store.read_now(lambda r: r.states()["wana"])
    assert (state.last_seen, state.trap) == (after(100), TrapState.SPRUNG)
    node.field.store.close()


def test_a_retained_copy_of_a_live_message_adds_nothing(tmp_path: Path) -> None:
    node = Node(tmp_path, "native", Device(id="nat-1", role=Role.TRAP))
    status = "wildlife/v1/goto/nat-1/status"
    for word in ("online", "online", "offline"):
        node.publish(100, status, word)
    node.publish(160, "wildlife/v1/goto/nat-1/telemetry", '{"v":1,"boot":1,"seq":1}')
    found = node.kinds()
    for start in range(5):
        node.publish(1_000 + start, status, "offline", retain=True)
    assert node.kinds() == found
    state = node.field.store.read_now(lambda r: r.states()["nat-1"])
    assert (state.online, state.last_seen) == (True, after(160))
    node.field.store.close()


def test_a_last_will_sent_while_the_gateway_was_away_is_recorded(tmp_path: Path) -> None:
    node = Node(tmp_path, "zigbee2mqtt", Device(id="kenchi-02", role=Role.DETECTOR))
    topic = "zigbee2mqtt/kenchi-02/availability"
    node.publish(100, topic, '{"state":"online"}')
    node.publish(9_000, topic, '{"state":"offline"}', retain=True)
    state = node.field.store.read_now(lambda r: r.states()["kenchi-02"])
    assert (state.online, state.last_seen) == (False, after(100))
    node.field.store.close()


def test_a_retained_detection_of_unknown_age_does_not_count(tmp_path: Path) -> None:
    node = Node(tmp_path, "esphome", Device(id="yama-pir", role=Role.DETECTOR))
    topic = "yama-pir/binary_sensor/pir/state"
    node.publish(100, topic, "ON", retain=True)
    assert node.kinds() == []
    node.publish(200, topic, "ON")
    node.publish(300, topic, "ON", retain=True)
    assert node.kinds() == [Kind.DETECTION]
    node.field.store.close()


def test_a_replay_with_a_time_of_its_own_alerts_with_that_time(field: Field) -> None:
    field.numbered(Kind.SET, 100, 0)
    kept = field.reading(Kind.SPRUNG, 1_000, 0, boot=1, seq=9, id="kept")
    [alert] = field.take(9_000, kept, retain=True).opened
    assert (alert.observed_at, alert.doubt) == (after(1_000), None)
    for start in range(20):
        assert field.take(10_000 + start, kept, retain=True).opened == []


def test_a_declared_interval_is_taken_also_from_a_replay(tmp_path: Path) -> None:
    node = Node(
        tmp_path,
        "native",
        Device(id="nat-1", role=Role.TRAP),
        Device(id="nat-2", role=Role.TRAP, heartbeat_s=60),
    )
    for name in ("nat-1", "nat-2"):
        topic = f"wildlife/v1/goto/{name}/meta"
        node.publish(100, topic, '{"v":1,"model":"x","heartbeat_s":900}', retain=True)
    devices = node.field.store.read_now(lambda r: {d.id: d for d in r.devices()})
    assert [devices[name].heartbeat_s for name in ("nat-1", "nat-2")] == [900, 60]
    node.field.store.close()

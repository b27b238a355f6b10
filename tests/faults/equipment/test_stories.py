"""Stories of equipment against one running gateway, over MQTT 5 and 3.1.1; each has its own devices."""

from collections.abc import Callable, Iterator

import pytest

from gateway.domain.model import ActionKind, Device, Role, TrapState
from tests.faults.equipment.field import (
    MARKER,
    Field,
    Said,
    ahead,
    chirpstack,
    esphome,
    meshtastic,
    native,
    tts,
    zigbee,
)
from tests.support.servers import Mosquitto, wait_for

pytestmark = pytest.mark.real

DOOR, TRACKER = "milesight-ws301", "milesight-at101"
EUI = "24e124aa000000"
SPRUNG, ARMED = TrapState.SPRUNG, TrapState.ARMED
RIGHT_AGAIN = (ActionKind.FALSE_SPRING, ActionKind.ARMED)
TRAPS = (
    "node/reed1",
    "node/reed2",
    "z-visited",
    "z-tamper",
    "z-flag",
    "t-kept",
    "n-ahead-9h",
    "n-behind-9h",
    "n-minutes",
    "n-jump",
    "z-stands",
    "!00000011",
    "!00000012",
    "!00000013",
    "n-battery",
    "n-figure",
    "e-inputs",
    "t-second",
    "n-again",
    "n-badtime",
)
DEVICES = (
    Device(id=MARKER, role=Role.DETECTOR),
    *(Device(id=name, role=Role.TRAP) for name in TRAPS),
    *(Device(id=f"{EUI}{n}", role=Role.TRAP, model=DOOR) for n in range(11, 16)),
    Device(id=f"{EUI}20", role=Role.TRAP, model=TRACKER, lat=32.7, lon=128.8),
    Device(id="pir", role=Role.DETECTOR),
    Device(id="camera", role=Role.DETECTOR),
)


@pytest.fixture(scope="module", params=["5", pytest.param("3.1.1", marks=pytest.mark.long)])
def field(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Field]:
    folder = tmp_path_factory.mktemp("stories")
    with Mosquitto(folder / "broker") as broker:
        field = Field(folder / "gw", broker.port, request.param, *DEVICES)
        yield field
        field.close()


def test_retained_messages_of_a_node_with_many_inputs_alert_nobody_at_restarts(
    field: Field,
) -> None:
    field.publish(
        esphome("node", "reed1", "OFF"),
        esphome("node", "reed2", "OFF"),
        zigbee("z-visited", contact=True),
        ("tele/t-kept/SENSOR", {"Switch1": "OFF"}),
        retain=True,
    )
    field.publish(
        esphome("node", "reed1", "ON"),
        esphome("node", "reed2", "ON"),
        zigbee("z-visited", contact=False),
        ("tele/t-kept/SENSOR", {"Switch1": "ON"}),
        esphome("pir", "motion", "ON"),
        retain=True,
    )
    for trap in ("node/reed1", "node/reed2", "z-visited", "t-kept"):
        assert field.rules(trap) == ["trap_sprung"], trap
    field.record("z-visited", *RIGHT_AGAIN)
    before = field.alerts(), field.kinds("pir")
    field.restart()
    field.restart()
    assert (field.alerts(), field.kinds("pir")) == before
    assert (field.state("z-visited"), field.rules("z-visited")) == (ARMED, [])
    assert field.state("node/reed2") is SPRUNG


@pytest.mark.parametrize(
    ("trap", "error_s"),
    [
        ("n-ahead-9h", 32_400),
        ("n-behind-9h", -32_400),
        ("n-minutes", -180),
    ],
)
def test_a_clock_in_another_zone_neither_hides_a_spring_nor_outranks_a_persons_record(
    field: Field, trap: str, error_s: int
) -> None:
    field.publish(native(trap, "trap.set", 1, error_s))
    for seq in (2, 3):
        field.record(trap, ActionKind.ARMED)
        field.publish(native(trap, "trap.sprung", seq, error_s))
        assert (field.state(trap), field.rules(trap)) == (SPRUNG, ["trap_sprung"])
        field.record(trap, *RIGHT_AGAIN)
        assert (field.state(trap), field.rules(trap)) == (ARMED, [])


def test_a_clock_that_jumps_back_or_stands_still_hides_no_spring(field: Field) -> None:
    field.publish(native("n-jump", "trap.set", 1, 0))
    field.publish(native("n-jump", "trap.sprung", 1, -600, id="n-jump-2", boot=2))
    stands = ahead(-3_600).isoformat()
    field.publish(zigbee("z-stands", contact=True, last_seen=stands))
    field.record("z-stands", ActionKind.ARMED)
    field.publish(zigbee("z-stands", contact=False, last_seen=stands))
    node = 0x11
    field.publish(meshtastic(node, 1, "Wana state: 0", ago_s=600))
    field.record("!00000011", ActionKind.ARMED)
    field.publish(meshtastic(node, 2, "Wana detected", ago_s=598))
    for trap in ("n-jump", "z-stands", "!00000011"):
        assert (field.state(trap), field.rules(trap)) == (SPRUNG, ["trap_sprung"]), trap


def test_a_time_that_cannot_be_read_costs_the_time_not_the_event(field: Field) -> None:
    for seq, ts in enumerate(("garbage", None, 12_345, {"a": 1}, "2026-13-45T99:00:00Z", "")):
        field.publish(native("n-badtime", "tamper", seq, ts=ts))
    field.publish(native("n-badtime", "trap.sprung", 9, ts="0000-00-00T00:00:00Z"))
    assert field.kinds("n-badtime") == ["tamper"] * 6 + ["trap.sprung"]
    assert "trap_sprung" in field.rules("n-badtime")


def test_one_frame_by_two_gateways_is_one_event_and_a_counter_that_begins_again_is_another(
    field: Field,
) -> None:
    shut, opened = {"magnet_status": "close"}, {"magnet_status": "open"}
    twice = f"{EUI}11"
    field.publish(*(chirpstack(twice, opened, 7, copy) for copy in "ab"))
    assert field.kinds(twice) == ["trap.sprung"]
    joined = f"{EUI}12"
    field.publish(chirpstack(joined, shut, 0))
    field.publish(chirpstack(joined, opened, 0, "after the join", devAddr="01aa0001", data="ZZ"))
    assert field.kinds(joined) == ["trap.set", "trap.sprung"]
    for node in (0x12, 0x13):
        field.publish(meshtastic(node, 77, "Wana detected"))
    field.publish(meshtastic(0x12, 77, "Wana detected", "!b", ago_s=-50))
    assert field.kinds("!00000012") == field.kinds("!00000013") == ["trap.sprung"]


def test_a_second_tampering_after_a_visit_stays_open_over_ticks_and_a_restart(field: Field) -> None:
    field.publish(zigbee("z-tamper", contact=True, tamper=True))
    assert field.rules("z-tamper") == ["tamper"]
    field.record("z-tamper", ActionKind.VISITED)
    assert field.rules("z-tamper") == []
    field.publish(zigbee("z-tamper", contact=True, tamper=False))
    field.publish(zigbee("z-tamper", contact=True, tamper=True))
    field.restart()
    field.publish(native("n-again", "heartbeat", 1, battery={"pct": 3}))
    field.await_rules("n-again", "battery_low")  # a tick has looked at all alerts
    assert field.rules("z-tamper") == ["tamper"]
    field.record("z-tamper", ActionKind.VISITED)
    assert field.rules("z-tamper") == []


def test_a_battery_that_goes_up_and_down_is_one_alert_and_impossible_figures_are_none(
    field: Field,
) -> None:
    for seq, percent in enumerate((100, 15, 100, 15) * 3):
        field.publish(native("n-battery", "heartbeat", seq, battery={"pct": percent}))
    for seq, figure in enumerate((200, 180, 255, 3012, -1)):
        field.publish(native("n-figure", "heartbeat", seq, battery={"pct": figure}))
    field.publish(zigbee("z-flag", contact=True, battery_low=True, battery=200))
    field.await_rules("n-battery", "battery_low")
    field.await_rules("z-flag", "battery_low")
    assert (field.alerts("n-battery"), field.alerts("n-figure")) == (1, 0)


def test_other_inputs_of_a_node_neither_spring_nor_set_its_trap(field: Field) -> None:
    field.publish(esphome("e-inputs", "reed", "OFF"))
    others = ("charging", "problem", "update_available", "e-inputs_status", "power", "battery_low")
    field.publish(*(esphome("e-inputs", name, "ON") for name in others))
    assert field.state("e-inputs") is ARMED
    field.await_rules("e-inputs", "battery_low")
    field.publish(esphome("e-inputs", "reed", "ON"))
    field.publish(*(esphome("e-inputs", name, "OFF") for name in others if "status" not in name))
    assert field.state("e-inputs") is SPRUNG
    for first, second in (("OFF", "OFF"), ("ON", "ON"), ("ON", "OFF")):
        field.publish(("tele/t-second/SENSOR", {"Switch1": first, "Switch2": second}))
    assert (field.state("t-second"), field.rules("t-second")) == (SPRUNG, ["trap_sprung"])


@pytest.mark.parametrize(("uplink", "number"), [(chirpstack, 13), (tts, 14)])
def test_a_frame_that_is_not_decoded_makes_the_state_unknown_over_a_restart(
    field: Field, uplink: Callable[..., Said], number: int
) -> None:
    eui = f"{EUI}{number}"
    field.publish(uplink(eui, {"magnet_status": "close"}, 1))
    wait_for(lambda: field.topic(eui) == "armed", "the closed trap", 60)
    field.publish(uplink(eui, None, 2))
    wait_for(lambda: field.topic(eui) == "unknown", "the unread trap", 60)
    field.restart()
    wait_for(lambda: field.topic(eui) == "unknown", "the unread trap after a restart", 60)
    field.publish(uplink(eui, {"magnet_status": "close"}, 3))
    wait_for(lambda: field.topic(eui) == "armed", "the frame that is read", 60)
    field.publish(uplink(eui, {"magnet_status": "open"}, 4), uplink(eui, None, 5))
    assert "trap_sprung" in field.rules(eui), "what cannot be read ends no alert"


def test_a_place_that_cannot_be_moves_no_trap_and_one_that_can_does(field: Field) -> None:
    tracker = f"{EUI}20"
    wrong = ((4e-6, 1e-5), (0, 128.8), (32.7, 0), (32.7, None), (91, 200), (128.8, 32.7))
    places = ((32.7, 128.8), *wrong)
    field.publish(
        *(
            tts(tracker, {"latitude": lat, "longitude": lon, "motion_status": "stop"}, count)
            for count, (lat, lon) in enumerate(places, 1)
        )
    )
    assert (field.kinds(tracker), field.alerts(tracker)) == (["heartbeat"] * len(places), 0)
    field.publish(
        tts(tracker, {"latitude": 32.75, "longitude": 128.8, "motion_status": "stop"}, 20)
    )
    field.await_rules(tracker, "moved")


def test_a_word_for_no_animal_is_no_sighting(field: Field) -> None:
    for seq, word in enumerate(("empty", "blank", "no animal", "no_boar", "空", "なし")):
        field.publish(native("camera", "detection", seq, species=word))
    field.publish(native("camera", "detection", 10, species="boar", count=0))
    field.publish(native("camera", "detection", 11, count=0))
    assert set(field.kinds("camera")) == {"heartbeat"}
    field.publish(native("camera", "detection", 20, species="unknown"))
    assert field.kinds("camera")[-1] == "detection"


def test_what_was_held_of_each_make_alerts_and_is_read_at_its_approval(field: Field) -> None:
    field.publish(zigbee("new-z", contact=True), zigbee("new-z", contact=False), retain=True)
    for device in ("new-a", "new-b"):  # the same id
        field.publish(
            native(device, "trap.sprung", 1, id="1"), native(device, "trap.sprung", 1, id="1")
        )
    assert field.rules("new-z") == field.rules("new-b") == ["unregistered_spring"]
    field.restart()
    for device in ("new-z", "new-a", "new-b"):
        field.approve(device)
        field.await_rules(device, "trap_sprung")
        assert field.kinds(device).count("trap.sprung") == 1
        assert field.alerts(device) == 2, "the unregistered one's, and the trap's"

"""Which mark a device gets, and in what order people should look."""

from datetime import timedelta

import msgspec
import pytest

from dashboard.live.device_view import Condition, device_views, view_of
from gateway.domain.epoch import ms
from gateway.domain.model import (
    ActionKind,
    Device,
    DeviceState,
    Known,
    Role,
    Standing,
    TrapAction,
    TrapState,
)
from tests.dashboard.place import NOW, ago

TRAP = Device(id="t", role=Role.TRAP, heartbeat_s=3600)
CAMERA = Device(id="c", role=Role.DETECTOR, heartbeat_s=3600)


def state(
    device: Device,
    *,
    heard_min: float = 5,
    trap: TrapState | None = None,
    battery: float = 80.0,
    seen_min: float | None = None,
) -> DeviceState:
    """A state heard so many minutes before NOW."""
    at = ms(ago(minutes=heard_min))
    return DeviceState(
        device=device.id,
        last_seen=ago(minutes=heard_min),
        trap=trap,
        trap_head=(at, 0, 0),
        facts={"battery_pct": Known(at, battery)},
        detected={} if seen_min is None else {"boar": ms(ago(minutes=seen_min))},
    )


@pytest.mark.parametrize(
    ("device", "given", "condition"),
    [
        (TRAP, state(TRAP, trap=TrapState.ARMED), Condition.ARMED),
        (TRAP, state(TRAP, trap=TrapState.SPRUNG), Condition.SPRUNG),
        (TRAP, state(TRAP, trap=TrapState.SPRUNG, heard_min=9_999), Condition.SPRUNG),
        (TRAP, state(TRAP, trap=TrapState.ARMED, heard_min=149), Condition.ARMED),
        (TRAP, state(TRAP, trap=TrapState.ARMED, heard_min=151), Condition.UNKNOWN),
        (TRAP, state(TRAP), Condition.UNKNOWN),
        (TRAP, None, Condition.UNKNOWN),
        (TRAP, state(TRAP, trap=TrapState.ARMED, battery=20.0), Condition.LOW),
        (TRAP, state(TRAP, trap=TrapState.ARMED, battery=20.1), Condition.ARMED),
        (CAMERA, state(CAMERA), Condition.WATCHING),
        (CAMERA, state(CAMERA, seen_min=59), Condition.SEEN),
        (CAMERA, state(CAMERA, seen_min=61), Condition.WATCHING),
        (CAMERA, state(CAMERA, battery=5.0), Condition.LOW),
        (CAMERA, None, Condition.UNKNOWN),
    ],
)
def test_the_mark_of_a_device_shows_its_known_state(
    device: Device, given: DeviceState | None, condition: Condition
) -> None:
    assert view_of(device, given, NOW).condition is condition


def test_a_sprung_trap_that_falls_silent_stays_sprung_and_says_that_it_is_silent() -> None:
    seen = view_of(TRAP, state(TRAP, trap=TrapState.SPRUNG, heard_min=9_999), NOW)
    assert (seen.condition, seen.silent) == (Condition.SPRUNG, True)


def test_the_most_urgent_come_first_and_of_these_the_longest_waiting() -> None:
    named = {
        name: Device(id=name, role=Role.TRAP, heartbeat_s=3600)
        for name in ("armed", "low", "silent", "late", "early")
    }
    states = {
        "armed": state(named["armed"], trap=TrapState.ARMED),
        "low": state(named["low"], trap=TrapState.ARMED, battery=3.0),
        "silent": state(named["silent"], trap=TrapState.ARMED, heard_min=600),
        "late": state(named["late"], trap=TrapState.SPRUNG, heard_min=1),
        "early": state(named["early"], trap=TrapState.SPRUNG, heard_min=90),
    }
    order = [one.id for one in device_views(named.values(), states, NOW)]
    assert order == ["early", "late", "silent", "low", "armed"]


def test_a_device_that_waits_for_approval_is_not_on_the_map() -> None:
    stranger = Device(id="x", role=Role.TRAP, standing=Standing.PENDING)
    assert device_views([stranger], {}, NOW) == []


def test_the_registered_position_wins_over_the_sensors_own() -> None:
    at = ms(NOW)
    found = DeviceState(
        device="c", last_seen=NOW - timedelta(minutes=1), facts={"lat": Known(at, 1.0)}
    )
    placed = Device(id="c", role=Role.DETECTOR, lat=32.7, lon=128.8)
    assert view_of(placed, found, NOW).lat == 32.7
    assert view_of(CAMERA, found, NOW).lat == 1.0


@pytest.mark.parametrize(
    ("deed", "condition"),
    [
        (ActionKind.CAPTURED, Condition.CAPTURED),
        (ActionKind.FALSE_SPRING, Condition.FALSE_SPRING),
        (ActionKind.PAUSED, Condition.PAUSED),
    ],
)
def test_what_a_person_recorded_is_shown_with_their_name_also_when_the_sensor_is_silent(
    deed: ActionKind, condition: Condition
) -> None:
    act = TrapAction(id="1", device="t", deed=deed, by="佐藤", at=ago(minutes=1), recorded_at=NOW)
    found = msgspec.structs.replace(state(TRAP, trap=TrapState.SPRUNG, heard_min=9_999), act=act)
    seen = view_of(TRAP, found, NOW)
    assert (seen.condition, seen.by, seen.since) == (condition, "佐藤", ago(minutes=1))


def test_every_state_of_a_trap_has_a_mark_of_its_own_name() -> None:
    assert {one.value for one in TrapState} <= {one.value for one in Condition}

"""When a visit is due: by what people record, in the site's days."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.device_state import with_action
from gateway.domain.epoch import ms
from gateway.domain.model import ActionKind, Device, DeviceState, Role, TrapAction, TrapState
from gateway.domain.traps.visits import VisitPlan, is_due, is_visited_today, last_visit

TOKYO = ZoneInfo("Asia/Tokyo")
NOW = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)  # 09:00 in Tokyo
TRAP = Device(id="t", role=Role.TRAP)


def plan(days: int = 1) -> VisitPlan:
    return VisitPlan(TOKYO, lambda _: days)


def armed(at: datetime) -> DeviceState:
    head = (ms(at), 0, 0)
    return DeviceState(
        device="t", last_seen=NOW, trap=TrapState.ARMED, trap_head=head, set_head=head
    )


def visited(state: DeviceState, at: datetime, deed: ActionKind = ActionKind.VISITED) -> DeviceState:
    act = TrapAction(id=f"{at}", device="t", deed=deed, at=at, by="x", recorded_at=at)
    return with_action(state, act)


def test_the_day_is_the_sites_not_that_of_utc() -> None:
    old = armed(NOW - timedelta(days=9))
    midnight = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)  # in Tokyo
    assert is_due(TRAP, visited(old, midnight - timedelta(seconds=1)), plan(), NOW)
    assert not is_due(TRAP, visited(old, midnight), plan(), NOW)
    assert is_visited_today(visited(old, midnight), plan(), NOW)


@given(st.integers(1, 31), st.integers(0, 40))
def test_a_trap_is_due_when_so_many_days_went_by(every: int, ago: int) -> None:
    state = visited(armed(NOW - timedelta(days=99)), NOW - timedelta(days=ago))
    assert is_due(TRAP, state, plan(every), NOW) == (ago >= every)


def test_a_new_trap_that_springs_on_its_first_day_is_due_from_the_next_day_on() -> None:
    head = (ms(NOW - timedelta(hours=1)), 1, 0)
    sprung = msgspec.structs.replace(armed(NOW), trap=TrapState.SPRUNG, trap_head=head)
    assert not is_due(TRAP, sprung, plan(), NOW)
    assert is_due(TRAP, sprung, plan(), NOW + timedelta(days=1))


def test_arming_by_its_sensor_is_no_visit_but_the_first_day_is_quiet() -> None:
    assert not is_due(TRAP, armed(NOW - timedelta(hours=1)), plan(), NOW)
    assert is_due(TRAP, armed(NOW - timedelta(days=1)), plan(), NOW)
    again = visited(armed(NOW - timedelta(hours=1)), NOW - timedelta(days=2))
    assert is_due(TRAP, again, plan(), NOW), "its sensor says that it was set today; nobody does"


@pytest.mark.parametrize("deed", [ActionKind.PAUSED, ActionKind.REMOVED])
def test_nothing_is_due_at_a_trap_at_rest(deed: ActionKind) -> None:
    state = visited(armed(NOW - timedelta(days=9)), NOW - timedelta(days=5), deed)
    assert not is_due(TRAP, state, plan(), NOW)


def test_nothing_is_due_where_nobody_watches_or_nothing_is_known() -> None:
    assert not is_due(TRAP, armed(NOW - timedelta(days=9)), plan(0), NOW)
    assert not is_due(TRAP, None, plan(), NOW)
    assert last_visit(None) is None
    detector = Device(id="d", role=Role.DETECTOR)
    assert not is_due(detector, armed(NOW - timedelta(days=9)), plan(), NOW)

"""What a day was in the visit book: walked only by what a person recorded and what still counts."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gateway.domain.model import ActionKind, Device, Role, TrapAction
from gateway.domain.traps.visit_days import (
    DayKind,
    TrapRecord,
    VisitDay,
    successor,
    visit_days,
)

TOKYO = ZoneInfo("Asia/Tokyo")
TRAP = Device(id="t", role=Role.TRAP)
DAYS = [date(2026, 11, 1) + timedelta(days=n) for n in range(30)]
TODAY = date(2026, 11, 23)
OLD = TrapRecord(device=TRAP, first=date(2026, 1, 1))


def act(
    day: int, hour: int = 7, deed: ActionKind = ActionKind.VISITED, **more: object
) -> TrapAction:
    at = datetime(2026, 11, day, hour, tzinfo=TOKYO).astimezone(UTC)
    made = TrapAction(
        id=f"{day}-{hour}-{deed}", device="t", deed=deed, at=at, by="tanaka", recorded_at=at
    )
    return replace(made, **more)


def rows(record: TrapRecord, every_days: int = 1) -> dict[int, VisitDay]:
    return {one.day.day: one for one in visit_days(record, DAYS, TODAY, TOKYO, every_days)}


def test_a_report_of_the_sensor_is_a_remote_check_and_no_visit() -> None:
    record = replace(OLD, reported=frozenset(DAYS[:10]), acts=(act(3), act(12)))
    found = rows(record)
    assert found[3].kind is DayKind.WALKED
    assert [found[n].kind for n in (2, 4, 10)] == [DayKind.REMOTE] * 3
    assert [found[n].kind for n in (11, 13)] == [DayKind.MISSED] * 2
    assert found[12].kind is DayKind.WALKED
    assert found[23].kind is DayKind.OPEN
    assert max(found) == 23, "the book tells nothing of days to come"


def test_a_day_is_that_of_the_site() -> None:
    late, early = act(5, 23), act(6, 0)
    found = rows(replace(OLD, acts=(late, early)))
    assert (found[5].visits, found[6].visits) == ((late,), (early,))


@pytest.mark.parametrize("deed", [ActionKind.PAUSED, ActionKind.REMOVED])
def test_a_trap_at_rest_is_an_exception_until_it_is_armed_again(deed: ActionKind) -> None:
    found = rows(replace(OLD, acts=(act(5, deed=deed), act(9, deed=ActionKind.ARMED))))
    assert [found[n].kind for n in range(4, 12)] == [
        DayKind.MISSED,
        DayKind.WALKED,
        *[DayKind.REST] * 3,
        DayKind.WALKED,
        *[DayKind.MISSED] * 2,
    ]
    assert rows(replace(OLD, resting=True))[1].kind is DayKind.REST


def test_a_visit_at_a_trap_at_rest_leaves_it_at_rest() -> None:
    found = rows(replace(OLD, resting=True, acts=(act(5),)))
    assert [found[n].kind for n in (4, 5, 6)] == [DayKind.REST, DayKind.WALKED, DayKind.REST]


def test_an_interval_of_the_site_is_an_exception_and_not_a_visit() -> None:
    record = replace(OLD, last_walk=date(2026, 10, 31), acts=(act(5),))
    found = rows(record, every_days=3)
    kinds = [found[n].kind for n in range(1, 10)]
    due, free = DayKind.MISSED, DayKind.NOT_DUE
    assert kinds == [free, free, due, due, DayKind.WALKED, free, free, due, due]
    assert rows(OLD, every_days=0)[2].kind is DayKind.UNWATCHED


def test_until_its_first_day_nobody_had_to_go() -> None:
    found = rows(replace(OLD, first=date(2026, 11, 5)))
    assert [found[n].kind for n in (4, 5, 6)] == [DayKind.NOT_YET] * 2 + [DayKind.MISSED]
    assert rows(TrapRecord(device=TRAP))[20].kind is DayKind.NOT_YET


def test_a_correction_moves_the_visit_and_stays_visible() -> None:
    wrong = act(5)
    right = act(4, 18, id="right", replaces=wrong.id, by="sato")
    found = rows(replace(OLD, acts=(wrong, right)))
    assert (found[4].kind, found[4].visits) == (DayKind.WALKED, (right,))
    assert (found[5].kind, found[5].former) == (DayKind.MISSED, (wrong,))
    assert successor((wrong, right), wrong) == right


def test_what_was_taken_back_is_no_visit_and_stays_visible() -> None:
    wrong = act(5)
    undo = act(5, id="undo", replaces=wrong.id, is_undo=True)
    found = rows(replace(OLD, acts=(wrong, undo)))
    assert (found[5].kind, found[5].visits, found[5].former) == (DayKind.MISSED, (), (wrong,))


def test_a_correction_that_was_taken_back_lets_the_first_count_again() -> None:
    first = act(5)
    second = act(6, id="b", replaces=first.id)
    undo = act(6, 9, id="u", replaces="b", is_undo=True)
    found = rows(replace(OLD, acts=(first, second, undo)))
    assert (found[5].visits, found[6].visits, found[6].former) == ((first,), (), (second,))


@given(
    st.lists(st.tuples(st.integers(1, 30), st.integers(0, 23)), unique=True, max_size=20),
    st.sets(st.integers(0, 29)),
    st.integers(0, 4),
)
def test_every_day_has_one_row_and_every_visit_stands_in_one(
    times: list[tuple[int, int]], heard: set[int], every_days: int
) -> None:
    acts = tuple(act(day, hour) for day, hour in times)
    record = replace(OLD, acts=acts, reported=frozenset(DAYS[n] for n in heard))
    found = visit_days(record, DAYS, TODAY, TOKYO, every_days)
    assert [one.day for one in found] == [day for day in DAYS if day <= TODAY]
    shown = [visit.id for one in found for visit in one.visits]
    assert sorted(shown) == sorted(one.id for one in acts if one.at.astimezone(TOKYO).day <= 23)
    assert all((one.kind is DayKind.WALKED) == bool(one.visits) for one in found)
    assert not [
        one for one in found if one.kind is DayKind.REMOTE and one.day not in record.reported
    ]

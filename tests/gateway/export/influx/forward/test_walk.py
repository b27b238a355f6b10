"""Old roll-ups are sent once each, in steps of any size; open hours are marked as due instead."""

from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest

from gateway.domain.effort import HourlyTally
from gateway.export.influx.schema import LAYOUT
from gateway.store import Reader, Store
from gateway.store.rollups.hours import Rollup
from gateway.store.rollups.sums import SumUnit
from gateway.store.rollups.walk import WalkCursor
from gateway.store.setting_keys import SettingKey
from tests.gateway.export.influx.kit import filled
from tests.support.samples import at
from tests.support.tables import stored_rows

Seen = tuple[SumUnit, Rollup]
ALL = WalkCursor(1 << 30, 1 << 30)


def keep(unit: SumUnit, one: Rollup) -> list[Seen]:
    return [(unit, one)] * (1 + len(one.sightings))  # as many as it has lines


def walk(store: Store, begin: WalkCursor, limit: int) -> list[Seen]:
    """Everything once; no step gives more than `limit` things, unless one roll-up does."""
    seen: list[Seen] = []
    place = begin
    while step := store.read_now(partial(step_of, place=place, limit=limit)):
        made, place = step
        assert len(made) <= limit or len({repr(one) for one in made}) == 1
        seen += dict.fromkeys(made)
    return seen


def step_of(reader: Reader, place: WalkCursor, limit: int) -> tuple[list[Seen], WalkCursor] | None:
    return reader.walk.step(place, limit, keep)


def cells(seen: list[Seen]) -> set[tuple[object, ...]]:
    """What was walked, as the rows it came from."""
    effort = {
        (unit, one.device_no, one.at, "", one.alive_ms, one.armed_ms)
        for unit, one in seen
        if one.alive_ms is not None
    }
    return effort | {
        (unit, one.device_no, one.at, *cell) for unit, one in seen for cell in one.sightings
    }


def rows(store: Store) -> set[tuple[object, ...]]:
    """The rows of all tables."""
    found: set[tuple[object, ...]] = set()
    for unit in ("hour", "day"):
        for sql in (
            f"SELECT device, {unit}, '', alive_ms, armed_ms FROM effort_{unit}",
            f"SELECT * FROM sighting_{unit}",
        ):
            found |= {(unit, *row) for row in store.read_now(lambda r, q=sql: stored_rows(r, q))}  # type: ignore[misc]
    return found


@pytest.mark.parametrize("limit", [1, 7, 10_000])
def test_every_old_roll_up_comes_once_whatever_the_step(limit: int, tmp_path: Path) -> None:
    store = filled(tmp_path)
    lone = HourlyTally({}, {(490_000, "boar"): [1, 1, 1]})  # seen without effort
    store.write_now(lambda tx: tx.add_tally("dev-003", lone))
    seen = walk(store, ALL, limit)
    keys = [(unit, one.device_no, one.at) for unit, one in seen]
    assert len(keys) == len(set(keys))
    assert cells(seen) == rows(store)
    assert seen == walk(store, ALL, 100)
    store.close()


def test_hours_that_are_open_at_the_first_start_are_marked_as_due(tmp_path: Path) -> None:
    store = filled(tmp_path)
    closed = round(at(240).timestamp()) // 3600
    store.write_now(lambda tx: tx.influx.follow(WalkCursor(closed, 0), LAYOUT))
    mark(store, 1_000)
    due = store.read_now(lambda r: r.influx.due_hours(1 << 40, 1_000))
    walked = walk(store, WalkCursor(closed, 0), 50)
    assert min(one.rollup.at for one in due) == closed
    assert max(one.at for _, one in walked) == closed - 1
    hours = [one for unit, one in walk(store, ALL, 50) if unit == "hour"]
    assert len(due) + len(walked) == len(hours)
    assert sorted(one.rollup.at for one in due) == sorted(h.at for h in hours if h.at >= closed)
    store.close()


def mark(store: Store, limit: int) -> int:
    """Note the open hours; gives in how many transactions."""
    steps = 1
    while store.write_now(lambda tx: tx.influx.mark_open(limit)):
        steps += 1
    return steps


def test_with_a_clock_far_in_the_past_open_hours_are_marked_in_many_transactions(
    tmp_path: Path,
) -> None:
    """To a clock in 1970 every hour is open; killed amid, it goes on."""
    store = filled(tmp_path)
    store.write_now(lambda tx: tx.influx.follow(WalkCursor(0, 0), LAYOUT))
    sizes = [0]
    while store.write_now(lambda tx: tx.influx.mark_open(10)):
        store.write_now(
            lambda tx: tx.influx.follow(WalkCursor(0, 0), LAYOUT)
        )  # a restart begins nothing anew
        sizes.append(store.read_now(lambda r: r.influx.waiting()))
    hours = [one for unit, one in walk(store, ALL, 50) if unit == "hour"]
    assert store.read_now(lambda r: r.influx.waiting()) == len(hours)
    assert len(sizes) == 1 + 6  # a transaction a device
    assert max(b - a for a, b in pairwise(sizes)) <= 31  # no more than the hours of one
    assert mark(store, 10) == 1
    due = store.read_now(lambda r: r.influx.due_hours(1 << 40, 1_000))
    assert {one.change for one in due} == {1}
    store.close()


def test_a_walk_resumes_and_starts_again_after_forwarding_was_off(tmp_path: Path) -> None:
    store = filled(tmp_path)
    store.write_now(lambda tx: tx.influx.follow(ALL, LAYOUT))
    further = WalkCursor(ALL.hours, ALL.days, 1, 2, 3)
    store.write_now(lambda tx: tx.influx.walked(further))
    store.write_now(lambda tx: tx.influx.follow(ALL, LAYOUT))  # a restart
    assert store.read_now(lambda r: r.influx.walk()) == further
    store.write_now(lambda tx: tx.influx.unfollow())
    assert store.read_now(lambda r: r.influx.walk()) is None
    store.close()


def test_a_new_layout_sends_all_roll_ups_again_once(tmp_path: Path) -> None:
    """A gateway of before kept no layout, and its place was written otherwise."""
    store = filled(tmp_path)
    before = '[1073741824,1073741824,4,2,3,"boar"]'
    store.write_now(lambda tx: tx.influx.put(SettingKey.INFLUX_WALK, before))
    store.write_now(lambda tx: tx.influx.follow(ALL, LAYOUT))
    assert store.read_now(lambda r: r.influx.walk()) == ALL
    over = WalkCursor(ALL.hours, ALL.days, 2)
    store.write_now(lambda tx: tx.influx.walked(over))
    store.write_now(lambda tx: tx.influx.follow(ALL, LAYOUT))
    assert store.read_now(lambda r: r.influx.walk()) == over
    store.close()

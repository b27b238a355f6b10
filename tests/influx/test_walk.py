"""Old roll-ups: walked where they lie, each once, in steps of any size; open hours wait."""

from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest

from gateway.store import Reader, Store
from gateway.store.rollupwalk import Place, Row
from gateway.store.sums import Unit, What
from tests.gateway.samples import at
from tests.influx.kit import filled

Seen = tuple[What, Unit, Row]
ALL = Place(1 << 30, 1 << 30)


def keep(what: What, unit: Unit, row: Row) -> Seen:
    return what, unit, row


def walk(store: Store, begin: Place, limit: int) -> list[Seen]:
    seen: list[Seen] = []
    place = begin
    while step := store.read_now(partial(step_of, place=place, limit=limit)):
        made, place = step
        assert len(made) <= limit
        seen += made
    return seen


def step_of(reader: Reader, place: Place, limit: int) -> tuple[list[Seen], Place] | None:
    return reader.walk.step(place, limit, keep)


def count(store: Store) -> int:
    tables = [f"{what}_{unit}" for what in ("effort", "sighting") for unit in ("hour", "day")]
    sql = " UNION ALL ".join(f"SELECT 1 FROM {table}" for table in tables)
    return len(store.read_now(lambda r: r._execute(sql).fetchall()))


@pytest.mark.parametrize("limit", [1, 7, 10_000])
def test_every_old_roll_up_comes_once_whatever_the_step(limit: int, tmp_path: Path) -> None:
    store = filled(tmp_path)
    seen = walk(store, ALL, limit)
    assert len(seen) == len({repr(one) for one in seen}) == count(store)
    assert seen == walk(store, ALL, 100)
    store.close()


def test_hours_still_open_when_following_begins_are_noted_instead_of_walked(tmp_path: Path) -> None:
    store = filled(tmp_path)
    closed = round(at(240).timestamp()) // 3600
    store.write_now(lambda tx: tx.follower.follow(Place(closed, 0)))
    mark(store, 1_000)
    due = store.read_now(lambda r: r.follower.due_hours((1 << 40, 0), 1_000))
    walked = walk(store, Place(closed, 0), 50)
    assert min(one.hour for one in due) == closed
    assert max(row[1] for _, _, row in walked) == closed - 1
    assert len(due) + len({row[:2] for _, _, row in walked}) == len(
        {row[:2] for _, unit, row in walk(store, ALL, 50) if unit == "hour"}
    )
    store.close()


def mark(store: Store, limit: int) -> int:
    """Note the open hours; gives in how many transactions."""
    steps = 1
    while store.write_now(lambda tx: tx.follower.mark_open(limit)):
        steps += 1
    return steps


def test_a_clock_far_in_the_past_notes_a_long_history_in_many_transactions(tmp_path: Path) -> None:
    """To a clock in 1970 every hour is open; killed amid, it goes on."""
    store = filled(tmp_path)
    store.write_now(lambda tx: tx.follower.follow(Place(0, 0)))
    sizes = [0]
    while store.write_now(lambda tx: tx.follower.mark_open(10)):
        store.write_now(lambda tx: tx.follower.follow(Place(0, 0)))  # a restart begins nothing anew
        sizes.append(store.read_now(lambda r: r.follower.waiting()))
    hours = {row[:2] for _, unit, row in walk(store, ALL, 50) if unit == "hour"}
    assert store.read_now(lambda r: r.follower.waiting()) == len(hours)
    assert len(sizes) == 1 + 6  # a transaction a device
    assert max(b - a for a, b in pairwise(sizes)) <= 31  # no more than the hours of one
    assert mark(store, 10) == 1
    due = store.read_now(lambda r: r.follower.due_hours((1 << 40, 0), 1_000))
    assert {one.change for one in due} == {1}
    store.close()


def test_a_walk_goes_on_where_it_was_and_begins_anew_when_nobody_followed(tmp_path: Path) -> None:
    store = filled(tmp_path)
    store.write_now(lambda tx: tx.follower.follow(ALL))
    further = Place(ALL.hours, ALL.days, 1, 2, 3, "boar")
    store.write_now(lambda tx: tx.follower.walked(further))
    store.write_now(lambda tx: tx.follower.follow(ALL))  # a restart
    assert store.read_now(lambda r: r.walk.place()) == further
    store.write_now(lambda tx: tx.follower.unfollow())
    assert store.read_now(lambda r: r.walk.place()) is None
    store.close()

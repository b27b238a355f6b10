"""Months that are added up are the sums of their days, after any history; days are those of their hours."""

import asyncio
import contextlib
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import apsw
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.clock import UntrustedPeriod
from gateway.domain.effort import HourlyTally
from gateway.domain.epoch import first_day, local_day, month_number
from gateway.domain.model import Device, Kind, Reading, Role
from gateway.ingest.messages.batch import absorb
from gateway.store import Reader, Store
from gateway.store.clocks.redate import redate, remember
from gateway.store.housekeeping import Housekeeping
from gateway.store.recovery.salvage import salvage
from gateway.store.rollups.months import parts
from gateway.store.schema import MIGRATIONS
from gateway.store.setting_keys import SettingKey
from tests.gateway.export.influx.kit import absorb_all, devices, story
from tests.support.samples import T0, TOKYO, at, decode, message, open_store
from tests.support.tables import stored_rows

BEFORE = next(n for n, script in enumerate(MIGRATIONS) if "TABLE effort_month" in script)
FLEET = [Device(id=f"dev-{n}", role=Role.DETECTOR) for n in range(3)]
HOURS = st.integers(480_000, 480_000 + 24 * 100)  # a hundred days
CELL = st.integers(-3, 9)  # a correction may take away
TALLIES = st.builds(
    HourlyTally,
    effort=st.dictionaries(HOURS, st.tuples(CELL, CELL), max_size=4),
    sightings=st.dictionaries(
        st.tuples(HOURS, st.sampled_from(("boar", "deer", ""))),
        st.tuples(CELL, CELL, CELL),
        max_size=4,
    ),
)
LIVES = st.lists(
    st.tuples(st.sampled_from([d.id for d in FLEET]), TALLIES) | st.integers(19_990, 20_110),
    max_size=25,
)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("months")


def table(reader: Reader, name: str) -> dict[tuple[object, ...], tuple[int, ...]]:
    """Key -> sums of one table, without what adds up to nothing."""
    rows = stored_rows(reader, f"SELECT * FROM {name}")
    keys = 3 if name.startswith("sighting") else 2
    return {row[:keys]: row[keys:] for row in rows if any(row[keys:])}


def added(rows: dict[tuple[object, ...], tuple[int, ...]], unit: object) -> object:
    """The same by a longer unit; `unit` gives the longer one's number."""
    sums: dict[tuple[object, ...], list[int]] = {}
    for (device, at_, *species), cell in rows.items():
        known = sums.setdefault((device, unit(at_), *species), [0] * len(cell))  # type: ignore[operator]
        for place, value in enumerate(cell):
            known[place] += value
    return {key: tuple(cell) for key, cell in sums.items() if any(cell)}


def check(store: Store) -> int:
    """Days are the sums of hours, months those of the days before the first open one; gives its number."""

    def ask(reader: Reader) -> int:
        end = int(reader.setting(SettingKey.MONTHS_UNTIL) or 0)
        for what in ("effort", "sighting"):
            days = table(reader, f"{what}_day")
            assert days == added(table(reader, f"{what}_hour"), lambda hour: local_day(hour, TOKYO))
            over = {key: cell for key, cell in days.items() if key[1] < first_day(end)}  # type: ignore[operator]
            assert table(reader, f"{what}_month") == added(over, month_number)
        return end

    return store.read_now(ask)


def fold(store: Store, before_day: int) -> None:
    while store.write_now(lambda tx: tx.months.fold(before_day)):
        pass


@given(LIVES, st.integers(19_990, 20_110), st.integers(0, 100), st.sampled_from(("boar", None)))
def test_whatever_happens_sums_over_months_are_those_of_their_days(
    path: Path, life: list[object], start: int, length: int, species: str | None
) -> None:
    """A life: tallies that come in, in any order of time, and months that are added up between."""
    store = Store(path / "life.db", TOKYO)
    store.write_now(lambda tx: tx.put_devices(FLEET))
    for step in life:
        if isinstance(step, int):
            fold(store, step)
        else:
            store.write_now(lambda tx, step=step: tx.add_tally(*step))  # type: ignore[misc]
    check(store)
    asked = (start, start + length, species)
    by_month = store.read_now(
        lambda r: (r.period_reads.sums(*asked), r.period_reads.species(*asked[:2]))
    )
    efforts = store.read_now(lambda r: r.period_reads.effort(*asked[:2]))
    assert [(one.device, one.alive_ms, one.armed_ms) for one in efforts] == [
        (one.device, one.alive_ms, one.armed_ms) for one in by_month[0]
    ]
    store.write_now(lambda tx: tx.months.forget())
    assert (
        store.read_now(lambda r: (r.period_reads.sums(*asked), r.period_reads.species(*asked[:2])))
        == by_month
    )
    store.close()
    (path / "life.db").unlink()


@given(st.integers(-400, 40_000), st.integers(0, 900), st.integers(0, 1_400))
def test_the_parts_of_a_period_cover_each_day_once(start: int, length: int, until: int) -> None:
    found = parts(start, start + length, until)
    ends = [
        (low, high) if unit == "day" else (first_day(low), first_day(high))
        for unit, low, high in found
    ]
    assert [start, *(end for _, end in ends)] == [*(begin for begin, _ in ends), start + length]
    assert all(high <= until for unit, _, high in found if unit == "month")


def november(folder: Path) -> Store:
    """A small fleet in November, which is over and added up."""
    folder.mkdir(exist_ok=True)
    fleet = devices(4)
    store = open_store(folder, *fleet)
    absorb_all(store, story(fleet, 60))
    fold(store, month_day(T0 + timedelta(days=35)))
    assert check(store) > 0
    return store


def month_day(time: datetime) -> int:
    return (time - datetime(1970, 1, 1, tzinfo=time.tzinfo)).days


def test_a_late_event_is_added_to_a_month_that_was_over(tmp_path: Path) -> None:
    store = november(tmp_path)
    before = store.read_now(lambda r: table(r, "sighting_month"))
    absorb_all(store, story(devices(4), 72)[-40:])
    check(store)
    assert store.read_now(lambda r: table(r, "sighting_month")) != before
    store.close()


def test_corrected_times_move_sums_to_another_month(tmp_path: Path) -> None:
    """The clock stood in a month that is over and added up."""
    store = november(tmp_path)
    wrong = T0 - timedelta(days=20)
    era = store.write_now(lambda tx: remember(tx, UntrustedPeriod(wrong, 0.0)))
    seen = [
        Reading(id=f"era-{n}", device="dev-001", kind=Kind.DETECTION, species="boar")
        for n in range(3)
    ]
    found = [
        msgspec.structs.replace(message(one), received_at=wrong + timedelta(hours=n))
        for n, one in enumerate(seen)
    ]
    judged = partial(absorb, messages=found, decode=decode, now=wrong, clock_trusted=False)
    store.write_now(judged)
    check(store)
    october = store.read_now(lambda r: table(r, "sighting_month"))
    store.write_now(lambda tx: redate(tx, era, timedelta(days=40)))
    check(store)
    assert store.read_now(lambda r: table(r, "sighting_month")) != october
    store.close()


def test_months_are_made_again_after_a_salvage(tmp_path: Path) -> None:
    store = november(tmp_path)
    store.close()
    salvage(store.path, "a test", T0, lambda: None)
    store = Store(store.path, TOKYO)
    assert check(store) == 0
    fold(store, month_day(at(60 * 24 * 35)))
    assert check(store) > 0
    store.close()


def test_a_month_is_added_up_some_days_after_its_end_and_only_by_a_clock_that_is_right(
    tmp_path: Path,
) -> None:
    fleet = devices(4)
    store = open_store(tmp_path, *fleet)
    absorb_all(store, story(fleet, 60))
    now, trusted = [at(60 * 24 * 31)], [False]
    keeping = Housekeeping(store, 0, lambda: now[0], lambda: trusted[0])

    def added_up() -> bool:
        return asyncio.run(keeping.add_up())

    assert not added_up()
    trusted[0] = True
    assert not added_up()
    now[0] += timedelta(days=4)
    assert (added_up(), added_up()) == (True, False)
    assert check(store) == month_number(month_day(T0)) + 1
    store.close()


def test_a_database_from_before_months_is_read_at_once_and_added_up_later(tmp_path: Path) -> None:
    store = november(tmp_path)
    sums = store.read_now(lambda r: r.period_reads.sums(0, 30_000))
    store.close()
    with contextlib.closing(apsw.Connection(str(store.path))) as connection:
        connection.execute("DROP TABLE effort_month; DROP TABLE sighting_month")
        connection.execute("DELETE FROM setting WHERE key = ?", (SettingKey.MONTHS_UNTIL,))
        connection.pragma("user_version", BEFORE)
    store = Store(store.path, TOKYO)
    assert store.read_now(lambda r: r.period_reads.sums(0, 30_000)) == sums
    assert check(store) == 0
    fold(store, month_day(at(60 * 24 * 35)))
    assert check(store) > 0
    assert store.read_now(lambda r: r.period_reads.sums(0, 30_000)) == sums
    store.close()

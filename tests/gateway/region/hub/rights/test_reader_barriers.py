"""A reader of SQL learns nothing by the errors and notices of conditions of his own, and no small count."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import asyncpg
import pytest

from gateway.domain.epoch import first_day, month_number
from gateway.region.hub.squares import make_due
from gateway.region.records import PeriodRecord
from tests.support.region.hub import RunningHub, running_hub
from tests.support.region.rights import DAY, TOWNS, build, device

pytestmark = pytest.mark.real
Reader: TypeAlias = "asyncpg.Connection[Any]"
VIEWS = [f"shown_{unit}{more}" for unit in ("day", "month") for more in ("", "_seen", "_caught")]
LEAK = """
CREATE FUNCTION pg_temp.leak(code text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001
AS $$ BEGIN RAISE NOTICE 'read %', code; RETURN true; END $$
"""
SCANS = (
    "SET enable_indexscan = off; SET enable_bitmapscan = off"  # a reader may choose how it is read
)
FIRST = first_day(month_number(DAY))
PAST = first_day(month_number(DAY) + 1)


def as_reader(
    database: str, name: str, ask: Callable[[RunningHub, Reader], Awaitable[Any]], *before: str
) -> Any:
    """What `ask` finds with the SQL log-in of an organisation; `before`: statements of the superuser."""

    async def run() -> Any:
        async with running_hub(database) as hub:
            if not await hub.owner.fetchval("SELECT count(*) FROM region.town"):
                await build(hub)  # on an empty database
            for statement in before:
                await hub.owner.execute(statement)
            reader = await asyncpg.connect(database.replace("postgres@", f"sql_{name}@"))
            await reader.execute(SCANS)
            try:
                return await ask(hub, reader)
            finally:
                await reader.close()

    return asyncio.run(run())


async def _told_by_errors(_: RunningHub, reader: Reader) -> list[str]:
    """Views whose rows are told by the error of a condition."""
    found = []
    for view in VIEWS:
        try:
            await reader.fetch(f"SELECT 1 FROM region.{view} WHERE (code || '-')::int > 0")
        except asyncpg.DataError:
            found.append(view)
    return found


async def _told_by_notices(_: RunningHub, reader: Reader) -> list[str]:
    """Codes of squares that a function of the reader's own was given."""
    found: list[str] = []
    reader.add_log_listener(lambda _, message: found.append(message.message))
    await reader.execute(LEAK)
    for view in VIEWS:
        await reader.fetch(f"SELECT 1 FROM region.{view} WHERE pg_temp.leak(code)")
    return found


WITHOUT_BARRIER = tuple(f"ALTER VIEW region.{view} RESET (security_barrier)" for view in VIEWS)
WITH_TEMP = """
DO $$ BEGIN EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO PUBLIC', current_database()); END $$
"""


def test_an_error_tells_a_stranger_no_row_of_a_view(built_region: str) -> None:
    assert as_reader(built_region, "stranger", _told_by_errors) == []


def test_control_without_the_barrier_errors_tell_rows(built_region: str) -> None:
    told = as_reader(built_region, "stranger", _told_by_errors, *WITHOUT_BARRIER)
    assert set(told) == set(VIEWS)


def test_a_reader_makes_no_function_of_his_own(empty_region: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        as_reader(empty_region, "stranger", _told_by_notices)


def test_a_function_of_his_own_would_tell_a_reader_nothing_behind_the_barrier(
    built_region: str,
) -> None:
    assert as_reader(built_region, "stranger", _told_by_notices, WITH_TEMP) == []


def test_control_a_function_of_his_own_tells_rows_without_the_barrier(built_region: str) -> None:
    assert as_reader(built_region, "stranger", _told_by_notices, WITH_TEMP, *WITHOUT_BARRIER)


async def _more_sightings(hub: RunningHub, days: dict[int, int]) -> None:
    """So many boars at the first detector of each town on these days."""
    for index, name in enumerate(TOWNS):
        town = hub.town(name, f"A{index}")
        town.session = 2
        camera = device(name, 1).id
        periods = (PeriodRecord(camera, day, 1, 0, (("boar", n, n, n),)) for day, n in days.items())
        assert (await town.send(town.block(days=tuple(periods)))).status == 200
    while await hub.owner.fetchval("SELECT count(*) FROM region.square_due"):
        await make_due(hub.hub.receivers)


async def _counts(
    hub: RunningHub, reader: Reader, town: str, low: int = FIRST, high: int = PAST
) -> list[tuple[int | None, int | None]]:
    """Counts of boars at the town's first detector."""
    rows = await reader.fetch(
        "SELECT s.independent, s.animals FROM region.squares_1km_seen($1, $2) s "
        "JOIN region.organisation o ON o.no = s.town WHERE o.id = $3 AND s.code = $4",
        low,
        high,
        town,
        device(town, 1).mesh1km,
    )
    return [tuple(row) for row in rows]


@pytest.mark.parametrize(("seen", "shown"), [(3, None), (7, 5), (20, 20)])
def test_counts_of_1_km_squares_are_hidden_when_small_and_told_in_steps(
    built_region: str, seen: int, shown: int | None
) -> None:
    async def ask(hub: RunningHub, reader: Reader) -> tuple[Any, Any, Any]:
        await _more_sightings(hub, {DAY: seen})
        devices = await reader.fetch(
            "SELECT DISTINCT s.devices FROM region.squares_1km($1, $2) s "
            "JOIN region.organisation o ON o.no = s.town WHERE o.id = 'oguni'",
            FIRST,
            PAST,
        )
        coarse, exact = await _counts(hub, reader, "oguni"), await _counts(hub, reader, "aso")
        return coarse, exact, [row[0] for row in devices]

    coarse, exact, devices = as_reader(built_region, "pref", ask)
    assert coarse == [(shown, shown)]
    assert exact == [(seen, seen)], "control: who gives exact places gives its counts"
    assert devices == [None], "one device in each square: too few to tell"


def test_spans_that_differ_by_one_day_do_not_tell_that_days_count(built_region: str) -> None:
    async def ask(hub: RunningHub, reader: Reader) -> list[Any]:
        await _more_sightings(hub, {DAY: 3, DAY + 1: 8, PAST: 6})
        spans = ((DAY, DAY + 2), (DAY + 1, DAY + 2), (FIRST, PAST), (FIRST, PAST + 1))
        return [await _counts(hub, reader, "oguni", *span) for span in spans]

    assert as_reader(built_region, "pref", ask) == [[], [], [(10, 10)], [(10, 10)]]

"""The sums of a nation are equal by four ways: as sent, by device, by square and day, by square and month.

The long form is 1,700 towns x 588 devices = 999,600 devices and a year of days
(`pytest -m long tests/gateway/region/hub/test_nation.py -s`). The first days go the whole way: over HTTP
through a receiver in a process of its own, 5 % of them corrected later, 5 % sent twice. The other days of the
year are written as a receiver writes them, the same rows by COPY, because 365 million records over HTTP take
hours on two cores. All sums are made by the hub. NATION_TOWNS, NATION_DEVICES, NATION_DAYS and
NATION_HTTP_DAYS set other numbers; NATION_STEP=7 writes each seventh day of the year only.
"""

import asyncio
import os
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import numpy as np
import pytest
from msgspec import Struct

from gateway.domain.epoch import month_number
from gateway.region.hub.database import Pool
from gateway.region.hub.squares import make_due
from gateway.region.protocol import MOST_ROWS, SESSION
from gateway.region.records import AgreementRecord
from tests.support.region.hub import RunningHub, Town, running_hub
from tests.support.region.nation import FIRST_DAY, Nation, Sums, TownDay, blocks_of
from tests.support.region.servers.postgres import Postgres

pytestmark = pytest.mark.real
AT_ONCE = 8  # towns that send at the same time
WRITERS = 2
MAP_S, MAPS = 0.3, 5  # seconds of CPU for the map of all months; how many are asked for
TUNED = {"shared_buffers": "1GB", "max_wal_size": "4GB", "checkpoint_timeout": "15min"}
COLUMNS = [
    "town",
    "day",
    "device",
    "version",
    "alive_ms",
    "armed_ms",
    "seen_device",
    "species",
    "records",
    "independent",
    "animals",
]

BY_DEVICE = """
SELECT (SELECT sum(x.alive_ms) FROM region.device_day x JOIN region.device d ON d.no = x.device
        WHERE d.role = 'detector')::bigint,
    (SELECT sum(armed_ms) FROM region.device_day)::bigint,
    (SELECT sum(independent) FROM region.device_day_seen)::bigint,
    (SELECT sum(animals) FROM region.device_day_seen)::bigint
"""
BY_SQUARE = """
SELECT (SELECT sum(alive_ms) FROM region.square_{0})::bigint,
    (SELECT sum(armed_ms) FROM region.square_{0})::bigint,
    (SELECT sum(independent) FROM region.square_{0}_seen)::bigint,
    (SELECT sum(animals) FROM region.square_{0}_seen)::bigint
"""
MAP = "SELECT * FROM region.map_squares($1, $2, 'boar', '')"  # what the page of the map asks


class Measured(Struct):
    """What a run found."""

    sent: Sums
    ways: list[Sums]
    http_rows: int = 0
    http_s: float = 0.0
    memory_mb: float = 0.0  # of the receiver's process, the most
    copied_rows: int = 0
    copied_s: float = 0.0
    summed_days: int = 0
    summed_s: float = 0.0
    roll_bytes: int = 0
    square_bytes: int = 0
    map_s: float = 0.0
    map_squares: int = 0


async def _register(hub: RunningHub, nation: Nation, number: int) -> Town:
    """Send a town's devices and what it gives to the nation."""
    town = Town(hub.http, hub.url, nation.town(number), f"{number + 1:X}")
    given = AgreementRecord("n", "nation", "5km", 0, 4_102_444_800_000, 0, None, 0)
    registry = list(nation.registry(number))
    for start in range(0, len(registry), 400):
        some = tuple(registry[start : start + 400])
        assert (await town.send(town.block(devices=some, agreements=(given,)))).status == 200
    return town


async def _send_day(nation: Nation, town: Town, day: int, figures: TownDay, *, twice: bool) -> int:
    rows = 0
    for records in blocks_of(nation.periods(day, figures), MOST_ROWS):
        block = town.block(days=records)
        for _ in range(1 + twice):
            assert (await town.send(block)).status == 200
            rows += len(records)
    return rows


async def _send_town(nation: Nation, town: Town, number: int, days: int, sent: Sums) -> int:
    """Days over HTTP: some sent twice, some corrected afterwards."""
    dice = np.random.default_rng((number, 99))
    rows, wrong = 0, set(np.flatnonzero(dice.random(days) < 0.05).tolist())
    for day in range(days):
        figures = nation.day(number, FIRST_DAY + day, revision=int(day in wrong))
        twice = bool(dice.random() < 0.05)
        rows += await _send_day(nation, town, FIRST_DAY + day, figures, twice=twice)
    for day in range(days):
        figures = nation.day(number, FIRST_DAY + day)
        if day in wrong:
            rows += await _send_day(nation, town, FIRST_DAY + day, figures, twice=False)
        sent.add(figures.sums)
    return rows


async def _over_http(hub: RunningHub, nation: Nation, days: int, found: Measured) -> None:
    for number in range(nation.towns):
        await hub.enrol(nation.town(number), f"{number + 1:X}")
    waiting = iter(range(nation.towns))

    async def send_some() -> None:
        for number in waiting:
            town = await _register(hub, nation, number)
            started = time.monotonic()
            rows = await _send_town(nation, town, number, days, found.sent)
            found.http_rows += rows
            found.http_s += time.monotonic() - started

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(send_some())
    found.http_s /= AT_ONCE


def _rows(
    nation: Nation, number: int, numbers: list[int], town: int, days: range, sent: Sums
) -> Iterator[tuple[object, ...]]:
    """The rows of `roll_day` as a receiver writes them."""
    for day in days:
        figures = nation.day(number, day)
        sent.add(figures.sums)
        seen = [(numbers[index], *one) for index, some in figures.sightings.items() for one in some]
        columns = zip(*seen, strict=True) if seen else ((),) * 5
        versions = [SESSION + day] * len(numbers)
        yield (town, day, numbers, versions, figures.alive_ms, figures.armed_ms, *columns)


async def _copy(url: str, nation: Nation, days: range, found: Measured) -> None:
    """The rest of the year, town after town."""
    waiting = iter(range(nation.towns))
    started = time.monotonic()

    async def copy_some() -> None:
        connection = await asyncpg.connect(url)
        await connection.execute("SET search_path = region, public; SET synchronous_commit = off")
        for number in waiting:
            devices = await connection.fetch(
                "SELECT d.town, d.no FROM device d JOIN organisation o ON o.no = d.town "
                "WHERE o.id = $1 ORDER BY d.id",
                nation.town(number),
            )
            numbers, town = [row["no"] for row in devices], devices[0]["town"]
            rows = list(_rows(nation, number, numbers, town, days, found.sent))
            await connection.copy_records_to_table("roll_day", records=rows, columns=COLUMNS)
            await connection.execute(
                "INSERT INTO square_due SELECT $1, unnest($2::int[])", town, list(days)
            )
            found.copied_rows += len(rows) * nation.devices
        await connection.close()

    async with asyncio.TaskGroup() as group:
        for _ in range(WRITERS):
            group.create_task(copy_some())
    found.copied_s = time.monotonic() - started


async def _sum_up(pool: Pool, found: Measured) -> None:
    started = time.monotonic()

    async def some() -> None:
        while made := await make_due(pool):
            found.summed_days += made

    await asyncio.gather(*(some() for _ in range(WRITERS)))
    while await pool.fetchval("SELECT count(*) FROM region.square_due"):
        await asyncio.sleep(0.1)  # the receiver's own process makes some of them too
    found.summed_s = time.monotonic() - started


async def _ask(hub: RunningHub, found: Measured, days: int) -> None:
    """The sums by three ways from the database, its sizes, and the nation's map."""
    statements = (BY_DEVICE, BY_SQUARE.format("day"), BY_SQUARE.format("month"))
    for statement in statements:
        found.ways.append(Sums(*await hub.owner.fetchrow(statement)))  # type: ignore[misc]
    size = "SELECT sum(pg_total_relation_size(oid))::bigint FROM pg_class WHERE relkind = 'r' AND relname "
    found.roll_bytes = await hub.owner.fetchval(f"{size} = 'roll_day'")
    found.square_bytes = await hub.owner.fetchval(f"{size} LIKE 'square%'")
    months = (month_number(FIRST_DAY), month_number(FIRST_DAY + days - 1) + 1)
    async with hub.hub.pages.acquire() as connection, connection.transaction():
        await connection.execute("SELECT set_config('shishigaki.organisation', 'nation', true)")
        await connection.fetch(MAP, *months)
        server = await connection.fetchval("SELECT pg_backend_pid()")
        started = _cpu_s(server)
        for _ in range(MAPS):
            found.map_squares = len(await connection.fetch(MAP, *months))
        found.map_s = (_cpu_s(server) - started) / MAPS


def _cpu_s(process: int) -> float:
    """The CPU that a process has spent: a map's time on a machine with nothing else to do."""
    fields = Path(f"/proc/{process}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def run(url: str, nation: Nation, days: int, http_days: int, step: int = 0) -> Measured:
    """Send, write, add up, ask; with a `step` the receiver has a process of its own."""
    found = Measured(Sums(), [])
    async with running_hub(url, alone=bool(step)) as hub:
        await hub.owner.execute("INSERT INTO region.organisation (id) VALUES ('nation')")
        await _over_http(hub, nation, http_days, found)
        found.memory_mb = hub.memory_mb() if step else 0.0
        if days > http_days:
            rest = range(FIRST_DAY + http_days, FIRST_DAY + days, step or 1)
            await _copy(url, nation, rest, found)
        await _sum_up(hub.hub.receivers, found)
        await hub.owner.execute("VACUUM ANALYZE")
        await _ask(hub, found, days)
    return found


def test_the_sums_of_a_small_nation_are_equal_by_four_ways(region: str) -> None:
    found = asyncio.run(run(region, Nation(6, 40), days=6, http_days=4))
    assert found.ways == [found.sent] * 3
    assert found.sent.independent > 0
    assert found.map_squares > 6


async def _spoiled(url: str) -> Measured:
    found = Measured(Sums(), [])
    async with running_hub(url) as hub:
        await _over_http(hub, Nation(2, 20), 2, found)
        await _sum_up(hub.hub.receivers, found)
        await hub.owner.execute(
            "UPDATE region.roll_day SET armed_ms[1] = armed_ms[1] - 1 WHERE day = $1 "
            "AND town = (SELECT min(no) FROM region.town)",
            FIRST_DAY,
        )
        await _ask(hub, found, 2)
    return found


def test_control_a_single_changed_millisecond_makes_the_sums_differ(region: str) -> None:
    found = asyncio.run(_spoiled(region))
    assert found.ways[0] != found.sent
    assert found.ways[1] == found.ways[2] == found.sent


def report(nation: Nation, days: int, found: Measured) -> str:
    """The figures as they stand in PROMISES."""
    rows = nation.towns * nation.devices * days
    return (
        f"{nation.towns} towns x {nation.devices} devices x {days} days = {rows:,} device-days\n"
        f"over HTTP {found.http_rows:,} records in {found.http_s:.0f} s = "
        f"{found.http_rows / max(found.http_s, 1e-9):,.0f}/s, "
        f"the receiver's process {found.memory_mb:.0f} MB; "
        f"by COPY {found.copied_rows:,} in {found.copied_s:.0f} s\n"
        f"sums of {found.summed_days:,} town-days in {found.summed_s:.0f} s\n"
        f"four ways: {[found.sent, *found.ways]}\n"
        f"storage: {found.roll_bytes / rows:.1f} B a device-day ({found.roll_bytes / 1e9:.2f} GB), "
        f"sums by squares {found.square_bytes / 1e9:.2f} GB\n"
        f"the nation's map: {found.map_squares} squares in {1_000 * found.map_s:.0f} ms of CPU"
    )


@pytest.mark.long
def test_the_sums_of_a_nations_year_are_equal_by_four_ways() -> None:
    asked = {"TOWNS": 1_700, "DEVICES": 588, "DAYS": 365, "HTTP_DAYS": 2, "STEP": 1}
    towns, devices, days, http_days, step = (
        int(os.environ.get(f"NATION_{name}", usual)) for name, usual in asked.items()
    )
    nation = Nation(towns, devices)
    with Postgres(TUNED) as server:
        url = server.create_database("nation")
        found = asyncio.run(run(url, nation, days, http_days, step))
    print(report(nation, http_days + len(range(http_days, days, step)), found))
    assert found.ways == [found.sent] * 3
    assert found.map_s < MAP_S

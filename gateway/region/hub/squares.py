"""Adds the days that are due up by 5 km squares, and their months, and any three months one after the other.

Owns `square_*` of towns, and of hubs one level down their months and quarters. Runs beside the receivers;
several share the work. Must not change what towns sent: the sums can be made again from it at any time.
"""

import asyncio
import logging
from zoneinfo import ZoneInfo

import asyncpg

from gateway.domain.epoch import first_day, local_midnight, month_number, ms
from gateway.region.hub.database import Connection, DatabaseAwayError, Pool, acquired, one_row
from gateway.region.hub.receive.limits import DAYS

log = logging.getLogger(__name__)

PAUSE_S = 2.0
AWAY_PAUSE_S = 10.0
DAYS_AT_ONCE = 50  # of one town in one transaction
TOWNS_AT_ONCE = 20

_TOWNS = "SELECT town FROM region.square_due GROUP BY town ORDER BY random() LIMIT $1"
_ALONE = "SELECT pg_try_advisory_xact_lock(18002, $1)"  # no other process makes sums of this town
_TAKE = """
DELETE FROM region.square_due WHERE town = $1 AND day IN (
    SELECT day FROM region.square_due WHERE town = $1 GROUP BY day ORDER BY day LIMIT $2
) RETURNING day
"""
# Each day's devices are looked up by hash: before the tables have statistics the planner would go through all
# devices of the town for each of them, thirty times as slow.
_TOWN = """
SELECT o.kind, t.zone, set_config('shishigaki.town', t.no::text, true),
    set_config('enable_nestloop', 'off', true)
FROM region.town t JOIN region.organisation o ON o.no = t.no WHERE t.no = $1
"""
_DAY = (
    "DELETE FROM region.square_day WHERE town = $1 AND day = ANY ($2::int[])",
    "DELETE FROM region.square_day_seen WHERE town = $1 AND day = ANY ($2::int[])",
    """
WITH x AS MATERIALIZED (
    SELECT r.day, x.device, x.alive_ms, x.armed_ms
    FROM region.roll_day r, unnest(r.device, r.alive_ms, r.armed_ms) AS x(device, alive_ms, armed_ms)
    WHERE r.town = $1 AND r.day = ANY ($2::int[])
)
INSERT INTO region.square_day (town, day, code, devices, alive_ms, armed_ms)
SELECT $1, x.day, coalesce(p.code, ''), count(*) FILTER (WHERE x.alive_ms > 0 OR x.armed_ms > 0),
    coalesce(sum(x.alive_ms) FILTER (WHERE d.role = 'detector'), 0),
    coalesce(sum(x.armed_ms) FILTER (WHERE d.role = 'trap'), 0)
FROM x
JOIN region.device d ON d.no = x.device AND d.town = $1 AND d.role IN ('detector', 'trap')
LEFT JOIN region.place_square p ON p.device = x.device AND p.town = $1 AND p.level_km = 5
GROUP BY x.day, coalesce(p.code, '')
""",
    """
WITH x AS MATERIALIZED (
    SELECT r.day, x.device, x.species, x.independent, x.animals
    FROM region.roll_day r, unnest(r.seen_device, r.species, r.independent, r.animals)
        AS x(device, species, independent, animals)
    WHERE r.town = $1 AND r.day = ANY ($2::int[])
)
INSERT INTO region.square_day_seen (town, day, code, species, independent, animals)
SELECT $1, x.day, coalesce(p.code, ''), x.species, sum(x.independent), sum(x.animals)
FROM x
JOIN region.device d ON d.no = x.device AND d.town = $1 AND d.role = 'detector'
LEFT JOIN region.place_square p ON p.device = x.device AND p.town = $1 AND p.level_km = 5
GROUP BY x.day, coalesce(p.code, ''), x.species
""",
)
_FORGET_CAUGHT = "DELETE FROM region.square_day_caught WHERE town = $1 AND day = ANY ($2::int[])"
_CAUGHT = """
INSERT INTO region.square_day_caught (town, day, code, species, captures)
SELECT $1, n.day, coalesce(p.code, ''), coalesce(a.species, ''), count(*)
FROM unnest($2::int[], $3::bigint[], $4::bigint[]) AS n(day, start_ms, end_ms)
JOIN region.action a ON a.town = $1 AND a.at_ms >= n.start_ms AND a.at_ms < n.end_ms
    AND a.deed = 'captured' AND a.counts
LEFT JOIN region.place_square p ON p.device = a.device AND p.town = $1 AND p.level_km = 5
GROUP BY n.day, coalesce(p.code, ''), coalesce(a.species, '')
"""
_SUMMED = {
    "": ("code", "max(devices), sum(alive_ms), sum(armed_ms)"),
    "_seen": ("code, species", "sum(independent), sum(animals)"),
    "_caught": ("code, species", "sum(captures)"),
}
_MONTH = [
    statement.format(table=table, key=key, sums=sums)
    for table, (key, sums) in _SUMMED.items()
    for statement in (
        "DELETE FROM region.square_month{table} WHERE town = $1 AND month = $2 AND $3::int < $4::int",
        """
INSERT INTO region.square_month{table} SELECT town, $2, {key}, {sums} FROM region.square_day{table}
WHERE town = $1 AND day >= $3 AND day < $4 GROUP BY town, {key}
""",
    )
]
# The three months that end with each of $2.
_QUARTERS = (
    "DELETE FROM region.square_quarter WHERE town = $1 AND last = ANY ($2::int[])",
    """
INSERT INTO region.square_quarter
SELECT m.town, q.last, m.code, sum(m.alive_ms), sum(m.armed_ms)
FROM unnest($2::int[]) AS q(last) JOIN region.square_month m ON m.month BETWEEN q.last - 2 AND q.last
WHERE m.town = $1 GROUP BY m.town, q.last, m.code
""",
    "DELETE FROM region.square_quarter_seen WHERE town = $1 AND last = ANY ($2::int[])",
    """
INSERT INTO region.square_quarter_seen
SELECT m.town, q.last, m.code, m.species, sum(m.independent), sum(m.animals),
    count(*) FILTER (WHERE m.independent IS NULL)
FROM unnest($2::int[]) AS q(last) JOIN region.square_month_seen m ON m.month BETWEEN q.last - 2 AND q.last
WHERE m.town = $1 GROUP BY m.town, q.last, m.code, m.species
""",
)


async def keep_sums(pool: Pool) -> None:
    """Make what is due until cancelled."""
    failed: set[int] = set()
    while True:
        try:
            more = await make_due(pool, failed)
        except DatabaseAwayError as error:
            log.warning("sums by squares wait: %s", error)
            await asyncio.sleep(AWAY_PAUSE_S)
            continue
        if not more:
            await asyncio.sleep(PAUSE_S)


async def make_due(pool: Pool, failed: set[int] | None = None) -> int:
    """Some days of some towns, each town in a short transaction; how many. Raises DatabaseAwayError.

    `failed`: towns whose sums no column holds, so that each is logged once. Their days stay due.
    """
    failed = set() if failed is None else failed
    async with acquired(pool) as connection:
        towns = await connection.fetch(_TOWNS, TOWNS_AT_ONCE)
        return sum([await _try_town(connection, row["town"], failed) for row in towns])


async def _try_town(connection: Connection, town: int, failed: set[int]) -> int:
    try:
        made = await _make_town(connection, town)
    except asyncpg.DataError:
        if town not in failed:
            log.exception("sums of town %d cannot be made; those of other towns are", town)
        failed.add(town)
        return 0
    failed.discard(town)
    return made


async def _make_town(connection: Connection, town: int) -> int:
    async with connection.transaction():
        if not await connection.fetchval(_ALONE, town):
            return 0
        days = {row["day"] for row in await connection.fetch(_TAKE, town, DAYS_AT_ONCE)}
        await _make(connection, town, sorted(days))
        return len(days)


async def _make(connection: Connection, town: int, days: list[int]) -> None:
    kind, zone, *_ = await one_row(connection, _TOWN, town)
    if kind == "town":
        for statement in _DAY:
            await connection.execute(statement, town, days)
        await _make_caught(connection, town, days, ZoneInfo(zone))
    months = sorted({month_number(day) for day in days})
    for month in months:
        for statement in _MONTH:
            span = (first_day(month), first_day(month + 1))
            await connection.execute(statement, town, month, *span)
    lasts = sorted({month + more for month in months for more in range(3)})
    for statement in _QUARTERS:
        await connection.execute(statement, town, lasts)


async def _make_caught(connection: Connection, town: int, days: list[int], zone: ZoneInfo) -> None:
    await connection.execute(_FORGET_CAUGHT, town, days)
    inside = [day for day in days if day in DAYS and day + 1 in DAYS]
    starts = [ms(local_midnight(day, zone)) for day in inside]
    ends = [ms(local_midnight(day + 1, zone)) for day in inside]
    await connection.execute(_CAUGHT, town, inside, starts, ends)

"""Sums by squares that a hub one level down sends.

Owns `square_day` and `square_day_seen` of organisations that are hubs. A town's are made by `squares`.
"""

from collections.abc import Sequence

from gateway.region.hub.database import Connection
from gateway.region.hub.receive.access import KnownTown
from gateway.region.records import SquareRecord

_SQUARE = """
INSERT INTO region.square_day AS s (town, version, day, code, devices, alive_ms, armed_ms)
SELECT $1, $2, day, code, devices, alive_ms, armed_ms
FROM unnest($3::int[], $4::text[], $5::int[], $6::bigint[], $7::bigint[])
    AS n(day, code, devices, alive_ms, armed_ms)
ON CONFLICT (town, day, code) DO UPDATE SET version = excluded.version, devices = excluded.devices,
    alive_ms = excluded.alive_ms, armed_ms = excluded.armed_ms
WHERE s.version <= excluded.version
RETURNING day, code
"""
_FORGET = """
DELETE FROM region.square_day_seen s USING unnest($2::int[], $3::text[]) AS n(day, code)
WHERE s.town = $1 AND s.day = n.day AND s.code = n.code
"""
_SEEN = """
INSERT INTO region.square_day_seen (town, day, code, species, independent, animals)
VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING
"""
Columns = list[list[object]]


async def keep_squares(
    connection: Connection, town: KnownTown, version: int, records: Sequence[SquareRecord]
) -> set[int]:
    """Replace the sums of these squares and days; the days that changed."""
    given = {(one.day, one.mesh5km): one for one in records}
    if not given:
        return set()
    rows = [(*key, one.devices, one.alive_ms, one.armed_ms) for key, one in given.items()]
    columns = [list(column) for column in zip(*rows, strict=True)]
    kept = [tuple(row) for row in await connection.fetch(_SQUARE, town.no, version, *columns)]
    days, codes = [day for day, _ in kept], [code for _, code in kept]
    await connection.execute(_FORGET, town.no, days, codes)
    seen = [(town.no, *key, *sighted) for key in kept for sighted in given[key].sightings]
    await connection.executemany(_SEEN, seen)
    return set(days)

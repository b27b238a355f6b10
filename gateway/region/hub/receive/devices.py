"""Registry rows and places of a town; the short numbers of its devices.

Owns `device`, `place_exact` and `place_square`. Places are kept as exact as they came: the town coarsens.
"""

from collections.abc import Iterable, Sequence

from gateway.region.hub.database import Connection
from gateway.region.hub.receive.access import KnownTown
from gateway.region.hub.receive.due import mark_all_days
from gateway.region.records import DeviceRecord

_KNOWN = "SELECT id, no FROM region.device WHERE town = $1 AND id = ANY ($2::text[])"
_ADD = """
INSERT INTO region.device (town, id) SELECT $1, id FROM unnest($2::text[]) AS id RETURNING id, no
"""
_UPDATE = """
UPDATE region.device d SET version = $2, role = n.role, standing = n.standing, name = n.name, area = n.area,
    model = n.model, trap_type = n.trap_type, heartbeat_s = n.heartbeat_s, heard_at = now()
FROM unnest($3::int[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::bigint[])
    AS n(no, role, standing, name, area, model, trap_type, heartbeat_s)
WHERE d.town = $1 AND d.no = n.no AND d.version <= $2
RETURNING d.no
"""
_PLACED = """
SELECT d.no, d.role, coalesce(p.code, '') AS code
FROM region.device d LEFT JOIN region.place_square p ON p.device = d.no AND p.level_km = 5
WHERE d.town = $1 AND d.no = ANY ($2::int[])
"""
_FORGET_EXACT = "DELETE FROM region.place_exact WHERE town = $1 AND device = ANY ($2::int[])"
_FORGET_SQUARES = "DELETE FROM region.place_square WHERE town = $1 AND device = ANY ($2::int[])"
_EXACT = """
INSERT INTO region.place_exact (device, town, at)
SELECT no, $1, public.ST_SetSRID(public.ST_MakePoint(lon, lat), 4326)
FROM unnest($2::int[], $3::float8[], $4::float8[]) AS n(no, lat, lon)
"""
_SQUARES = """
INSERT INTO region.place_square (device, level_km, town, code)
SELECT no, level_km, $1, code FROM unnest($2::int[], $3::smallint[], $4::text[]) AS n(no, level_km, code)
"""


async def device_numbers(
    connection: Connection, town: KnownTown, ids: Iterable[str]
) -> dict[str, int]:
    """The number of each device; whoever is new gets one."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    found = dict(await connection.fetch(_KNOWN, town.no, wanted))
    missing = [one for one in wanted if one not in found]
    if missing:
        found |= dict(await connection.fetch(_ADD, town.no, missing))
    return found


async def keep_devices(
    connection: Connection, town: KnownTown, version: int, records: Sequence[DeviceRecord]
) -> None:
    """Registry rows with their places, as exact as the town gives them now."""
    newest = {one.id: one for one in records}
    if not newest:
        return
    numbers = await device_numbers(connection, town, newest)
    before = await _placed(connection, town, numbers.values())
    updated = await connection.fetch(_UPDATE, town.no, version, *_columns(newest, numbers))
    kept = {row["no"] for row in updated}
    records_kept = [(numbers[one.id], one) for one in newest.values() if numbers[one.id] in kept]
    await _keep_places(connection, town, records_kept)
    if before != await _placed(connection, town, numbers.values()):
        await mark_all_days(connection, town.no)


def _columns(records: dict[str, DeviceRecord], numbers: dict[str, int]) -> list[list[object]]:
    rows = [
        (
            numbers[one.id],
            one.role,
            one.standing,
            one.name,
            one.area,
            one.model,
            one.trap_type,
            one.heartbeat_s,
        )
        for one in records.values()
    ]
    return [list(column) for column in zip(*rows, strict=True)]


async def _placed(
    connection: Connection, town: KnownTown, numbers: Iterable[int]
) -> dict[int, tuple[str, str]]:
    rows = await connection.fetch(_PLACED, town.no, list(numbers))
    return {row["no"]: (row["role"], row["code"]) for row in rows}


async def _keep_places(
    connection: Connection, town: KnownTown, records: list[tuple[int, DeviceRecord]]
) -> None:
    numbers = [no for no, _ in records]
    await connection.execute(_FORGET_EXACT, town.no, numbers)
    await connection.execute(_FORGET_SQUARES, town.no, numbers)
    exact = [(no, one.lat, one.lon) for no, one in records if None not in (one.lat, one.lon)]
    if exact:
        columns = zip(*exact, strict=True)
        await connection.execute(_EXACT, town.no, *(list(column) for column in columns))
    squares = [(no, 1, one.mesh1km) for no, one in records if one.mesh1km]
    squares += [(no, 5, one.mesh5km) for no, one in records if one.mesh5km]
    if squares:
        columns = zip(*squares, strict=True)
        await connection.execute(_SQUARES, town.no, *(list(column) for column in columns))

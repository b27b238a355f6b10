"""Events of a block, each kept once whatever the journal and the order.

Owns the rows of `event`. Whoever calls holds the town's lock: between looking an event up and adding it
nobody else adds it.
"""

from collections.abc import Iterable

import msgspec

from gateway.region.hub.database import Connection
from gateway.region.hub.receive.access import KnownTown
from gateway.region.hub.receive.devices import device_numbers
from gateway.region.records import EventRecord

_FOUND = """
SELECT e.device, e.id, e.version, e.heard_at
FROM unnest($1::int[], $2::text[]) AS k(device, id) JOIN region.event e ON e.device = k.device AND e.id = k.id
WHERE e.town = $3
"""
_COLUMNS = "device, id, no, kind, observed_ms, received_ms, quality, species, animals, rest"
_GIVEN = """unnest($4::int[], $5::text[], $6::bigint[], $7::text[], $8::bigint[], $9::bigint[], $10::text[],
    $11::text[], $12::bigint[], $13::bytea[]"""
_ADD = f"""
INSERT INTO region.event (town, journal, version, {_COLUMNS}, heard_at)
SELECT $1, $2, $3, {_COLUMNS}, now() FROM {_GIVEN}) AS n({_COLUMNS})
"""
_REPLACE = f"""
UPDATE region.event e SET journal = $2, version = $3, no = n.no, kind = n.kind, observed_ms = n.observed_ms,
    received_ms = n.received_ms, quality = n.quality, species = n.species, animals = n.animals, rest = n.rest
FROM {_GIVEN}, $14::timestamptz[]) AS n({_COLUMNS}, heard_at)
WHERE e.town = $1 AND e.device = n.device AND e.id = n.id AND e.heard_at = n.heard_at
"""
_USUAL: tuple[object, ...] = (None, None, None, False, {})
_pack = msgspec.msgpack.Encoder().encode

Row = tuple[object, ...]


async def keep_events(
    connection: Connection,
    town: KnownTown,
    journal: int,
    version: int,
    records: Iterable[EventRecord],
) -> int:
    """Add new events and replace those that came before; how many are new."""
    given = {(one.device, one.id): one for one in records}
    if not given:
        return 0
    numbers = await device_numbers(connection, town, (device for device, _ in given))
    rows = {(numbers[one.device], one.id): _row(numbers, one) for one in given.values()}
    devices, ids = zip(*rows, strict=True)
    found = await connection.fetch(_FOUND, list(devices), list(ids), town.no)
    older: list[Row] = []
    for device, id_, had, heard_at in found:
        row = rows.pop((device, id_))
        if had <= version:
            older.append((*row, heard_at))
    for statement, some in ((_ADD, list(rows.values())), (_REPLACE, older)):
        if some:
            columns = [list(column) for column in zip(*some, strict=True)]
            await connection.execute(statement, town.no, journal, version, *columns)
    return len(rows)


def _row(numbers: dict[str, int], one: EventRecord) -> Row:
    return (
        numbers[one.device],
        one.id,
        one.no,
        one.kind,
        one.observed_ms,
        one.received_ms,
        one.quality,
        one.species,
        one.count,
        rest_of(one),
    )


def rest_of(one: EventRecord) -> bytes | None:
    """The fields without a column of their own, as MessagePack; None when all are usual."""
    rest = (one.device_ms, one.boot, one.seq, one.distinct, one.facts)
    return None if rest == _USUAL else _pack(rest)

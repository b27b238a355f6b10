"""Alerts, actions, agreements and answers of a town: whole records, the newest version of each.

Owns the rows of `alert`, `action`, `agreement`, and the answers in `request`.
"""

from collections.abc import Iterable, Sequence
from zoneinfo import ZoneInfo

import msgspec

from gateway.domain.epoch import HOUR_MS, local_day
from gateway.region.hub.database import Connection
from gateway.region.hub.receive.access import KnownTown
from gateway.region.hub.receive.devices import device_numbers
from gateway.region.hub.receive.limits import HOURS, LEVELS
from gateway.region.records import ActionRecord, AgreementRecord, AlertRecord, RequestAnswer
from gateway.region.sharing import ShareLevel

_ALERT = """
INSERT INTO region.alert AS a (town, version, id, rule, level, subject, device, status, observed_ms,
    opened_ms, acknowledged_ms, resolved_ms, body, heard_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, now())
ON CONFLICT (town, id) DO UPDATE SET version = excluded.version, rule = excluded.rule, level = excluded.level,
    subject = excluded.subject, device = excluded.device, status = excluded.status,
    observed_ms = excluded.observed_ms, opened_ms = excluded.opened_ms,
    acknowledged_ms = excluded.acknowledged_ms, resolved_ms = excluded.resolved_ms, body = excluded.body,
    heard_at = now()
WHERE a.version <= excluded.version
"""
_ACTION = """
INSERT INTO region.action AS a (town, version, id, device, deed, at_ms, counts, species, animals, body,
    heard_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, now())
ON CONFLICT (town, id) DO UPDATE SET version = excluded.version, device = excluded.device,
    deed = excluded.deed, at_ms = excluded.at_ms, counts = excluded.counts, species = excluded.species,
    animals = excluded.animals, body = excluded.body, heard_at = now()
WHERE a.version <= excluded.version
"""
_AGREEMENT = """
INSERT INTO region.agreement AS a (giver, version, id, taker, level_km, from_day, until_day, starts_ms,
    ends_ms, made_ms, revoked_ms, heard_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, now())
ON CONFLICT (giver, id) DO UPDATE SET version = excluded.version, taker = excluded.taker,
    level_km = excluded.level_km, from_day = excluded.from_day, until_day = excluded.until_day,
    starts_ms = excluded.starts_ms, ends_ms = excluded.ends_ms, made_ms = excluded.made_ms,
    revoked_ms = excluded.revoked_ms, heard_at = now()
WHERE a.version <= excluded.version
"""
_ANSWER = """
UPDATE region.request SET answered_at = now(), outcome = $3, reason = $4
WHERE town = $1 AND id::text = $2 AND answered_at IS NULL
"""
_DAYS_BEFORE = "SELECT at_ms FROM region.action WHERE town = $1 AND id = ANY ($2::text[])"
_pack = msgspec.msgpack.Encoder().encode


async def keep_alerts(
    connection: Connection, town: KnownTown, version: int, records: Sequence[AlertRecord]
) -> None:
    """Lives of alerts as they stand now."""
    rows = [
        (
            town.no,
            version,
            one.id,
            one.rule,
            one.level,
            one.subject,
            one.device,
            one.status,
            one.observed_ms,
            one.opened_ms,
            one.acknowledged_ms,
            one.resolved_ms,
            _pack(one),
        )
        for one in records
    ]
    await connection.executemany(_ALERT, rows)


async def keep_actions(
    connection: Connection, town: KnownTown, version: int, records: Sequence[ActionRecord]
) -> set[int]:
    """What people did; the local days whose captures may have changed."""
    if not records:
        return set()
    numbers = await device_numbers(connection, town, (one.device for one in records))
    before = await connection.fetch(_DAYS_BEFORE, town.no, [one.id for one in records])
    rows = [
        (
            town.no,
            version,
            one.id,
            numbers[one.device],
            one.deed,
            one.at_ms,
            one.counts,
            one.species,
            one.count,
            _pack(one),
        )
        for one in records
    ]
    await connection.executemany(_ACTION, rows)
    moments = [row["at_ms"] for row in before] + [one.at_ms for one in records]
    return set(days_of(moments, ZoneInfo(town.zone)))


def days_of(moments_ms: Iterable[int], zone: ZoneInfo) -> Iterable[int]:
    """The local days of moments; those outside the calendar have none."""
    hours = (moment // HOUR_MS for moment in moments_ms)
    return (local_day(hour, zone) for hour in hours if hour in HOURS)


async def keep_agreements(
    connection: Connection, town: KnownTown, version: int, records: Sequence[AgreementRecord]
) -> None:
    """What the town gives, to whom, until when."""
    rows = [
        (
            town.no,
            version,
            one.id,
            one.taker,
            LEVELS[ShareLevel(one.level)],
            one.from_day,
            one.until_day,
            one.starts_ms,
            one.ends_ms,
            one.made_ms,
            one.revoked_ms,
        )
        for one in records
    ]
    await connection.executemany(_AGREEMENT, rows)


async def keep_answers(
    connection: Connection, town: KnownTown, records: Sequence[RequestAnswer]
) -> None:
    """What the town did with requests; the first answer stands."""
    rows = [(town.no, one.id, one.outcome, one.reason) for one in records]
    await connection.executemany(_ANSWER, rows)

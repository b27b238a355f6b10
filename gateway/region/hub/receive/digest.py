"""Counts and sums of a town's local days, for the comparison with what the town has.

Owns the statements. Must not compare: the town does (`verify`).
"""

from collections.abc import Iterable
from zoneinfo import ZoneInfo

from msgspec import Struct

from gateway.domain.epoch import HOUR_MS, local_day, local_midnight, ms
from gateway.region.hub.database import Connection, one_row
from gateway.region.hub.receive.access import KnownTown
from gateway.region.hub.receive.blocks import known_journal
from gateway.region.hub.receive.limits import DAYS
from gateway.region.protocol import BadBlockError, DayCount, Digest, Trouble

MOST_DAYS = 400  # in one question
NUMBERS = range((1 << 53) + 1)  # of a journal, as records have them

# $2: midnights of the local days, ms; width_bucket counts from 1.
_EVENTS = """
SELECT width_bucket(observed_ms, $2::bigint[]) - 1, 'event.' || kind, count(*), sum(observed_ms),
    coalesce(sum(animals), 0)
FROM region.event WHERE town = $1 AND observed_ms >= $3 AND observed_ms < $4 AND journal = $5 AND no > $6
GROUP BY 1, 2
"""
_ACTIONS = """
SELECT width_bucket(at_ms, $2::bigint[]) - 1, 'action', count(*), count(*) FILTER (WHERE counts),
    coalesce(sum(animals) FILTER (WHERE counts), 0)
FROM region.action WHERE town = $1 AND at_ms >= $3 AND at_ms < $4 AND version >= $5 GROUP BY 1
"""
_ALERTS = """
SELECT width_bucket(opened_ms, $2::bigint[]) - 1, 'alert', count(*), count(acknowledged_ms),
    count(resolved_ms)
FROM region.alert WHERE town = $1 AND opened_ms >= $3 AND opened_ms < $4 AND version >= $5 GROUP BY 1
"""
_DEVICES = """
SELECT count(*), count(*) FILTER (WHERE standing = 'approved') FROM region.device
WHERE town = $1 AND version > 0 AND version >= $2
"""
_PERIODS = {
    unit: f"""
SELECT {unit}, (SELECT coalesce(sum(x), 0) FROM unnest(alive_ms) x),
    (SELECT coalesce(sum(x), 0) FROM unnest(armed_ms) x), (SELECT coalesce(sum(x), 0) FROM unnest(records) x),
    (SELECT coalesce(sum(x), 0) FROM unnest(independent) x),
    (SELECT coalesce(sum(x), 0) FROM unnest(animals) x)
FROM region.roll_{unit} WHERE town = $1 AND {unit} >= $2 AND {unit} < $3
"""
    for unit in ("hour", "day")
}
Sums = tuple[int, ...]


class DigestQuestion(Struct, frozen=True):
    """Which days of which journal a town asks about: [from_day, to_day), events with a number > after."""

    journal: str
    from_day: int
    to_day: int
    after: int = 0

    def __post_init__(self) -> None:
        """Raises BadBlockError."""
        if not (self.from_day in DAYS and 0 <= self.to_day - self.from_day <= MOST_DAYS):
            raise BadBlockError(
                Trouble.MALFORMED,
                f"from {self.from_day}, to {self.to_day}; allowed: at most {MOST_DAYS} days, forwards",
            )
        if self.after not in NUMBERS:
            raise BadBlockError(
                Trouble.MALFORMED,
                f"after {self.after}; allowed: 0 to {NUMBERS.stop - 1}, a number of the journal",
            )


async def digest(connection: Connection, town: KnownTown, asked: DigestQuestion) -> Digest:
    """The counts of these days; days and kinds without anything are left out."""
    zone = ZoneInfo(town.zone)
    known = await known_journal(connection, town, asked.journal)
    days = range(asked.from_day, asked.to_day)
    found: list[DayCount] = []
    if days:
        midnights = [ms(local_midnight(day, zone)) for day in (*days, days.stop)]
        span = (midnights[:-1], midnights[0], midnights[-1])
        rows = await connection.fetch(_EVENTS, town.no, *span, known.no or 0, asked.after)
        rows += await connection.fetch(_ACTIONS, town.no, *span, known.first_version)
        rows += await connection.fetch(_ALERTS, town.no, *span, known.first_version)
        found = [DayCount(days[row[0]], row[1], tuple(map(int, row[2:]))) for row in rows]
        hours = (midnights[0] // HOUR_MS, -(-midnights[-1] // HOUR_MS))
        by_hour = await connection.fetch(_PERIODS["hour"], town.no, *hours)
        found += _by_day(
            "hour", ((local_day(row[0], zone), tuple(row[1:])) for row in by_hour), days
        )
        by_day = await connection.fetch(_PERIODS["day"], town.no, days.start, days.stop)
        found += _by_day("day", ((row[0], tuple(row[1:])) for row in by_day), days)
    rows, approved = await one_row(connection, _DEVICES, town.no, known.first_version)
    found.append(DayCount(0, "device", (rows, approved)))
    return Digest(upto=known.upto, days=tuple(sorted(found, key=lambda one: (one.day, one.what))))


def _by_day(what: str, rows: Iterable[tuple[int, Sums]], days: range) -> list[DayCount]:
    sums: dict[int, Sums] = {}
    for day, more in rows:
        had = sums.get(day, (0,) * len(more))
        sums[day] = tuple(int(a + b) for a, b in zip(had, more, strict=True))
    return [DayCount(day, what, one) for day, one in sums.items() if any(one) and day in days]

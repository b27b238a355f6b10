"""Compares the server with the journal, day by day.

Owns the comparison: the number of events in each measurement, and the sums of the roll-ups of closed
hours, days and months. Must not repair anything (`forward.backfill`).
"""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from msgspec import Struct

from gateway.domain.epoch import HOUR_MS, day_date, first_day, local_day, month_number, ms
from gateway.domain.model import Kind
from gateway.export.influx.ranges import missing
from gateway.export.influx.schema import (
    CLOSED_MS,
    ENDINGS,
    EVENTS,
    HOUR_NS,
    MEASUREMENTS,
    NS_A_MS,
    beginning_ns,
    tag_text,
)
from gateway.export.influx.server import Server, quote
from gateway.store import Reader, Store
from gateway.store.rollups.sums import SumUnit

Counts = Counter[tuple[date, str]]
Figures = Mapping[tuple[date, str], int]
Spans = Mapping[SumUnit, tuple[int, int]]
"""Hours, local days and months since 1970, half-open ranges."""
_SIGHTINGS = ("records", "independent", "animals")
_DEVICE = ("alive_ms", "armed_ms", "identified", *_SIGHTINGS)
CHUNK_NS = 92 * 24 * HOUR_NS  # period of one query


class Difference(Struct, frozen=True, order=True):
    """One day and figure that differ."""

    day: date  # of a month the first day
    what: str  # a measurement (number of events), or measurement.field (sum of a roll-up)
    journal: int
    server: int


class VerifyReport(Struct, frozen=True):
    """The result of a comparison."""

    events: int  # in the journal
    differences: list[Difference]
    waiting: int  # events and roll-ups not yet sent
    refused: int  # points that the server does not accept


async def verify(
    store: Store,
    server: Server,
    site: str,
    zone: ZoneInfo,
    start: datetime,
    end: datetime,
    now: datetime,
) -> VerifyReport:
    """Compare [start, end). Of hours not yet closed at `now` only events are compared, no roll-ups.

    Raises QueryError if the server does not answer.
    """
    closed_ms = min(ms(end), (ms(now) - CLOSED_MS) // HOUR_MS * HOUR_MS)
    spans = spans_to_compare(ms(start) // HOUR_MS, closed_ms // HOUR_MS, zone)
    waiting, refused = await store.read(lambda r: (_waiting(r, ms(now)), r.influx.refused()))
    journal = await store.read(lambda r: _journal(r, zone, ms(start), ms(end), spans))
    where = f"site = {quote(tag_text(site))}"
    found = await _events(server, zone, where, (ms(start) * NS_A_MS, ms(end) * NS_A_MS))
    for unit, span in spans.items():
        found += await _rollups(server, zone, where, unit, span)
    total = sum(n for (_, what), n in journal.items() if what in EVENTS)
    return VerifyReport(total, compare(journal, found), waiting, refused)


def spans_to_compare(start_hour: int, end_hour: int, zone: ZoneInfo) -> Spans:
    """The hours, and the local days and months that lie completely in them. PURE."""
    first = local_day(start_hour - 1, zone) + 1
    last = max(first, local_day(end_hour, zone))
    month = month_number(first - 1) + 1
    return {
        "hour": (start_hour, end_hour),
        "day": (first, last),
        "month": (month, max(month, month_number(last))),
    }


def compare(
    journal: Mapping[tuple[date, str], int], server: Mapping[tuple[date, str], int]
) -> list[Difference]:
    """The differences of two counts, sorted by day. PURE."""
    keys = journal.keys() | server.keys()
    rows = (Difference(*key, journal.get(key, 0), server.get(key, 0)) for key in keys)
    return sorted(row for row in rows if row.journal != row.server)


def _waiting(reader: Reader, now_ms: int) -> int:
    follower = reader.influx
    closed = (now_ms - CLOSED_MS) // HOUR_MS
    return missing(follower.done(), follower.head()) + follower.waiting(closed)


def _journal(reader: Reader, zone: ZoneInfo, start_ms: int, end_ms: int, spans: Spans) -> Counts:
    counts: Counts = Counter()
    for kind, hour, count in reader.counts.events_by_hour(start_ms, end_ms):
        counts[day_date(local_day(hour, zone)), MEASUREMENTS[Kind(kind)]] += count
    for hour, *cells in reader.counts.sums("hour", *spans["hour"]):
        _add(counts, "hour", local_day(hour, zone), cells)
    first, last = spans["month"]
    for day, *cells in reader.counts.sums("day", *spans["day"]):
        _add(counts, "day", day, cells)
        if first <= month_number(day) < last:
            _add(counts, "month", first_day(month_number(day)), cells)
    return counts


def _add(counts: Counts, unit: SumUnit, day: int, cells: Sequence[int]) -> None:
    """Add one row of the journal's sums under the names of both measurements."""
    sums = dict(zip(_DEVICE, cells, strict=True))
    for name, value in sums.items():
        counts[day_date(day), f"device_{ENDINGS[unit]}.{name}"] += value
    for name in _SIGHTINGS:
        counts[day_date(day), f"detection_{ENDINGS[unit]}.{name}"] += sums[name]


async def _events(server: Server, zone: ZoneInfo, where: str, span_ns: tuple[int, int]) -> Counts:
    """Number of events by local day, void points excluded."""
    counts: Counts = Counter()
    for name in EVENTS:
        async for hour, count, void in _by_hour(
            server, "count(eid), sum(void)", name, where, span_ns
        ):
            counts[day_date(local_day(hour, zone)), name] += count - (void or 0)
    return counts


async def _rollups(
    server: Server, zone: ZoneInfo, where: str, unit: SumUnit, span: tuple[int, int]
) -> Counts:
    """Sums of the roll-ups of one unit by local day, or by the first day of the month."""
    counts: Counts = Counter()
    start, end = (beginning_ns(unit, at, zone) for at in span)
    for name, fields in (
        (f"device_{ENDINGS[unit]}", _DEVICE),
        (f"detection_{ENDINGS[unit]}", _SIGHTINGS),
    ):
        chosen = ", ".join(f"sum({field})" for field in fields)
        async for hour, *cells in _by_hour(server, chosen, name, where, (start, end)):
            # The point of a day may lie inside an hour: in India local midnight is at half past.
            day = local_day(hour, zone) if unit == "hour" else local_day(hour + 1, zone)
            for field, cell in zip(fields, cells, strict=True):
                counts[day_date(day), f"{name}.{field}"] += cell or 0
    return counts


async def _by_hour(
    server: Server, chosen: str, name: str, where: str, span_ns: tuple[int, int]
) -> AsyncIterator[list[int]]:
    """(hour since 1970, sums ...), by hour because InfluxQL does not group by days of a time zone.

    A year in one query is too much for the server.
    """
    for start in range(*span_ns, CHUNK_NS):
        span = f"time >= {start} AND time < {min(span_ns[1], start + CHUNK_NS)}"
        query = f"SELECT {chosen} FROM {name} WHERE {where} AND {span} GROUP BY time(1h) fill(none)"
        [tables] = await server.query(query)
        for time, *cells in (row for table in tables for row in table.values):
            yield [time // HOUR_NS, *cells]

"""Does the server hold what the journal holds? Counts of both, day by day.

Owns the comparison. Compares events of each measurement by id, and the sums of the roll-ups of closed
hours; days are the site's. Must not repair: `backfill` does.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct

from gateway.influx.ranges import missing
from gateway.influx.schema import EPOCH, EVENTS, HOUR_NS, MEASUREMENTS, NS_A_MS, day_of, tag_text
from gateway.influx.sender import CLOSED_MS, HOUR_MS
from gateway.influx.server import Server, quote
from gateway.model import Kind
from gateway.state import ms
from gateway.store import Reader, Store

Counts = Counter[tuple[date, str]]
Figures = Mapping[tuple[date, str], int]
_SIGHTINGS, _EFFORT = ("records", "independent", "animals"), ("alive_ms", "armed_ms")
CHUNK = timedelta(days=92)  # of one query


class Difference(Struct, frozen=True, order=True):
    """One day and kind of figure that do not agree."""

    day: date
    what: str  # a measurement (events), or measurement.field (sum of a roll-up)
    journal: int
    server: int


class Report(Struct, frozen=True):
    """The outcome."""

    events: int  # in the journal
    differences: list[Difference]
    waiting: int  # events and roll-ups that are still to be sent
    refused: int  # points that the server will not take


async def verify(
    store: Store, server: Server, site: str, zone: ZoneInfo, start: datetime, end: datetime,
    now: datetime,
) -> Report:  # fmt: skip
    """Compare [start, end); hours not yet closed at `now` count only as events."""
    closed_ms = min(ms(end), (ms(now) - CLOSED_MS) // HOUR_MS * HOUR_MS)
    waiting, refused = await store.read(lambda r: (_waiting(r, ms(now)), r.follower.refused()))
    journal = await store.read(lambda r: _journal(r, zone, ms(start), ms(end), closed_ms))
    found: Counts = Counter()
    where = f"site = {quote(tag_text(site))}"
    for name in EVENTS:
        found += await _sums(server, zone, name, (), where, start, end)
    closed = EPOCH + timedelta(milliseconds=closed_ms)
    for name, fields in (("detection_1h", _SIGHTINGS), ("effort_1h", _EFFORT)):
        found += await _sums(server, zone, name, fields, where, _hour(start), closed)
    total = sum(n for (_, what), n in journal.items() if what in EVENTS)
    return Report(total, compare(journal, found), waiting, refused)


def compare(
    journal: Mapping[tuple[date, str], int], server: Mapping[tuple[date, str], int]
) -> list[Difference]:
    """Where two counts differ, sorted by day. PURE."""
    keys = journal.keys() | server.keys()
    rows = (Difference(*key, journal.get(key, 0), server.get(key, 0)) for key in keys)
    return sorted(row for row in rows if row.journal != row.server)


def _waiting(reader: Reader, now_ms: int) -> int:
    follower = reader.follower
    closed = (now_ms - CLOSED_MS) // HOUR_MS
    return missing(follower.done(), follower.head()) + follower.waiting(closed)


def _journal(reader: Reader, zone: ZoneInfo, start_ms: int, end_ms: int, closed_ms: int) -> Counts:
    counts: Counts = Counter()
    for kind, hour, count in reader.follower.events_by_hour(start_ms, end_ms):
        counts[_day(hour, zone), MEASUREMENTS[Kind(kind)]] += count
    for hour, *cells in reader.follower.sums_by_hour(start_ms // HOUR_MS, closed_ms // HOUR_MS):
        day = _day(hour, zone)
        names = [f"detection_1h.{f}" for f in _SIGHTINGS] + [f"effort_1h.{f}" for f in _EFFORT]
        for name, cell in zip(names, cells, strict=True):
            counts[day, name] += cell
    return counts


async def _sums(
    server: Server, zone: ZoneInfo, name: str, fields: tuple[str, ...], where: str,
    start: datetime, end: datetime,
) -> Counts:  # fmt: skip
    """Events (without the void) or sums by local day, from hours: days have no zone in InfluxQL."""
    counts: Counts = Counter()
    events = name in EVENTS
    chosen = "count(eid), sum(void)" if events else ", ".join(f"sum({field})" for field in fields)
    while start < end:
        stop = min(end, start + CHUNK)
        span = f"time >= {ms(start) * NS_A_MS} AND time < {ms(stop) * NS_A_MS}"
        query = f"SELECT {chosen} FROM {name} WHERE {where} AND {span} GROUP BY time(1h) fill(none)"
        [tables] = await server.query(query)
        for time, *cells in (row for table in tables for row in table.values):
            day = _day(time // HOUR_NS, zone)
            if events:
                counts[day, name] += cells[0] - (cells[1] or 0)
                continue
            for field, cell in zip(fields, cells, strict=True):
                counts[day, f"{name}.{field}"] += cell or 0
        start = stop
    return counts


def _day(hour: int, zone: ZoneInfo) -> date:
    return EPOCH.date() + timedelta(days=day_of(hour, zone))


def _hour(time: datetime) -> datetime:
    return EPOCH + timedelta(milliseconds=ms(time) // HOUR_MS * HOUR_MS)

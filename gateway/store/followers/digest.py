"""Counts and sums of the town's local days, for the comparison with what its region has.

Owns these statements, and which rows a day's counts come from. Must not compare. What is counted under which
name: `region.protocol.DayCount`.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from gateway.domain.epoch import HOUR_MS, local_day, local_midnight, ms
from gateway.domain.model import Standing
from gateway.store.followers.follower import Follower, RecordKind
from gateway.store.followers.region import RegionReads, RegionTable
from gateway.store.rollups.counts import CountReads
from gateway.store.rollups.sums import SumUnit
from gateway.store.rows import readable, to_act, to_alert

Sums = tuple[int, ...]
Place = tuple[int, str]
"""Local day since 1970 (0: no day), and what is counted."""
NO_DAY = 0
EVENT, HOUR, DAY, ACTION, ALERT, DEVICE = "event", "hour", "day", "action", "alert", "device"


class DigestReads:
    """Queries of one reading connection."""

    def __init__(self, region: RegionReads, zone: ZoneInfo) -> None:
        self._execute: Callable[..., Any] = region.connection.execute
        self._zone, self._counts = zone, CountReads(region.connection)

    def counts(self, days: range, upto: int) -> dict[Place, Sums]:
        """Everything of these days; of events those with a number up to `upto`."""
        found: dict[Place, Sums] = {}
        for day in days:
            start, end = _span(day, self._zone)
            rows = self._execute(_EVENTS, (start, end, upto))
            found |= {(day, f"{EVENT}.{kind}"): tuple(sums) for kind, *sums in rows}
            found |= self._acts(day, start, end)
            found |= self._alerts(day, start, end)
        found |= self._rollups("hour", days) | self._rollups("day", days)
        [(rows_of, approved)] = self._execute(
            "SELECT count(*), count(*) FILTER (WHERE standing = ?) FROM device",
            (Standing.APPROVED.value,),
        )
        found[NO_DAY, DEVICE] = (int(rows_of), int(approved))
        return found

    def _acts(self, day: int, start: int, end: int) -> dict[Place, Sums]:
        rows = list(
            readable(
                lambda row: (to_act(row[0]).count or 0, bool(row[1])),
                self._execute(
                    "SELECT body, counts FROM act WHERE at_ms >= ? AND at_ms < ?", (start, end)
                ),
            )
        )
        if not rows:
            return {}
        counting = [count for count, counts in rows if counts]
        return {(day, ACTION): (len(rows), len(counting), sum(counting))}

    def _alerts(self, day: int, start: int, end: int) -> dict[Place, Sums]:
        bodies = self._execute(
            "SELECT body FROM alert WHERE opened_ms >= ? AND opened_ms < ?", (start, end)
        )
        found = list(readable(lambda row: to_alert(row[0]), bodies))
        if not found:
            return {}
        answered = sum(one.acknowledged_at is not None for one in found)
        return {
            (day, ALERT): (len(found), answered, sum(one.resolved_at is not None for one in found))
        }

    def _rollups(self, unit: SumUnit, days: range) -> dict[Place, Sums]:
        first, end = days.start, days.stop
        if unit == "hour":
            first = _span(days.start, self._zone)[0] // HOUR_MS
            end = -(-_span(days.stop, self._zone)[0] // HOUR_MS)
        sums: dict[int, Sums] = {}
        for at, alive, armed, _, *seen in self._counts.sums(unit, first, end):
            day = local_day(at, self._zone) if unit == "hour" else at
            had = sums.get(day, (0,) * 5)
            sums[day] = tuple(a + b for a, b in zip(had, (alive, armed, *seen), strict=True))
        return {(day, unit): one for day, one in sums.items() if any(one) and day in days}

    def waiting(self, days: range, upto: int) -> set[Place]:
        """What of these days is still to be sent; `event` for events of any kind."""
        found: set[Place] = set()
        region = (int(Follower.REGION),)
        for (hour,) in self._execute(
            "SELECT DISTINCT hour FROM hour_due WHERE follower = ?", region
        ):
            day = local_day(int(hour), self._zone)
            found |= {(day, HOUR), (day, DAY)}
        moments: list[tuple[str, str, Sequence[int]]] = [
            (EVENT, "SELECT observed_ms FROM event WHERE no > ?", (upto,)),
            (EVENT, _DUE_EVENTS, region),
            (ACTION, _DUE_RECORDS.format(at="at_ms", kind=RecordKind.ACTION.value), region),
            (ALERT, _DUE_RECORDS.format(at="opened_ms", kind=RecordKind.ALERT.value), region),
        ]
        for what, sql, bound in moments:
            found |= {(self._day(at), what) for (at,) in self._execute(sql, bound)}
        devices = "SELECT 1 FROM record_due WHERE follower = ? AND kind = 'device' LIMIT 1"
        if self._execute(devices, region).fetchone():
            found.add((NO_DAY, DEVICE))
        return {place for place in found if place[0] in days or place[0] == NO_DAY}

    def _day(self, at_ms: int) -> int:
        return local_day(at_ms // HOUR_MS, self._zone)

    def span(self) -> tuple[int, int] | None:
        """First and last local day with anything, or None."""
        found = [
            (self._day(int(low)), self._day(int(high)))
            for low, high in self._execute(_SPANS)
            if low is not None
        ]
        return (min(low for low, _ in found), max(high for _, high in found)) if found else None

    def first_kept(self) -> int:
        """Before this journal number events were purged; 0: none was."""
        [(no,)] = self._execute("SELECT coalesce(min(no), 1) - 1 FROM event")
        return int(no)


def mark_again(table: RegionTable, zone: ZoneInfo, places: Iterable[Place]) -> None:
    """Everything of these days and kinds is to be sent again; of roll-ups also that there is none."""
    connection: Any = table.connection
    for day, what in places:
        start, end = _span(day, zone)
        if what == DEVICE:
            table.mark(RecordKind.DEVICE, _numbers(connection, "SELECT no FROM device", ()))
        elif what in {HOUR, DAY}:
            table.mark_every_hour(start // HOUR_MS, -(-end // HOUR_MS))
        elif what == ACTION:
            sql = "SELECT no FROM act WHERE at_ms >= ? AND at_ms < ?"
            table.mark(RecordKind.ACTION, _numbers(connection, sql, (start, end)))
        elif what == ALERT:
            sql = "SELECT no FROM alert WHERE opened_ms >= ? AND opened_ms < ?"
            table.mark(RecordKind.ALERT, _numbers(connection, sql, (start, end)))
        else:
            sql = "SELECT no FROM event WHERE observed_ms >= ? AND observed_ms < ?"
            table.mark_events(_numbers(connection, sql, (start, end)))


def _numbers(connection: Any, sql: str, bound: tuple[int, ...]) -> list[int]:
    return [int(no) for (no,) in connection.execute(sql, bound)]


def _span(day: int, zone: ZoneInfo) -> tuple[int, int]:
    """A local day in ms since 1970."""
    return ms(local_midnight(day, zone)), ms(local_midnight(day + 1, zone))


_EVENTS = """
    SELECT kind, count(*), sum(observed_ms), coalesce(sum(count), 0) FROM event
    WHERE observed_ms >= ? AND observed_ms < ? AND no <= ? GROUP BY kind"""
_DUE_EVENTS = """
    SELECT e.observed_ms FROM event_due q JOIN event e ON e.no = q.event WHERE q.follower = ?"""
_DUE_RECORDS = """
    SELECT x.{at} FROM record_due q JOIN {kind} x ON x.no = q.no
    WHERE q.follower = ? AND q.kind = '{kind}'"""
_SPANS = """
    SELECT min(observed_ms), max(observed_ms) FROM event
    UNION ALL SELECT min(hour) * 3600000, max(hour) * 3600000 FROM effort_hour
    UNION ALL SELECT min(at_ms), max(at_ms) FROM act
    UNION ALL SELECT min(opened_ms), max(opened_ms) FROM alert"""

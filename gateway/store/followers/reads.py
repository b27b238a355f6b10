"""What one follower has, and what is due to it: queries on a reader's thread.

Owns these statements. Must not know the network, nor what is special to one follower (`influx`, `region`).
"""

from collections.abc import Iterable
from typing import Any

import apsw
import msgspec

from gateway.store.followers.follower import (
    DueEvent,
    DueHour,
    Follower,
    FollowerPart,
    JournalRow,
    JournalSpan,
)
from gateway.store.rollups.hours import Rollup, SightingKey
from gateway.store.rollups.walk import WalkCursor
from gateway.store.rows import EVENT_SELECT
from gateway.store.setting_keys import SettingKey


class FollowerReads:
    """Queries for one follower."""

    FOLLOWER: Follower

    def __init__(self, connection: apsw.Connection) -> None:
        self.connection = connection  # for this package only
        self._execute = connection.execute
        self._no = int(self.FOLLOWER)

    def _all(self, sql: str, bound: tuple[int | str, ...] = ()) -> list[Any]:
        return self._execute(sql, bound).fetchall()

    def done(self) -> list[JournalSpan]:
        """The journal numbers that the follower has, in order."""
        text = self.get(self.FOLLOWER.key(FollowerPart.DONE))
        return msgspec.json.decode(text, type=list[JournalSpan]) if text else []

    def walk(self) -> WalkCursor | None:
        """How far the walk over old roll-ups came; None: it does not follow."""
        text = self.get(self.FOLLOWER.key(FollowerPart.WALK))
        return msgspec.json.decode(text, type=WalkCursor) if text else None

    def get(self, key: SettingKey) -> str | None:
        """One setting, or None."""
        row = self._execute("SELECT value FROM setting WHERE key = ?", (key,)).fetchone()
        return row[0] if row else None

    def head(self) -> int:
        """The newest journal number; 0 when there is none."""
        return int(self._all("SELECT coalesce(max(no), 0) FROM event")[0][0])

    def rows(self, span: JournalSpan, limit: int) -> Iterable[JournalRow]:
        """The rows of a span, in order."""
        sql = f"SELECT e.no, {EVENT_SELECT} WHERE e.no > ? AND e.no <= ? ORDER BY e.no LIMIT ?"
        return self._execute(sql, (*span, limit))

    def rows_observed(
        self, after: int, start_ms: int, end_ms: int, limit: int
    ) -> Iterable[JournalRow]:
        """The same for events observed in [start, end), after a journal number."""
        sql = (
            f"SELECT e.no, {EVENT_SELECT} WHERE e.no > ? AND e.observed_ms >= ? "
            "AND e.observed_ms < ? ORDER BY e.no LIMIT ?"
        )
        return self._execute(sql, (after, start_ms, end_ms, limit))

    def due_events(self, limit: int) -> list[DueEvent]:
        """Events to be sent again."""
        sql = (
            f"SELECT q.was, q.change, e.no, {EVENT_SELECT} "
            "JOIN event_due q ON q.event = e.no WHERE q.follower = ? LIMIT ?"
        )
        return [DueEvent(row[0], row[2:], row[1]) for row in self._all(sql, (self._no, limit))]

    def due_hours(self, before: int, limit: int) -> list[DueHour]:
        """Changed roll-ups of hours before `before`, the newest first."""
        bound = (self._no, before, limit)
        seen: dict[tuple[int, int], list[SightingKey]] = {}
        hours = self._all(_DUE_HOURS, bound)  # read first: what changes after this read stays due
        for hour, device, *cell in self._all(_DUE_SIGHTINGS, bound):
            seen.setdefault((hour, device), []).append(tuple(cell))
        return [
            DueHour(change, Rollup(hour, no, device, alive, armed, tuple(seen.get((hour, no), ()))))
            for hour, no, change, device, alive, armed in hours
        ]

    def waiting(self, before: int = 1 << 40) -> int:
        """How many changed roll-ups of hours before `before` and changed events are due."""
        sql = (
            "SELECT (SELECT count(*) FROM hour_due WHERE follower = ?1 AND hour < ?2) "
            "+ (SELECT count(*) FROM event_due WHERE follower = ?1)"
        )
        [(count,)] = self._execute(sql, (self._no, before))
        return int(count)

    def device_numbers(self) -> list[int]:
        """The short numbers of all devices."""
        return [no for (no,) in self._execute("SELECT no FROM device ORDER BY no")]


_SOME_DUE_HOURS = """
    SELECT hour, device, change FROM hour_due WHERE follower = ? AND hour < ?
    ORDER BY hour DESC, device DESC LIMIT ?"""
_DUE_HOURS = f"""
    SELECT q.hour, q.device, q.change, d.id, e.alive_ms, e.armed_ms
    FROM ({_SOME_DUE_HOURS}) q JOIN device d ON d.no = q.device
    LEFT JOIN effort_hour e ON e.device = q.device AND e.hour = q.hour
    ORDER BY q.hour DESC, q.device DESC"""
_DUE_SIGHTINGS = f"""
    SELECT q.hour, q.device, s.species, s.records, s.independent, s.animals
    FROM ({_SOME_DUE_HOURS}) q JOIN sighting_hour s ON s.device = q.device AND s.hour = q.hour"""

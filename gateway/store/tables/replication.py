"""What InfluxDB has received from the journal, must receive again, and has refused.

Owns these statements; InfluxDB is called the follower here. Must not know the network. The journal's number
`event.no` is the order of commit. `done` holds the numbers that the follower has, as half-open ranges
(after, up to].
"""

from collections.abc import Iterable, Sequence
from typing import Any

import apsw
import msgspec
from msgspec import Struct

from gateway.domain.resident_reports import Sighting
from gateway.store.rollups.hours import Rollup, SightingKey
from gateway.store.rollups.walk import WalkCursor
from gateway.store.rows import EVENT_SELECT, to_sighting
from gateway.store.setting_keys import SettingKey
from gateway.store.tables.actions import DueAction, with_chains

JournalSpan = tuple[int, int]
"""Journal numbers n with after < n <= up to."""
JournalRow = tuple[Any, ...]
"""The journal number, then the columns of `rows.EventRow`."""


class DueHour(Struct, frozen=True):
    """An hour that changed since it was sent to the follower."""

    change: int  # how often
    rollup: Rollup


class DueEvent(Struct, frozen=True):
    """An event to be sent again: see JournalRow."""

    was: str  # its former time in ms, whose point must be deleted; "-": the time did not change
    row: JournalRow


class FollowerTable:
    """Statements inside a transaction of the writer."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._execute = connection.execute
        self._many = connection.executemany
        self._changes = connection.changes

    def follow(self, begin: WalkCursor, layout: int) -> None:
        """From now on record every change as due; roll-ups that exist already are sent by the walk.

        Starts the walk again if the follower has them in another layout.
        """
        self.put(SettingKey.INFLUX_FOLLOW, "1")
        if self._get(SettingKey.INFLUX_LAYOUT) != str(layout):
            self.put(SettingKey.INFLUX_LAYOUT, str(layout))
            self.walked(begin)
            self.put(SettingKey.INFLUX_MARKED, "0")

    def mark_open(self, limit: int) -> bool:
        """Record about `limit` of the hours that the walk leaves out as due; False when all are recorded.

        They are few, unless the clock is far in the past.
        """
        marked, place = self._get(SettingKey.INFLUX_MARKED), self._get(SettingKey.INFLUX_WALK)
        if not marked or not place:
            return False
        hours = msgspec.json.decode(place, type=WalkCursor).hours
        rest = self._execute("SELECT no FROM device WHERE no > ? ORDER BY no", (int(marked),))
        for device in [int(no) for (no,) in rest]:
            self.mark_hours(device, hours, 1 << 40)
            limit -= self._changes()
            if limit <= 0:
                self.put(SettingKey.INFLUX_MARKED, str(device))
                return True
        self._execute("DELETE FROM setting WHERE key = ?", (SettingKey.INFLUX_MARKED,))
        return False

    def walked(self, place: WalkCursor) -> None:
        """The follower has received the roll-ups up to here."""
        self.put(SettingKey.INFLUX_WALK, msgspec.json.encode(place).decode())

    def unfollow(self) -> None:
        """Stop recording changes; the next `follow` starts from the beginning."""
        self._many(
            "DELETE FROM setting WHERE key = ?",
            [
                (key,)
                for key in (
                    SettingKey.INFLUX_FOLLOW,
                    SettingKey.INFLUX_LAYOUT,
                    SettingKey.INFLUX_WALK,
                    SettingKey.INFLUX_MARKED,
                    SettingKey.INFLUX_DONE,
                    SettingKey.INFLUX_ACTS,
                    SettingKey.INFLUX_SIGHTINGS,
                )
            ],
        )
        for table in ("hour_due", "event_due", "influx_refused"):
            self._execute(f"DELETE FROM {table}")  # noqa: S608 - a constant

    def mark_hours(self, device_no: int, start: int, end: int) -> None:
        """The roll-ups of a device in hours [start, end) are to be sent again."""
        self._execute(
            "INSERT INTO hour_due SELECT hour, device, 1 FROM ("
            "SELECT hour, device FROM effort_hour WHERE device = ?1 AND hour >= ?2 AND hour < ?3 "
            "UNION SELECT hour, device FROM sighting_hour "
            "WHERE device = ?1 AND hour >= ?2 AND hour < ?3) "
            "WHERE true ON CONFLICT DO UPDATE SET change = change + 1",
            (device_no, start, end),
        )

    def settle_hours(self, hours: Iterable[DueHour]) -> None:
        """Delete due hours that were sent, unless they changed again meanwhile."""
        sql = "DELETE FROM hour_due WHERE hour = ? AND device = ? AND change = ?"
        rows = [(due.rollup.at, due.rollup.device_no, due.change) for due in hours]
        self._many(sql, rows)

    def settle_events(self, events: Iterable[DueEvent]) -> None:
        """Delete due events that were sent."""
        sql = "DELETE FROM event_due WHERE event = ? AND was = ?"
        self._many(sql, [(event.row[0], event.was) for event in events])

    def put_done(self, done: Sequence[JournalSpan]) -> None:
        """Store which journal numbers the follower has."""
        self.put(SettingKey.INFLUX_DONE, msgspec.json.encode(done).decode())

    def sent_up_to(self) -> int:
        """The journal number up to which everything was sent; without a follower a number beyond all."""
        if not self._get(SettingKey.INFLUX_FOLLOW):
            return 1 << 60
        spans = self._done()
        waiting = self._execute("SELECT min(event) - 1 FROM event_due").fetchone()
        [(first,)] = self._execute("SELECT coalesce(min(no), 0) FROM event")
        done = next((to for after, to in spans if after < first <= to), 0)
        return min(done, waiting[0]) if waiting and waiting[0] is not None else done

    def forget_lost(self) -> None:
        """After a salvage: numbers beyond the newest event will be used again for other events."""
        [(head,)] = self._execute("SELECT coalesce(max(no), 0) FROM event")
        if spans := self._done():
            self.put_done([(after, min(to, head)) for after, to in spans if after < head])

    def _done(self) -> list[JournalSpan]:
        text = self._get(SettingKey.INFLUX_DONE)
        return msgspec.json.decode(text, type=list[JournalSpan]) if text else []

    def _get(self, key: str) -> str:
        row = self._execute("SELECT value FROM setting WHERE key = ?", (key,)).fetchone()
        return str(row[0]) if row else ""

    def put(self, key: str, value: str) -> None:
        """Store one setting."""
        self._execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (key, value))

    def refuse(self, refused: Iterable[tuple[str, str, str]], now_ms: int) -> None:
        """Store (key, line, detail) of what the follower refused."""
        self._many(
            "INSERT OR REPLACE INTO influx_refused VALUES (?, ?, ?, ?)",
            [(key, line, detail, now_ms) for key, line, detail in refused],
        )

    def retry_refused(self) -> int:
        """Make everything refused due again; returns how many."""
        keys = [key.split() for (key,) in self._execute("DELETE FROM influx_refused RETURNING key")]
        self._many(
            "INSERT INTO event_due VALUES (?, '-') ON CONFLICT DO NOTHING",
            [(int(no),) for kind, no, *_ in keys if kind == "event"],
        )
        self._many(
            "INSERT INTO hour_due VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET change = change + 1",
            [(int(key[1]), int(key[2])) for key in keys if key[0] == "hour"],
        )
        for name, cursor in (
            ("act", SettingKey.INFLUX_ACTS),
            ("report", SettingKey.INFLUX_SIGHTINGS),
        ):
            if numbers := [int(no) for kind, no, *_ in keys if kind == name]:
                self.put(cursor, str(min(numbers) - 1))
        return len(keys)


class FollowerReads:
    """Queries on a reader's thread."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._execute = connection.execute

    def _all(self, sql: str, bound: tuple[int, ...] = ()) -> list[Any]:
        return self._execute(sql, bound).fetchall()

    def done(self) -> list[JournalSpan]:
        """The journal numbers that the follower has, in order."""
        text = self.get(SettingKey.INFLUX_DONE)
        return msgspec.json.decode(text, type=list[JournalSpan]) if text else []

    def get(self, key: str) -> str | None:
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
        sql = f"SELECT q.was, e.no, {EVENT_SELECT} JOIN event_due q ON q.event = e.no LIMIT ?"
        return [DueEvent(row[0], row[1:]) for row in self._all(sql, (limit,))]

    def due_hours(self, before: int, limit: int) -> list[DueHour]:
        """Changed roll-ups of hours before `before`, the newest first."""
        bound = (before, limit)
        seen: dict[tuple[int, int], list[SightingKey]] = {}
        hours = self._all(_DUE_HOURS, bound)  # read first: what changes after this read stays due
        for hour, device, *cell in self._all(_DUE_SIGHTINGS, bound):
            seen.setdefault((hour, device), []).append(tuple(cell))
        return [
            DueHour(change, Rollup(hour, no, device, alive, armed, tuple(seen.get((hour, no), ()))))
            for hour, no, change, device, alive, armed in hours
        ]

    def acts(self, limit: int) -> list[DueAction]:
        """The next actions to send, in order; before a correction, once more what it corrects."""
        return with_chains(self._execute, self._next("act", SettingKey.INFLUX_ACTS, limit))

    def sightings(self, limit: int) -> list[tuple[int, Sighting]]:
        """(no, sighting) of the next residents' reports to send."""
        return [
            (no, to_sighting(body))
            for no, body, _ in self._next("sighting", SettingKey.INFLUX_SIGHTINGS, limit)
        ]

    def _next(self, table: str, cursor: str, limit: int) -> list[JournalRow]:
        counts = "counts" if table == "act" else "1"
        sql = f"SELECT no, body, {counts} FROM {table} WHERE no > ? ORDER BY no LIMIT ?"  # noqa: S608
        return self._all(sql, (int(self.get(cursor) or 0), limit))

    def waiting(self, before: int = 1 << 40) -> int:
        """How many changed roll-ups of hours before `before` and changed events are due."""
        sql = "SELECT (SELECT count(*) FROM hour_due WHERE hour < ?) + (SELECT count(*) FROM event_due)"
        [(count,)] = self._execute(sql, (before,))
        return int(count)

    def refused(self) -> int:
        """How many points the follower has refused."""
        return int(self._all("SELECT count(*) FROM influx_refused")[0][0])

    def refusals(self, limit: int = 20) -> list[tuple[str, str, str]]:
        """(key, line, detail) of the newest."""
        sql = "SELECT key, line, detail FROM influx_refused ORDER BY refused_ms DESC LIMIT ?"
        return self._all(sql, (limit,))

    def device_numbers(self) -> list[int]:
        """The short numbers of all devices."""
        return [no for (no,) in self._execute("SELECT no FROM device ORDER BY no")]


_SOME_DUE_HOURS = """
    SELECT hour, device, change FROM hour_due WHERE hour < ?
    ORDER BY hour DESC, device DESC LIMIT ?"""
_DUE_HOURS = f"""
    SELECT q.hour, q.device, q.change, d.id, e.alive_ms, e.armed_ms
    FROM ({_SOME_DUE_HOURS}) q JOIN device d ON d.no = q.device
    LEFT JOIN effort_hour e ON e.device = q.device AND e.hour = q.hour
    ORDER BY q.hour DESC, q.device DESC"""  # noqa: S608 - a query of ours
_DUE_SIGHTINGS = f"""
    SELECT q.hour, q.device, s.species, s.records, s.independent, s.animals
    FROM ({_SOME_DUE_HOURS}) q JOIN sighting_hour s ON s.device = q.device AND s.hour = q.hour"""  # noqa: S608

"""What one follower has, and what is due to it: statements inside a transaction of the writer.

Owns these statements. Must not know the network, nor what is special to one follower (`influx`, `region`).
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import apsw
import msgspec

from gateway.store.followers.follower import (
    DueEvent,
    DueHour,
    Follower,
    FollowerPart,
    JournalSpan,
)
from gateway.store.rollups.walk import WalkCursor
from gateway.store.setting_keys import SettingKey

_NONE_FOLLOWS = 1 << 60


class FollowerTable:
    """Statements for one follower."""

    FOLLOWER: Follower
    TAKES_RECORDS = False  # of devices, actions and alerts

    def __init__(self, connection: apsw.Connection) -> None:
        self.connection = connection  # for this package only
        self._execute = connection.execute
        self._many = connection.executemany
        self._changes = connection.changes
        self._no = int(self.FOLLOWER)
        self._layout, self._walk, self._marked, self._done_key = map(
            self.FOLLOWER.key,
            (FollowerPart.LAYOUT, FollowerPart.WALK, FollowerPart.MARKED, FollowerPart.DONE),
        )

    def follow(self, begin: WalkCursor, layout: int) -> None:
        """From now on record every change as due; roll-ups that exist already are sent by the walk.

        Starts the walk again if the follower has them in another layout.
        """
        self._execute(
            "INSERT OR IGNORE INTO follower VALUES (?, ?)", (self._no, int(self.TAKES_RECORDS))
        )
        if self._get(self._layout) != str(layout):
            self.put(self._layout, str(layout))
            self.walked(begin)
            self.put(self._marked, "0")

    def mark_open(self, limit: int) -> bool:
        """Record about `limit` of the hours that the walk leaves out as due; False when all are recorded.

        They are few, unless the clock is far in the past.
        """
        marked, place = self._get(self._marked), self._get(self._walk)
        if not marked or not place:
            return False
        hours = msgspec.json.decode(place, type=WalkCursor).hours
        rest = self._execute("SELECT no FROM device WHERE no > ? ORDER BY no", (int(marked),))
        for device in [int(no) for (no,) in rest]:
            self.mark_hours(device, hours, 1 << 40)
            limit -= self._changes()
            if limit <= 0:
                self.put(self._marked, str(device))
                return True
        self._execute("DELETE FROM setting WHERE key = ?", (self._marked,))
        return False

    def walked(self, place: WalkCursor) -> None:
        """The follower has received the roll-ups up to here."""
        self.put(self._walk, msgspec.json.encode(place).decode())

    def unfollow(self) -> None:
        """Stop recording changes; the next `follow` starts from the beginning."""
        self._execute("DELETE FROM follower WHERE no = ?", (self._no,))
        keys = (self.FOLLOWER.key(part) for part in FollowerPart)
        self._many("DELETE FROM setting WHERE key = ?", [(key,) for key in keys])
        for table in ("hour_due", "event_due", "record_due"):
            self._execute(f"DELETE FROM {table} WHERE follower = ?", (self._no,))

    def mark_hours(self, device_no: int, start: int, end: int) -> None:
        """The roll-ups of a device in hours [start, end) are to be sent again."""
        self._execute(
            "INSERT INTO hour_due SELECT ?4, hour, device, 1 FROM ("
            "SELECT hour, device FROM effort_hour WHERE device = ?1 AND hour >= ?2 AND hour < ?3 "
            "UNION SELECT hour, device FROM sighting_hour "
            "WHERE device = ?1 AND hour >= ?2 AND hour < ?3) "
            "WHERE true ON CONFLICT DO UPDATE SET change = change + 1",
            (device_no, start, end, self._no),
        )

    def settle_hours(self, hours: Iterable[DueHour]) -> None:
        """Delete due hours that were sent, unless they changed again meanwhile."""
        sql = "DELETE FROM hour_due WHERE follower = ? AND hour = ? AND device = ? AND change = ?"
        rows = [(self._no, due.rollup.at, due.rollup.device_no, due.change) for due in hours]
        self._many(sql, rows)

    def settle_events(self, events: Iterable[DueEvent]) -> None:
        """Delete due events that were sent, unless they changed again meanwhile."""
        sql = "DELETE FROM event_due WHERE follower = ? AND event = ? AND was = ? AND change = ?"
        self._many(sql, [(self._no, event.row[0], event.was, event.change) for event in events])

    def put_done(self, done: Sequence[JournalSpan]) -> None:
        """Store which journal numbers the follower has."""
        self.put(self._done_key, msgspec.json.encode(done).decode())

    def sent_up_to(self) -> int:
        """The journal number up to which it has everything; a number beyond all if it does not follow."""
        if not self._execute("SELECT 1 FROM follower WHERE no = ?", (self._no,)).fetchone():
            return _NONE_FOLLOWS
        waiting = self._execute(
            "SELECT min(event) - 1 FROM event_due WHERE follower = ?", (self._no,)
        ).fetchone()
        [(first,)] = self._execute("SELECT coalesce(min(no), 0) FROM event")
        done = next((to for after, to in self._done() if after < first <= to), 0)
        return min(done, waiting[0]) if waiting and waiting[0] is not None else done

    def _done(self) -> list[JournalSpan]:
        text = self._get(self._done_key)
        return msgspec.json.decode(text, type=list[JournalSpan]) if text else []

    def _get(self, key: SettingKey) -> str:
        row = self._execute("SELECT value FROM setting WHERE key = ?", (key,)).fetchone()
        return str(row[0]) if row else ""

    def put(self, key: SettingKey, value: str) -> None:
        """Store one setting."""
        self._execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (key, value))


def mark_events_after(execute: Callable[..., Any], no: int) -> None:
    """Every event after a journal number is due to all followers again."""
    execute(
        "INSERT INTO event_due SELECT f.no, e.no, '-', 1 FROM follower f CROSS JOIN event e "
        "WHERE e.no > ? ON CONFLICT DO UPDATE SET change = change + 1",
        (no,),
    )

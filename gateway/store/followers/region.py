"""What is special to the region as a follower: whole records, the journal's name, its requests.

Owns these statements. Must not know the network, nor what may leave the town. The journal's name (SettingKey
JOURNAL) belongs to one life of the database: a restore and a salvage make a new one, and then the region gets
everything again.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any
from uuid import uuid4

import msgspec
from msgspec import Struct

from gateway.domain.model import Alert, Device, Kind, TrapAction
from gateway.store.followers.follower import (
    DueRecord,
    Follower,
    JournalRow,
    JournalSpan,
    RecordKind,
)
from gateway.store.followers.reads import FollowerReads
from gateway.store.followers.table import FollowerTable
from gateway.store.rollups.walk import WalkCursor
from gateway.store.rows import EVENT_SELECT, readable, to_act, to_alert, to_device
from gateway.store.setting_keys import SettingKey

MARKED_KINDS = (RecordKind.DEVICE, RecordKind.ACTION, RecordKind.ALERT)
KEPT_REQUESTS = 1_000  # answered ones; the newest


class StoredRequest(Struct, frozen=True):
    """A request of the region as it was decided."""

    id: str
    body: bytes
    outcome: str
    reason: str
    at_ms: int


class RegionTable(FollowerTable):
    """Statements inside a transaction of the writer."""

    FOLLOWER = Follower.REGION
    TAKES_RECORDS = True

    def begin(self, walk: WalkCursor, layout: int, today: int = 0) -> str:
        """Follow, from the beginning if the journal has another name than before; gives its name.

        `today`: the local day, on which the region is compared if it begins anew.
        """
        name = self._get(SettingKey.JOURNAL)
        if not name:
            self.put(SettingKey.JOURNAL, name := uuid4().hex)
        if self._get(SettingKey.REGION_JOURNAL) != name:
            self.unfollow()
            self.put(SettingKey.REGION_JOURNAL, name)
            self.put(SettingKey.REGION_COMPARE, str(today))
        self.follow(walk, layout)
        return name

    def follow(self, begin: WalkCursor, layout: int) -> None:
        """From now on record every change as due; what exists already is sent by walk and marks."""
        again = self._get(self._layout) != str(layout)
        super().follow(begin, layout)
        if again:
            self.put(SettingKey.REGION_RECORDS, "[0,0]")

    def renew_journal(self) -> None:
        """From now on this is another life of the database; nothing where it never had a name."""
        self._execute(
            "UPDATE setting SET value = ? WHERE key = ?", (uuid4().hex, SettingKey.JOURNAL)
        )

    def open_session(self, known: int, done: Sequence[JournalSpan]) -> int:
        """The number of this start: above all earlier ones and above `known`, which the region tells.

        `done`: what the region has of the journal.
        """
        session = max(int(self._get(SettingKey.REGION_SESSION) or 0), known) + 1
        self.put(SettingKey.REGION_SESSION, str(session))
        self.put_done(done)
        return session

    def compared(self) -> None:
        """The region was compared with what was sent anew."""
        self._execute("DELETE FROM setting WHERE key = ?", (SettingKey.REGION_COMPARE,))

    def settle(self, settle: Callable[["RegionTable"], None], version: int, journal: str) -> None:
        """A block of this version was taken. Nothing, if the journal is another one since it was read."""
        if self._get(SettingKey.JOURNAL) != journal:
            return
        settle(self)
        self.put(SettingKey.REGION_VERSION, str(version))

    def unfollow(self) -> None:
        """Stop recording changes; the next `begin` starts from the beginning."""
        super().unfollow()
        keys = (
            SettingKey.REGION_RECORDS,
            SettingKey.REGION_JOURNAL,
            SettingKey.REGION_LEVEL,
            SettingKey.REGION_VERSION,
            SettingKey.REGION_COMPARE,
        )
        self._many("DELETE FROM setting WHERE key = ?", [(key,) for key in keys])

    def mark_records(self, limit: int) -> bool:
        """Record up to `limit` rows that existed before as due; False when all are recorded."""
        place = self._get(SettingKey.REGION_RECORDS)
        if not place:
            return False
        at, after = msgspec.json.decode(place, type=tuple[int, int])
        table = MARKED_KINDS[at].value
        rows: list[Any] = self._execute(
            f"SELECT no FROM {table} WHERE no > ? ORDER BY no LIMIT ?",
            (after, limit),
        ).fetchall()
        self.mark(MARKED_KINDS[at], [no for (no,) in rows])
        at, after = (at, int(rows[-1][0])) if len(rows) == limit else (at + 1, 0)
        if at < len(MARKED_KINDS):
            self.put(SettingKey.REGION_RECORDS, msgspec.json.encode((at, after)).decode())
            return True
        self._execute("DELETE FROM setting WHERE key = ?", (SettingKey.REGION_RECORDS,))
        return False

    def mark(self, kind: RecordKind, numbers: Iterable[int]) -> None:
        """Rows of a table are to be sent again."""
        self._many(
            "INSERT INTO record_due VALUES (?, ?, ?, 1) "
            "ON CONFLICT DO UPDATE SET change = change + 1",
            [(self._no, kind.value, no) for no in numbers],
        )

    def set_level(self, level: str) -> None:
        """How exactly places are sent from now on; where it changes, all that tells a place is due again."""
        if level == self._get(SettingKey.REGION_LEVEL):
            return
        self.put(SettingKey.REGION_LEVEL, level)
        for kind in (RecordKind.DEVICE, RecordKind.ALERT):
            self._execute(
                f"INSERT INTO record_due SELECT ?, ?, no, 1 FROM {kind.value} WHERE true "
                "ON CONFLICT DO UPDATE SET change = change + 1",
                (self._no, kind.value),
            )

    def mark_events(self, numbers: Iterable[int]) -> None:
        """Events are to be sent again."""
        self._many(
            "INSERT INTO event_due VALUES (?, ?, '-', 1) "
            "ON CONFLICT DO UPDATE SET change = change + 1",
            [(self._no, no) for no in numbers],
        )

    def mark_every_hour(self, start: int, end: int) -> None:
        """Hours [start, end) of all devices are to be sent again, also those without a roll-up any more."""
        hours = msgspec.json.encode(list(range(start, end))).decode()
        self._execute(
            "INSERT INTO hour_due SELECT ?, h.value, d.no, 1 FROM device d CROSS JOIN json_each(?) h "
            "WHERE true ON CONFLICT DO UPDATE SET change = change + 1",
            (self._no, hours),
        )

    def settle_records(self, records: Iterable[DueRecord]) -> None:
        """Delete due records that were sent, unless they changed again meanwhile."""
        self._many(
            "DELETE FROM record_due WHERE follower = ? AND kind = ? AND no = ? AND change = ?",
            [(self._no, one.kind.value, one.no, one.change) for one in records],
        )

    def find_request(self, id_: str) -> StoredRequest | None:
        """A request that was decided, or None."""
        sql = "SELECT id, body, outcome, reason, at_ms FROM region_request WHERE id = ?"
        row = self._execute(sql, (id_,)).fetchone()
        return StoredRequest(*row) if row else None

    def put_request(self, one: StoredRequest) -> None:
        """Store how a request was decided; the oldest that are answered make room."""
        self._execute(
            "INSERT OR IGNORE INTO region_request (id, body, outcome, reason, at_ms) "
            "VALUES (?, ?, ?, ?, ?)",
            (one.id, one.body, one.outcome, one.reason, one.at_ms),
        )
        self._execute(
            "DELETE FROM region_request WHERE answered AND no <= "
            "(SELECT max(no) FROM region_request) - ?",
            (KEPT_REQUESTS,),
        )

    def ask_again(self, ids: Iterable[str]) -> None:
        """The region repeats these requests: it has no answer yet."""
        sql = "UPDATE region_request SET answered = 0 WHERE id = ? AND answered"
        self._many(sql, [(id_,) for id_ in ids])

    def answered(self, ids: Iterable[str]) -> None:
        """The region has the answers to these requests."""
        sql = "UPDATE region_request SET answered = 1 WHERE id = ?"
        self._many(sql, [(id_,) for id_ in ids])


class RegionReads(FollowerReads):
    """Queries on a reader's thread."""

    FOLLOWER = Follower.REGION

    def follows(self) -> bool:
        """Whether changes are recorded for it."""
        return bool(self._all("SELECT 1 FROM follower WHERE no = ?", (self._no,)))

    def upto(self) -> int:
        """The journal number up to which it has everything."""
        return self.done()[0][1] if self.done() else 0

    def compare_since(self) -> int | None:
        """The local day on which all was sent anew, if the region is to be compared; else None."""
        text = self.get(SettingKey.REGION_COMPARE)
        return int(text) if text else None

    def version(self) -> int:
        """The version of the last block that the region has taken."""
        return int(self.get(SettingKey.REGION_VERSION) or 0)

    def session(self) -> int:
        """The number of the last start."""
        return int(self.get(SettingKey.REGION_SESSION) or 0)

    def due_records(self, kind: RecordKind, limit: int) -> list[DueRecord]:
        """Changed rows of a table, the newest first."""
        sql = (
            "SELECT no, change FROM record_due WHERE follower = ? AND kind = ? "
            "ORDER BY no DESC LIMIT ?"
        )
        return [DueRecord(kind, *row) for row in self._all(sql, (self._no, kind.value, limit))]

    def devices(self, due: Sequence[DueRecord]) -> list[Device]:
        """The devices of due rows; a damaged one is left out."""
        return list(readable(to_device, [body for (body,) in self._of(due, "body")]))

    def alerts(self, due: Sequence[DueRecord]) -> list[Alert]:
        """The alerts of due rows; a damaged one is left out."""
        return list(readable(to_alert, [body for (body,) in self._of(due, "body")]))

    def actions(self, due: Sequence[DueRecord]) -> list[tuple[TrapAction, bool]]:
        """The actions of due rows, and whether they count; a damaged one is left out."""
        rows = self._of(due, "body, counts")
        return list(readable(lambda row: (to_act(row[0]), bool(row[1])), rows))

    def _of(self, due: Sequence[DueRecord], columns: str) -> list[Any]:
        if not due:
            return []
        numbers = msgspec.json.encode([one.no for one in due]).decode()
        sql = (
            f"SELECT {columns} FROM {due[0].kind.value} "
            "WHERE no IN (SELECT value FROM json_each(?)) ORDER BY no DESC"
        )
        return self._all(sql, (numbers,))

    def springs(self, after: int, limit: int) -> list[JournalRow]:
        """Springs after a journal number, the newest first. By an index of springs only."""
        sql = (
            f"SELECT e.no, {EVENT_SELECT} WHERE e.no IN (SELECT x.no FROM event x "
            f"INDEXED BY event_trap WHERE x.kind IN ('{Kind.SPRUNG}', '{Kind.SET}') "
            f"AND x.kind = '{Kind.SPRUNG}' AND x.no > ? ORDER BY x.no DESC LIMIT ?) ORDER BY e.no DESC"
        )
        return self._all(sql, (after, limit))

    def records_waiting(self) -> int:
        """How many changed rows of other tables are due."""
        sql = "SELECT count(*) FROM record_due WHERE follower = ?"
        return int(self._all(sql, (self._no,))[0][0])

    def requests_to_answer(self, limit: int) -> list[StoredRequest]:
        """Decided requests whose answer the region does not have, the oldest first."""
        sql = (
            "SELECT id, body, outcome, reason, at_ms FROM region_request "
            "WHERE NOT answered ORDER BY no LIMIT ?"
        )
        return [StoredRequest(*row) for row in self._all(sql, (limit,))]

    def requests(self, limit: int) -> list[StoredRequest]:
        """The newest requests of the region, with what was decided."""
        sql = "SELECT id, body, outcome, reason, at_ms FROM region_request ORDER BY no DESC LIMIT ?"
        return [StoredRequest(*row) for row in self._all(sql, (limit,))]

    def device_ids(self) -> frozenset[str]:
        """The ids of the registry."""
        return frozenset(id_ for (id_,) in self._execute("SELECT id FROM device"))

    def level(self) -> str:
        """How exactly places were sent last; "": none was."""
        return self.get(SettingKey.REGION_LEVEL) or ""

    def first_no(self) -> int:
        """The oldest journal number that is kept; one beyond all when the journal is empty."""
        [(no,)] = self._execute("SELECT coalesce(min(no), 0) FROM event")
        return int(no)

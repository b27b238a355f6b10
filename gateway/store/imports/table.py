"""The tables import, import_device and import_row: their statements.

Must not decide whether an import may be undone. What an import changed at a device that was there before is
found by comparing: its sums are kept as they were.
"""

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import Struct

from gateway.domain.effort import HourlyTally
from gateway.domain.epoch import ms
from gateway.store.connection import DamagedFileError
from gateway.store.imports.record import ImportRecord
from gateway.store.rows import readable, to_json

_record = msgspec.json.Decoder(ImportRecord).decode
ROLLUPS = ("effort_hour", "effort_day", "effort_month")
SEEN_ROLLUPS = ("sighting_hour", "sighting_day", "sighting_month")


class Sums(Struct, array_like=True):
    """The sums of one device by the hour."""

    effort: dict[int, tuple[int, int]] = {}
    seen: list[tuple[int, str, int, int, int]] = []


class ImportedDevice(Struct, frozen=True):
    """A device that an import wrote to. `number`: its short number, None: there is no such device."""

    device: str
    number: int | None
    is_new: bool
    state: bytes | None
    sums: Sums


class ImportReads:
    """Reading verbs of one connection."""

    def __init__(self, connection: Any) -> None:
        self._execute = connection.execute

    def latest(self, limit: int = 100) -> list[ImportRecord]:
        """The newest imports, newest first."""
        rows = self._execute("SELECT body FROM import ORDER BY no DESC LIMIT ?", (limit,))
        return list(readable(_to_record, (body for (body,) in rows)))

    def find(self, id_: str) -> ImportRecord | None:
        """One import, or None."""
        row = self._execute("SELECT body FROM import WHERE id = ?", (id_,)).fetchone()
        return _to_record(row[0]) if row else None


class ImportTable(ImportReads):
    """Verbs on imports, inside a transaction of the writer."""

    def begin(self, record: ImportRecord, devices: Iterable[str]) -> None:
        """Note an import before it writes, and its devices as they are now."""
        [(first,)] = self._execute("SELECT coalesce(max(no), 0) + 1 FROM event")
        [(number,)] = self._execute(
            "INSERT INTO import (id, begun_ms, first_event, body) VALUES (?, ?, ?, ?) RETURNING no",
            (record.id, ms(record.begun_at), first, to_json(record)),
        )
        for device in devices:
            row = self._execute("SELECT no, state FROM device WHERE id = ?", (device,)).fetchone()
            sums = msgspec.json.encode(self.sums(row[0])) if row else None
            self._execute(
                "INSERT INTO import_device VALUES (?, ?, ?, ?, ?)",
                (number, device, row is None, row and row[1], sums),
            )

    def add_rows(self, id_: str, kind: str, ids: Iterable[str]) -> None:
        """Note rows of another table that an import added."""
        sql = "INSERT OR IGNORE INTO import_row SELECT no, ?, ? FROM import WHERE id = ?"
        for one in ids:
            self._execute(sql, (kind, one, id_))

    def put(self, record: ImportRecord) -> None:
        """Store an import as it is now."""
        self._execute("UPDATE import SET body = ? WHERE id = ?", (to_json(record), record.id))

    def end(self, record: ImportRecord, kind: str = "", rows: Iterable[str] = ()) -> None:
        """Store a complete import; devices to which it added nothing do not count as its own.

        `rows`: ids that it added to the table `kind`.
        """
        self.put(record)
        self.add_rows(record.id, kind, rows)
        self._execute(
            "DELETE FROM import_device WHERE NOT is_new AND import = (SELECT no FROM import WHERE id = ?1) "
            "AND NOT EXISTS (SELECT 1 FROM event e JOIN device d ON d.no = e.device "
            "WHERE d.id = import_device.device AND e.no >= "
            "(SELECT first_event FROM import WHERE id = ?1))",
            (record.id,),
        )

    def devices(self, id_: str) -> list[ImportedDevice]:
        """The devices of an import as they were before it."""
        rows = self._execute(
            "SELECT x.device, d.no, x.is_new, x.state, x.sums FROM import_device x "
            "JOIN import i ON i.no = x.import LEFT JOIN device d ON d.id = x.device "
            "WHERE i.id = ? ORDER BY x.device",
            (id_,),
        )
        return [
            ImportedDevice(
                device,
                number,
                bool(is_new),
                state,
                msgspec.json.decode(sums, type=Sums) if sums else Sums(),
            )
            for device, number, is_new, state, sums in rows
        ]

    def rows(self, id_: str, kind: str) -> list[str]:
        """The ids of the other rows that an import added."""
        sql = "SELECT x.id FROM import_row x JOIN import i ON i.no = x.import WHERE i.id = ? AND kind = ?"
        return [one for (one,) in self._execute(sql, (id_, kind))]

    def later(self, id_: str) -> list[ImportRecord]:
        """Later imports, not undone, that wrote to the same devices."""
        rows = self._execute(
            "SELECT DISTINCT l.body FROM import i JOIN import_device x ON x.import = i.no "
            "JOIN import_device y ON y.device = x.device JOIN import l ON l.no = y.import "
            "WHERE i.id = ? AND l.no > i.no",
            (id_,),
        )
        return [one for one in readable(_to_record, (b for (b,) in rows)) if not one.is_undone]

    def depending(self, id_: str) -> list[str]:
        """What people or rules recorded since about the devices and reports of an import."""
        ours = "(SELECT x.device FROM import_device x JOIN import i ON i.no = x.import WHERE i.id = ?1)"
        reports = "(SELECT x.id FROM import_row x JOIN import i ON i.no = x.import WHERE i.id = ?1)"
        rows = self._execute(
            f"SELECT 'action ' || id FROM act WHERE device IN {ours} "
            f"UNION ALL SELECT 'alert ' || id FROM alert WHERE subject IN {ours} "
            f"UNION ALL SELECT 'damage ' || id FROM damage WHERE report IN {reports} AND counts "
            f"UNION ALL SELECT 'damage ' || id FROM damage WHERE replaces IN {reports} LIMIT 5",
            (id_,),
        )
        return [what for (what,) in rows]

    def is_sent(self) -> bool:
        """Whether InfluxDB or a region is sent what is stored: it cannot be taken back there."""
        return self._execute("SELECT 1 FROM follower LIMIT 1").fetchone() is not None

    def sums(self, number: int) -> Sums:
        """The sums of a device by the hour."""
        effort = self._execute(
            "SELECT hour, alive_ms, armed_ms FROM effort_hour WHERE device = ?", (number,)
        )
        seen = self._execute(
            "SELECT hour, species, records, independent, animals FROM sighting_hour WHERE device = ?",
            (number,),
        )
        return Sums({h: (alive, armed) for h, alive, armed in effort}, [tuple(r) for r in seen])

    def remove_events(self, id_: str, number: int) -> int:
        """Delete the events of a device that an import added; returns how many."""
        rows = self._execute(
            "DELETE FROM event WHERE device = ? AND no >= (SELECT first_event FROM import WHERE id = ?) "
            "RETURNING 1",
            (number, id_),
        )
        return len(rows.fetchall())

    def remove_zeros(self, number: int) -> None:
        """Delete the sums of a device that are nothing."""
        for table in ROLLUPS:
            self._execute(
                f"DELETE FROM {table} WHERE device = ? AND alive_ms = 0 AND armed_ms = 0",
                (number,),
            )
        for table in SEEN_ROLLUPS:
            self._execute(
                f"DELETE FROM {table} WHERE device = ? AND records = 0 AND independent = 0 "
                "AND animals = 0",
                (number,),
            )

    def remove_device(self, id_: str, device: str) -> None:
        """Forget that an import wrote to a device."""
        self._execute(
            "DELETE FROM import_device WHERE device = ? AND import = (SELECT no FROM import WHERE id = ?)",
            (device, id_),
        )

    def remove_sightings(self, id_: str) -> int:
        """Delete the residents' reports that an import added; returns how many."""
        rows = self._execute(
            "DELETE FROM sighting WHERE id IN (SELECT x.id FROM import_row x JOIN import i "
            "ON i.no = x.import WHERE i.id = ? AND x.kind = 'sighting') RETURNING 1",
            (id_,),
        )
        return len(rows.fetchall())


def difference(now: Sums, before: Sums) -> HourlyTally:
    """What has to be added to `now` so that it becomes `before`. PURE."""
    effort = {
        hour: [b - n for n, b in zip(cell, before.effort.get(hour, (0, 0)), strict=True)]
        for hour, cell in now.effort.items()
    }
    earlier = {(hour, species): cells for hour, species, *cells in before.seen}
    seen = {
        (hour, species): [
            b - n for n, b in zip(cells, earlier.get((hour, species), (0, 0, 0)), strict=True)
        ]
        for hour, species, *cells in now.seen
    }
    return HourlyTally(
        {hour: cell for hour, cell in effort.items() if any(cell)},
        {key: cell for key, cell in seen.items() if any(cell)},
    )


def _to_record(body: bytes) -> ImportRecord:
    try:
        return _record(body)
    except (msgspec.MsgspecError, ValueError) as error:
        raise DamagedFileError(f"import: {error}") from None

"""The tables damage and photo_damage: their statements.

Must not decide whether a record may be corrected, nor delete one.
"""

from collections.abc import Iterator
from datetime import date
from typing import Any, Protocol

import msgspec
from msgspec.structs import replace

from gateway.domain.damage.record import DamageRecord
from gateway.domain.epoch import day_number
from gateway.domain.traps.corrections import counting
from gateway.store.connection import DamagedFileError
from gateway.store.rows import readable, to_json

_CHAIN = """
    WITH RECURSIVE
        up (id, replaces) AS (
            SELECT id, replaces FROM damage WHERE id = ?
            UNION SELECT d.id, d.replaces FROM up JOIN damage d ON d.id = up.replaces),
        chain (id) AS (
            SELECT id FROM up UNION SELECT d.id FROM chain JOIN damage d ON d.replaces = chain.id)
    SELECT body FROM damage WHERE id IN (SELECT id FROM chain) ORDER BY no"""
_record = msgspec.json.Decoder(DamageRecord).decode


class Inside(Protocol):
    """An area: `domain.geo.areas.WatchedLand` is one."""

    def touches(self, lat: float, lon: float) -> bool:
        """Whether a point lies in it."""


def undo_id(id_: str) -> str:
    """The id of the record by which the undo of an import takes one back."""
    return f"{id_}-undo"


class DamageReads:
    """Reading verbs of one connection."""

    def __init__(self, connection: Any) -> None:
        self._execute = connection.execute

    def between(
        self,
        start: date,
        end: date,
        inside: Inside | None = None,
        species: str | None = None,
        by: str | None = None,
    ) -> list[DamageRecord]:
        """The records that count, of local days [start, end), oldest first.

        `inside`: of this area only; `species`: None is all; `by`: only what this person recorded.
        """
        rows = self._execute(
            "SELECT body FROM damage WHERE counts AND day >= ?1 AND day < ?2 "
            "AND (?3 IS NULL OR species = ?3) AND (?4 IS NULL OR by = ?4) ORDER BY day, no",
            (day_number(start), day_number(end), species, by),
        )
        return [one for one in _records(rows) if inside is None or inside.touches(one.lat, one.lon)]

    def find(self, id_: str) -> DamageRecord | None:
        """One record, or None."""
        row = self._execute("SELECT body FROM damage WHERE id = ?", (id_,)).fetchone()
        return _to_record(row[0]) if row else None

    def counts(self, id_: str) -> bool:
        """Whether a record was neither corrected nor taken back."""
        row = self._execute("SELECT counts FROM damage WHERE id = ?", (id_,)).fetchone()
        return bool(row and row[0])

    def chain(self, id_: str) -> list[DamageRecord]:
        """A record with all that it corrects and all that corrects it, in the order of recording."""
        return list(_records(self._execute(_CHAIN, (id_,))))

    def of_report(self, report: str) -> DamageRecord | None:
        """The record that counts and was made of a resident's report, or None."""
        sql = "SELECT body FROM damage WHERE report = ? AND counts ORDER BY no DESC LIMIT 1"
        row = self._execute(sql, (report,)).fetchone()
        return _to_record(row[0]) if row else None

    def naming(self, photo: str) -> list[DamageRecord]:
        """The records that name a photo."""
        sql = "SELECT body FROM damage JOIN photo_damage ON damage.id = damage WHERE photo = ?"
        return list(_records(self._execute(f"{sql} ORDER BY no", (photo,))))


class DamageTable(DamageReads):
    """Verbs on records of damage, inside a transaction of the writer."""

    def add(self, record: DamageRecord) -> bool:
        """Insert a record; one whose id is stored already changes nothing. Returns whether it was new.

        Marks which records of its chain count now, and notes which photos it names.
        """
        row = self._execute(
            "INSERT OR IGNORE INTO damage (id, day, species, by, replaces, counts, report, body) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING no",
            (
                record.id,
                day_number(record.day),
                record.species,
                record.by,
                record.replaces,
                not record.is_undo,
                record.report,
                to_json(record),
            ),
        ).fetchone()
        if row is None:
            return False
        if record.replaces:
            self._mark(record.id)
        for photo in record.photos:
            named = (photo, record.id)
            self._execute("INSERT OR IGNORE INTO photo_damage VALUES (?, ?)", named)
        return True

    def add_of_file(self, record: DamageRecord) -> str | None:
        """Insert a record of a file; gives its id, or None: it is stored already.

        One that the undo of its import took back comes in anew, under its id and a number.
        """
        id_, time = record.id, 1
        while self.find(id_) is not None:
            if self.find(undo_id(id_)) is None:
                return None
            time += 1
            id_ = f"{record.id}-{time}"
        self.add(replace(record, id=id_))
        return id_

    def _mark(self, id_: str) -> None:
        chain = self.chain(id_)
        counts = {one.id for one in counting(chain)}
        for one in chain:
            self._execute("UPDATE damage SET counts = ? WHERE id = ?", (one.id in counts, one.id))


def _records(rows: Any) -> Iterator[DamageRecord]:
    return readable(_to_record, (body for (body,) in rows))


def _to_record(body: bytes) -> DamageRecord:
    try:
        return _record(body)
    except (msgspec.MsgspecError, ValueError) as error:
        raise DamagedFileError(f"damage: {error}") from None

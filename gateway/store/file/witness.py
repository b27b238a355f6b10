"""Checks that committed events are in the file that other programs see.

Owns the list of the newest events of the writing connection, and reads them through a new connection that
is opened by name, as the next start will. Events that the undo of an import took out are not missing. Must
not repair (`database_file`).
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

import apsw
from msgspec import Struct

from gateway.domain.epoch import ms
from gateway.store.connection import open_reader

MOST_EVENTS = 100  # newest events that are compared
LOOK_BACK = timedelta(hours=12)  # older ones may be purged between two checks

NEWEST = """SELECT e.no, e.id, x.import, x.device
            FROM (SELECT no, id, device, received_ms FROM event ORDER BY no DESC LIMIT ?) e
            LEFT JOIN device d ON d.no = e.device
            LEFT JOIN import_device x ON x.device = d.id AND x.import = (
                SELECT max(i.no) FROM import i JOIN import_device y ON y.import = i.no
                WHERE y.device = d.id AND i.first_event <= e.no)
            WHERE e.received_ms >= ?"""
IMPORTED = "SELECT 1 FROM import_device WHERE import = ? AND device = ?"


class SeenEvent(Struct, frozen=True):
    """A committed event. `import_no` and `device`: of the import that may have added it."""

    id: str
    import_no: int | None
    device: str | None


class Witness:
    """For one open database. On the writer's thread only."""

    def __init__(self) -> None:
        self._seen: dict[int, SeenEvent] = {}  # by journal number, at the last check

    def compare(self, writer: apsw.Connection, path: Path, now: datetime) -> tuple[int, int]:
        """(newest events that are missing in the file, those of them that the writer has lost too)."""
        rows = writer.execute(NEWEST, (MOST_EVENTS, ms(now - LOOK_BACK)))
        present = {no: SeenEvent(*values) for no, *values in rows}
        reader = open_reader(path)
        try:
            wanted = self._seen | present
            there = _there(reader, wanted)
            [(lowest,)] = reader.execute("SELECT coalesce(min(no), 0) FROM event")
        finally:
            reader.close()
        gone = [no for no in wanted if no >= lowest and no not in there]
        missing = {no for no in gone if not _is_undone(writer, wanted[no])}
        lost = missing - _there(writer, {no: wanted[no] for no in missing})
        self._seen = present
        return len(missing), len(lost)


def _there(connection: apsw.Connection, wanted: Mapping[int, SeenEvent]) -> set[int]:
    """Those of the events that a connection finds under their number with their id."""
    found = set()
    for no, event in wanted.items():
        row = connection.execute("SELECT id FROM event WHERE no = ?", (no,)).fetchone()
        if row == (event.id,):
            found.add(no)
    return found


def _is_undone(writer: apsw.Connection, event: SeenEvent) -> bool:
    """Whether the import that added an event was undone at its device since the last check."""
    if event.import_no is None:
        return False
    return writer.execute(IMPORTED, (event.import_no, event.device)).fetchone() is None

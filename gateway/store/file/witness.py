"""Checks that committed events are in the file that other programs see.

Owns the list of the newest events of the writing connection, and reads them through a new connection that
is opened by name, as the next start will. Must not repair (`database_file`).
"""

from datetime import datetime, timedelta
from pathlib import Path

import apsw

from gateway.domain.epoch import ms
from gateway.store.connection import open_reader

MOST_EVENTS = 100  # newest events that are compared
LOOK_BACK = timedelta(hours=12)  # older ones may be purged between two checks

NEWEST = """SELECT no, id FROM (SELECT no, id, received_ms FROM event ORDER BY no DESC LIMIT ?)
            WHERE received_ms >= ?"""


class Witness:
    """For one open database. On the writer's thread only."""

    def __init__(self) -> None:
        self._seen: dict[int, str] = {}  # journal number -> id, at the last check

    def compare(self, writer: apsw.Connection, path: Path, now: datetime) -> tuple[int, int]:
        """(newest events that are missing in the file, those of them that the writer has lost too)."""
        present = dict(writer.execute(NEWEST, (MOST_EVENTS, ms(now - LOOK_BACK))))
        reader = open_reader(path)
        try:
            wanted = self._seen | present
            there = _there(reader, wanted)
            [(lowest,)] = reader.execute("SELECT coalesce(min(no), 0) FROM event")
        finally:
            reader.close()
        missing = {no for no in wanted if no >= lowest and no not in there}
        lost = missing - _there(writer, {no: wanted[no] for no in missing}).keys()
        self._seen = present
        return len(missing), len(lost)


def _there(connection: apsw.Connection, wanted: dict[int, str]) -> dict[int, str]:
    """Those of the events that a connection finds under their number with their id."""
    found = {}
    for no, id_ in wanted.items():
        row = connection.execute("SELECT id FROM event WHERE no = ?", (no,)).fetchone()
        if row == (id_,):
            found[no] = id_
    return found

"""The table of sightings that people reported.

Owns its statements. Must not judge a sighting.
"""

from collections.abc import Iterable

import apsw

from gateway.domain.epoch import day_number
from gateway.domain.resident_reports import Sighting
from gateway.store.rows import to_json


class SightingTable:
    """Statements on sightings, inside a transaction of the writer."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._execute = connection.execute

    def add(self, sightings: Iterable[Sighting]) -> list[str]:
        """Insert those not stored yet; returns the ids of the new ones."""
        return [one.id for one in sightings if self._insert(one)]

    def put(self, one: Sighting) -> None:
        """Insert one, or what changed of it."""
        row = self._execute("SELECT body FROM sighting WHERE id = ?", (one.id,)).fetchone()
        if row is not None and row[0] == to_json(one):
            return
        self.remove(one.id)
        self._insert(one)

    def remove(self, id_: str) -> None:
        """It counts no longer."""
        self._execute("DELETE FROM sighting WHERE id = ?", (id_,))

    def _insert(self, one: Sighting) -> bool:
        row = self._execute(
            "INSERT OR IGNORE INTO sighting (id, day, species, body) VALUES (?, ?, ?, ?) RETURNING no",
            (one.id, day_number(one.day), one.species, to_json(one)),
        )
        return row.fetchone() is not None

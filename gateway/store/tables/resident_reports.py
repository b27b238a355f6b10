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

    def add(self, sightings: Iterable[Sighting]) -> int:
        """Insert those not stored yet; returns how many were new."""
        return sum(self._insert(one) for one in sightings)

    def _insert(self, one: Sighting) -> bool:
        row = self._execute(
            "INSERT OR IGNORE INTO sighting (id, day, species, body) VALUES (?, ?, ?, ?) RETURNING no",
            (one.id, day_number(one.day), one.species, to_json(one)),
        )
        return row.fetchone() is not None

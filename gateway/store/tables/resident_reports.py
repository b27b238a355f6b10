"""The table of sightings that people reported.

Owns its statements. Must not judge a sighting.
"""

from collections.abc import Iterable
from datetime import date

import apsw

from gateway.domain.resident_reports import Sighting
from gateway.store.rows import to_json

EPOCH = date(1970, 1, 1)


class SightingTable:
    """Verbs on sightings, inside a transaction of the writer."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._execute = connection.execute

    def add(self, sightings: Iterable[Sighting]) -> int:
        """Keep those not known yet; gives how many were new."""
        return sum(self._insert(one) for one in sightings)

    def _insert(self, one: Sighting) -> bool:
        row = self._execute(
            "INSERT OR IGNORE INTO sighting (id, day, species, body) VALUES (?, ?, ?, ?) RETURNING no",
            (one.id, (one.day - EPOCH).days, one.species, to_json(one)),
        )
        return row.fetchone() is not None

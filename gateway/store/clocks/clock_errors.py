"""The clock table: how far the clocks of radio receivers and bridges are off, by name.

Owns its statements. Must not estimate. A device's own clock is kept with its state.
"""

import apsw

from gateway.domain.clocks.device_clock import DeviceClock
from gateway.store.rows import to_clock, to_json

MOST_CLOCKS = 1_000  # receivers of one site; names beyond that are made up and are not learned


class ClockTable:
    """Verbs on clocks, inside a transaction of the writer."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._execute = connection.execute

    def find(self, name: str) -> DeviceClock | None:
        """What is known of a clock, or None."""
        row = self._execute("SELECT body FROM clock WHERE name = ?", (name,)).fetchone()
        return to_clock(row[0]) if row else None

    def put(self, name: str, clock: DeviceClock) -> None:
        """Keep what is known; a new name only while there are not too many."""
        self._execute(
            "INSERT INTO clock SELECT ?1, ?2 WHERE EXISTS (SELECT 1 FROM clock WHERE name = ?1) "
            "OR (SELECT count(*) FROM clock) < ?3 "
            "ON CONFLICT DO UPDATE SET body = excluded.body",
            (name, to_json(clock), MOST_CLOCKS),
        )

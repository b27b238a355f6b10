"""The table clock: the known errors of the clocks of radio receivers and bridges, by name.

Owns its statements. Must not estimate. A device's own clock is kept with its state.
"""

import apsw

from gateway.domain.clocks.device_clock import DeviceClock
from gateway.store.rows import to_clock, to_json

MOST_CLOCKS = 1_000  # no site has more receivers; further names are invented and not learned


class ClockTable:
    """Statements on clocks, inside a transaction of the writer."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._execute = connection.execute

    def find(self, name: str) -> DeviceClock | None:
        """What is known about a clock, or None."""
        row = self._execute("SELECT body FROM clock WHERE name = ?", (name,)).fetchone()
        return to_clock(row[0]) if row else None

    def put(self, name: str, clock: DeviceClock) -> None:
        """Store what is known; a new name only while there are fewer than MOST_CLOCKS."""
        self._execute(
            "INSERT INTO clock SELECT ?1, ?2 WHERE EXISTS (SELECT 1 FROM clock WHERE name = ?1) "
            "OR (SELECT count(*) FROM clock) < ?3 "
            "ON CONFLICT DO UPDATE SET body = excluded.body",
            (name, to_json(clock), MOST_CLOCKS),
        )

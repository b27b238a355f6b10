"""Counts of events and sums of roll-ups over all devices, to verify the copy in InfluxDB.

Owns these statements. Must not know what they are compared with.
"""

from typing import Any

import apsw

from gateway.domain.species import UNTOLD
from gateway.store.rollups.sums import SumUnit


class CountReads:
    """Queries on a reader's thread."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._execute = connection.execute

    def events_by_hour(self, start_ms: int, end_ms: int) -> list[tuple[str, int, int]]:
        """(kind, hour, events) of what was observed in [start, end)."""
        return self._all(
            "SELECT kind, observed_ms / 3600000, count(*) FROM event "
            "WHERE observed_ms >= ? AND observed_ms < ? GROUP BY 1, 2",
            (start_ms, end_ms),
        )

    def observed(self, after: int, start_ms: int, end_ms: int) -> int:
        """How many events after a journal number were observed in [start, end)."""
        sql = "SELECT count(*) FROM event WHERE no > ? AND observed_ms >= ? AND observed_ms < ?"
        [(count,)] = self._execute(sql, (after, start_ms, end_ms))
        return int(count)

    def span_ms(self) -> tuple[int, int] | None:
        """First and last observed time, ms since 1970; None when the journal is empty."""
        row = self._execute("SELECT min(observed_ms), max(observed_ms) FROM event").fetchone()
        return (row[0], row[1]) if row and row[0] is not None else None

    def sums(self, unit: SumUnit, start: int, end: int) -> list[tuple[int, ...]]:
        """(hour or day, alive ms, armed ms, identified, records, independent, animals) of [start, end)."""
        of = f"ON x.device = o.no AND x.{unit} >= ?1 AND x.{unit} < ?2"
        sql = f"""
            SELECT at, sum(alive), sum(armed), sum(k), sum(r), sum(i), sum(n) FROM (
                SELECT x.{unit} at, x.alive_ms alive, x.armed_ms armed, 0 k, 0 r, 0 i, 0 n
                FROM device o CROSS JOIN effort_{unit} x {of} UNION ALL
                SELECT x.{unit}, 0, 0, iif(x.species IN {UNTOLD}, 0, x.records), x.records,
                    x.independent, x.animals
                FROM device o CROSS JOIN sighting_{unit} x {of})
            GROUP BY at"""
        return self._all(sql, (start, end))

    def _all(self, sql: str, bound: tuple[int, ...] = ()) -> list[Any]:
        return self._execute(sql, bound).fetchall()

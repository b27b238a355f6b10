"""What the visit book reads: people's actions with their corrections, and when sensors were heard.

Owns its statements. Must not decide what a day was (`gateway.domain.traps.visit_days`).
"""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any

from gateway.domain.epoch import from_ms, ms
from gateway.domain.model import Kind, TrapAction
from gateway.store.rows import readable, to_act

QUARTER_MS = 900_000  # so finely are times of reports told apart
MOST_NAMES = 500  # in one statement


class VisitReads:
    """Queries of a reading connection."""

    def __init__(self, execute: Callable[..., Any]) -> None:
        self._execute = execute

    def acts(self, device: str, start: datetime, end: datetime) -> list[TrapAction]:
        """Actions at a trap in [start, end), counting or not, with whatever corrects them or they correct."""
        sql = "SELECT body FROM act WHERE device = ? AND at_ms >= ? AND at_ms < ? ORDER BY no"
        rows = self._execute(sql, (device, ms(start), ms(end)))
        found = {one.id: one for one in readable(lambda row: to_act(row[0]), rows)}
        new = set(found)
        while new:
            more = self._around(new, {found[one].replaces for one in new} - {None})
            new = {one.id for one in more} - found.keys()
            found |= {one.id: one for one in more if one.id in new}
        return list(found.values())

    def last_before(
        self, device: str, start: datetime
    ) -> tuple[TrapAction | None, datetime | None]:
        """The newest action before a time that changed the trap, and when somebody was last there."""
        sql = (
            "SELECT body FROM act WHERE device = ? AND at_ms < ? AND counts {} "
            "ORDER BY at_ms DESC, no DESC LIMIT 1"
        )
        bound = (device, ms(start))
        change = self._execute(sql.format("AND deed <> 'visited'"), bound).fetchone()
        walk = self._execute(sql.format(""), bound).fetchone()
        return (to_act(change[0]) if change else None), (to_act(walk[0]).at if walk else None)

    def first_known(self, device: str) -> datetime | None:
        """When a trap's sensor was first heard, or a person first recorded something there."""
        sql = """
            SELECT min(at_ms) FROM (
                SELECT min(at_ms) at_ms FROM act WHERE device = ?1
                UNION ALL SELECT (SELECT min(observed_ms) FROM event e WHERE e.device = d.no)
                FROM device d WHERE d.id = ?1)"""
        at_ms = self._execute(sql, (device,)).fetchone()[0]
        return None if at_ms is None else from_ms(at_ms)

    def heard(self, device: str, start: datetime, end: datetime) -> list[datetime]:
        """Quarters of hours in which the trap's sensor said something, by its own time."""
        sql = """
            SELECT DISTINCT e.observed_ms / ?4 FROM device d CROSS JOIN event e
            ON e.device = d.no AND e.observed_ms >= ?2 AND e.observed_ms < ?3
            WHERE d.id = ?1 AND e.kind <> ?5"""
        bound = (device, ms(start), ms(end), QUARTER_MS, Kind.OFFLINE.value)
        return [from_ms(quarter * QUARTER_MS) for (quarter,) in self._execute(sql, bound)]

    def alive_days(self, device: str, start_day: int, end_day: int) -> list[int]:
        """Local days since 1970 in [start, end) with effort: what is left of messages long deleted."""
        sql = """
            SELECT x.day FROM device d CROSS JOIN effort_day x ON x.device = d.no
            WHERE d.id = ? AND x.day >= ? AND x.day < ? AND x.alive_ms > 0"""
        return [day for (day,) in self._execute(sql, (device, start_day, end_day))]

    def oldest(self) -> datetime | None:
        """The time of the oldest message that is kept."""
        row = self._execute("SELECT observed_ms FROM event ORDER BY no LIMIT 1").fetchone()
        return from_ms(row[0]) if row else None

    def _around(self, ids: Collection[str], replaced: Collection[str | None]) -> list[TrapAction]:
        """The actions that replace one of `ids`, and those with the ids `replaced`."""
        found: list[TrapAction] = []
        for column, wanted in (("replaces", [*ids]), ("id", [*replaced])):
            for first in range(0, len(wanted), MOST_NAMES):
                some = wanted[first : first + MOST_NAMES]
                marks = ", ".join("?" * len(some))
                sql = f"SELECT body FROM act WHERE {column} IN ({marks})"
                found += readable(lambda row: to_act(row[0]), self._execute(sql, tuple(some)))
        return found

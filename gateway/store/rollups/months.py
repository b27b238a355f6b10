"""Sums of months that are over, so that a year of many devices is read from few rows.

Owns which months are summed, and that a summed month is always equal to its days: late events are added to
both. Must not know when a month is over (`gateway.store.housekeeping`). The days stay, so the months can be
recomputed at any time.
"""

from collections.abc import Callable, Iterable
from typing import Any

import apsw

from gateway.domain.epoch import first_day, month_number
from gateway.store.rollups.sums import Part, SumRow, What, add
from gateway.store.setting_keys import SettingKey


def parts(start_day: int, end_day: int, until: int = 1 << 40) -> list[Part]:
    """Days [start, end) as whole months before `until`, and the remaining days before and after. PURE."""
    first, last = month_number(start_day - 1) + 1, min(month_number(end_day), until)
    if first >= last:
        return [("day", start_day, end_day)]
    found: list[Part] = [
        ("day", start_day, first_day(first)),
        ("month", first, last),
        ("day", first_day(last), end_day),
    ]
    return [part for part in found if part[1] < part[2]]


def until(execute: Callable[..., Any]) -> int:
    """The first month that is not added up."""
    row = execute("SELECT value FROM setting WHERE key = ?", (SettingKey.MONTHS_UNTIL,)).fetchone()
    return int(row[0]) if row else 0


class MonthTable:
    """Statements inside a transaction of the writer."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def add_late(self, what: What, days: Iterable[SumRow]) -> None:
        """Add rows of days to the months that are summed already."""
        end = first_day(until(self._connection.execute))
        late = [(row[0], month_number(row[1]), *row[2:]) for row in days if row[1] < end]
        add(self._connection, what, "month", late)

    def fold(self, before_day: int) -> bool:
        """Sum the oldest month that ends by `before_day`; False when there is none."""
        execute = self._connection.execute
        [(day,)] = execute(_FIRST, (first_day(until(execute)),))
        if day is None or month_number(day) >= month_number(before_day):
            return False
        month = month_number(day)
        bound = (month, first_day(month), first_day(month + 1))
        execute(_FOLD_EFFORT, bound)
        execute(_FOLD_SIGHTING, bound)
        execute(
            "INSERT OR REPLACE INTO setting VALUES (?, ?)",
            (SettingKey.MONTHS_UNTIL, str(month + 1)),
        )
        return True

    def forget(self) -> None:
        """Delete all months, because days may have been lost; they are summed again."""
        for table in ("effort_month", "sighting_month"):
            self._connection.execute(f"DELETE FROM {table}")
        self._connection.execute("DELETE FROM setting WHERE key = ?", (SettingKey.MONTHS_UNTIL,))


_FIRST = """
    SELECT min(first) FROM (
        SELECT (SELECT min(day) FROM effort_day x WHERE x.device = o.no AND x.day >= ?1) first
        FROM device o UNION ALL
        SELECT (SELECT min(day) FROM sighting_day x WHERE x.device = o.no AND x.day >= ?1)
        FROM device o)"""
_FOLD_EFFORT = """
    INSERT INTO effort_month SELECT o.no, ?1, sum(x.alive_ms), sum(x.armed_ms)
    FROM device o CROSS JOIN effort_day x ON x.device = o.no AND x.day >= ?2 AND x.day < ?3
    GROUP BY o.no"""
_FOLD_SIGHTING = """
    INSERT INTO sighting_month
    SELECT o.no, ?1, x.species, sum(x.records), sum(x.independent), sum(x.animals)
    FROM device o CROSS JOIN sighting_day x ON x.device = o.no AND x.day >= ?2 AND x.day < ?3
    GROUP BY o.no, x.species"""

"""The roll-ups there were before a follower came, in order of their keys, a batch at a time.

Owns the walk and its place, which is all that is remembered: a year of hours is read where it lies,
noted nowhere. What changes once one follows is not its matter (`follower`: `hour_due`).
"""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import apsw
import msgspec
from msgspec import Struct

from gateway.store.sums import Unit, What

Row = tuple[Any, ...]
"""(device no, hour or day, device, [species,] sums ...)"""
T = TypeVar("T")
Make = Callable[[What, Unit, Row], T]
PLACE = "influx.walk"  # the setting that remembers it

_VALUES = {"effort": "x.alive_ms, x.armed_ms",
           "sighting": "x.species, x.records, x.independent, x.animals"}  # fmt: skip
_TABLES: tuple[tuple[What, Unit], ...] = (
    ("effort", "hour"), ("sighting", "hour"), ("effort", "day"), ("sighting", "day")
)  # fmt: skip


class Place(Struct, frozen=True, array_like=True):
    """How far the walk came: behind this key of a table."""

    hours: int  # those before this are walked, later ones were noted as due when it began
    days: int
    table: int = 0  # of _TABLES
    device: int = 0
    at: int = -1 << 40  # hour or day
    species: str = ""


class RollupWalk:
    """Questions on a reader's thread."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._execute = connection.execute

    def place(self) -> Place | None:
        """Where the walk stands; None: nobody follows."""
        row = self._execute("SELECT value FROM setting WHERE key = ?", (PLACE,)).fetchone()
        return msgspec.json.decode(row[0], type=Place) if row else None

    def step(self, place: Place, limit: int, make: Make[T]) -> tuple[list[T], Place] | None:
        """At most `limit` of a table after `place`, perhaps none, and the place after them.

        None: the walk is over. Rows are made into what is wanted while they are read: each step of
        SQLite lets other threads run.
        """
        if place.table >= len(_TABLES):
            return None
        what, unit = _TABLES[place.table]
        made, row = [], None
        for row in self._rows(what, unit, place, limit):
            made.append(make(what, unit, row))
        return made, _after(place, what, row if len(made) == limit else None)

    def _rows(self, what: What, unit: Unit, place: Place, limit: int) -> Iterator[Row]:
        key, bound = f"x.device, x.{unit}", (place.device, place.at)
        more: tuple[str, ...] = ()
        if what == "sighting":
            key, more = f"{key}, x.species", (place.species,)
        places = ", ".join("?" * len((*bound, *more)))
        sql = f"""
            SELECT x.device, x.{unit}, d.id, {_VALUES[what]}
            FROM {what}_{unit} x CROSS JOIN device d ON d.no = x.device
            WHERE ({key}) > ({places}) AND x.{unit} < ? ORDER BY {key} LIMIT ?"""  # noqa: S608
        before = place.hours if unit == "hour" else place.days
        return iter(self._execute(sql, (*bound, *more, before, limit)))


def _after(place: Place, what: What, last: Row | None) -> Place:
    """Behind the last row, or at the beginning of the next table."""
    if last is None:
        return Place(place.hours, place.days, place.table + 1)
    device, at, _, species, *_ = last
    return Place(place.hours, place.days, place.table, device, at,
                 species if what == "sighting" else "")  # fmt: skip

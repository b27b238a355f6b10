"""Reads the roll-ups that existed before a follower started, in order of their keys, in batches.

Owns the walk; its cursor is all that is remembered (`gateway.store.followers`): there is no list of the
roll-ups to send. Changes after the follower started are recorded elsewhere (`hour_due`).
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import apsw
from msgspec import Struct
from msgspec.structs import replace

from gateway.store.rollups.hours import Rollup, SightingKey
from gateway.store.rollups.sums import SumUnit

T = TypeVar("T")
Make = Callable[[SumUnit, Rollup], Sequence[T]]
UNITS: tuple[SumUnit, ...] = ("hour", "day")
_BEGIN = -1 << 40


class WalkCursor(Struct, frozen=True, array_like=True):
    """How far the walk came: the last key that was read, by unit."""

    hours: int  # only earlier hours are walked; later ones were recorded as due at the start
    days: int
    unit: int = 0  # of UNITS
    device: int = 0
    at: int = _BEGIN  # hour or day


class RollupWalk:
    """Queries on a reader's thread."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._execute = connection.execute

    def step(
        self, place: WalkCursor, limit: int, make: Make[T]
    ) -> tuple[list[T], WalkCursor] | None:
        """The results of `make` for the roll-ups after `place`, at most `limit` unless one gives more.

        With the cursor behind them; None: the walk is over. `make` is called while rows are read, because
        each step of SQLite lets other threads run.
        """
        if place.unit >= len(UNITS):
            return None
        unit, made, last = UNITS[place.unit], list[T](), None
        for one in self._rollups(unit, place):
            more = make(unit, one)
            if last and len(made) + len(more) > limit:
                return made, replace(place, device=last.device_no, at=last.at)
            made += more
            last = one
        return made, WalkCursor(place.hours, place.days, place.unit + 1)

    def _rollups(self, unit: SumUnit, place: WalkCursor) -> Iterator[Rollup]:
        """The rows of one key are adjacent, the effort first. The loop runs millions of times."""
        names = dict(self._execute("SELECT no, id FROM device"))
        bound = (place.device, place.at, place.hours if unit == "hour" else place.days)
        last_no = last_at = 0  # devices count from 1
        alive: int | None = None
        armed: int | None = None
        seen: tuple[SightingKey, ...] = ()
        for no, at, species, first, second, third in self._execute(_ROWS.format(unit=unit), bound):
            if at != last_at or no != last_no:
                if last_no:
                    yield Rollup(last_at, last_no, names[last_no], alive, armed, seen)
                last_no, last_at, alive, armed, seen = no, at, None, None, ()
            if species is None:
                alive, armed = first, second
            else:
                seen = (*seen, (species, first, second, third))
        if last_no:
            yield Rollup(last_at, last_no, names[last_no], alive, armed, seen)


_ROWS = """
    SELECT x.device, x.{unit}, NULL, x.alive_ms, x.armed_ms, 0
    FROM effort_{unit} x WHERE (x.device, x.{unit}) > (?1, ?2) AND x.{unit} < ?3
    UNION ALL SELECT x.device, x.{unit}, x.species, x.records, x.independent, x.animals
    FROM sighting_{unit} x WHERE (x.device, x.{unit}) > (?1, ?2) AND x.{unit} < ?3
    ORDER BY 1, 2"""

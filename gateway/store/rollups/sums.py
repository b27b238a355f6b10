"""Effort and sightings by device and hour, day or month: adding rows, and summing them.

Owns the shape of these tables. Must not choose which of them a query reads (`months`).
"""

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import apsw

SumUnit = Literal["hour", "day", "month"]
What = Literal["effort", "sighting"]
By = Literal["device", "species"]
Part = tuple[SumUnit, int, int]
"""Units since 1970, half-open."""
SumRow = tuple[Any, ...]
"""device no, hour, day or month, [species,] sums"""

SUMS: dict[What, tuple[str, ...]] = {
    "effort": ("alive_ms", "armed_ms"),
    "sighting": ("records", "independent", "animals"),
}
_KEYS: dict[By, str] = {"device": "o.no", "species": "x.species"}


def add(into: apsw.Connection, what: What, unit: SumUnit, rows: Sequence[SumRow]) -> None:
    """Add to the sums that are stored under the rows' keys."""
    key = ("device", unit, "species")[: 2 if what == "effort" else 3]
    more = ", ".join(f"{name} = {name} + excluded.{name}" for name in SUMS[what])
    marks = ", ".join("?" * len((*key, *SUMS[what])))
    into.executemany(
        f"INSERT INTO {what}_{unit} VALUES ({marks}) ON CONFLICT DO UPDATE SET {more}",
        rows,
    )


def over(what: What, names: Sequence[str], among: Iterable[Part], by: By, only: str = "") -> str:
    """A SELECT of `by` and the sums of the columns `names` over all parts together.

    From the device table by primary key: the cost follows the time asked for, not the length of history.
    """
    sums = ", ".join(f"sum(x.{name}) {name}" for name in names)
    each = " UNION ALL ".join(
        f"SELECT {_KEYS[by]} {by}, {sums} FROM device o CROSS JOIN {what}_{unit} x "
        f"ON x.device = o.no AND x.{unit} >= {start} AND x.{unit} < {end} {only} GROUP BY {_KEYS[by]}"
        for unit, start, end in among
    )
    return f"SELECT {by}, {sums} FROM ({each}) x GROUP BY {by}"

"""What is asked: which months after the traps were set, compared with which months before. PURE.

Owns the names and limits of the query parameters. A wrong value raises a ValueError that names the value and
what is allowed.
"""

from collections.abc import Mapping
from typing import Literal, cast
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from dashboard.office.filters import ALL, PERIOD_MONTHS
from dashboard.office.periods import LocalDays, Month, a_year_before, months_ending, parse_month

NEAR_M = (300, 500, 1000, 2000)  # offered and allowed
DEFAULT_NEAR_M = 1000
FAR_TIMES = 2  # a sensor is far from the traps beyond so many times the distance of "near"

Baseline = Literal["year", "before"]
BASELINES: tuple[Baseline, ...] = ("year", "before")


class Question(Struct, frozen=True):
    """The months after, the baseline, the species, and what counts as near."""

    month: Month  # the first month after the traps were set
    months: int = 3
    species: str = ALL  # a code; ALL: all species together
    area: str = ""  # "": all areas
    near_m: int = DEFAULT_NEAR_M
    against: Baseline = (
        "year"  # "year": the same months of the year before; "before": the months before
    )

    @property
    def after(self) -> LocalDays:
        """The days after the traps were set."""
        return months_ending(self.month.plus(self.months - 1), self.months)

    @property
    def before(self) -> LocalDays:
        """The days to compare with."""
        if self.against == "year":
            return a_year_before(self.after)
        return months_ending(self.month.plus(-1), self.months)

    @property
    def counted(self) -> str | None:
        """The species to count; None: all."""
        return None if self.species == ALL else self.species

    @property
    def far_m(self) -> int:
        """From this distance on a sensor is far from every trap."""
        return FAR_TIMES * self.near_m

    def query(self, **changes: object) -> str:
        """This question as a query string, with some values changed."""
        values = msgspec.structs.asdict(self) | changes
        return urlencode({key: str(value) for key, value in values.items() if value != ""})


def read(query: Mapping[str, str], last: Month, species: str) -> Question:
    """Read a query. Defaults: 3 months up to `last`, and `species`. Raises ValueError for a wrong value."""
    months = int(_choice(query, "months", "3", tuple(map(str, PERIOD_MONTHS))))
    near = _choice(query, "near_m", str(DEFAULT_NEAR_M), tuple(map(str, NEAR_M)))
    return Question(
        month=parse_month(query["month"]) if query.get("month") else last.plus(1 - months),
        months=months,
        species=query.get("species", "")[:64] or species,
        area=query.get("area", "")[:64],
        near_m=int(near),
        against=cast(Baseline, _choice(query, "against", "year", BASELINES)),
    )


def _choice(query: Mapping[str, str], name: str, default: str, allowed: tuple[str, ...]) -> str:
    value = query.get(name) or default
    if value not in allowed:
        raise ValueError(f"{name} {value[:20]!r} must be one of {', '.join(allowed)}")
    return value

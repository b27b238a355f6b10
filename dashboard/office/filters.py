"""The filters of the officials' map: period, species, hours, area. PURE.

Owns the names and limits of the query parameters, and the query strings made of them. A wrong value
raises a ValueError that names the value and what is allowed; it is never replaced by a default.
"""

import re
from collections.abc import Mapping
from typing import Literal
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from dashboard.office.periods import LocalDays, Month, a_year_before, months_ending, parse_month

PERIOD_MONTHS = (1, 3, 6, 12)  # months
HOURS = {
    "00-24",
    "06-18",
    "18-06",
    "04-08",
    "08-16",
    "16-20",
    "20-04",
}  # offered; any HH-HH is valid
ALL = "all"  # of species
AUTO_BAND = "auto"
BANDS = (AUTO_BAND, "500", "1000", "2000", "3000", "6000", "8000")  # metres
_HOURS = re.compile(r"([01]\d|2[0-3])-([01]\d|2[0-4])")

SquareSize = Literal["5km", "1km"]
Against = Literal["", "before", "year"]


class MapFilter(Struct, frozen=True):
    """One map's filters."""

    month: Month  # the last month of the period
    months: int = 3
    species: str = ""  # a code; "": the most frequent pest; ALL: all species together
    hours: str = "00-24"
    area: str = ""  # "": all areas
    square: SquareSize = "5km"
    against: Against = ""  # "before": compare with the months before; "year": with the year before
    band: str = AUTO_BAND  # metres between neighbours for hot spots; AUTO_BAND: several are scanned

    @property
    def bands_m(self) -> tuple[float, ...] | None:
        """The distances of neighbours to test; None: chosen from where the sensors stand."""
        return None if self.band == AUTO_BAND else (float(self.band),)

    @property
    def span(self) -> LocalDays:
        """The period's days."""
        return months_ending(self.month, self.months)

    @property
    def counted(self) -> str | None:
        """The species to count; None: all."""
        return None if self.species == ALL else self.species

    @property
    def clock(self) -> tuple[int, int] | None:
        """First hour of the day and how many; None: the whole day."""
        first, last = (int(part) for part in self.hours.split("-"))
        count = (last - first) % 24 or 24
        return None if count == 24 else (first, count)

    @property
    def other_span(self) -> LocalDays | None:
        """The days of the period to compare with; None: no comparison."""
        if self.against == "before":
            return months_ending(self.month.plus(-self.months), self.months)
        return a_year_before(self.span) if self.against == "year" else None

    def query(self, **changes: object) -> str:
        """This filter as a query string, with some values changed."""
        values = msgspec.structs.asdict(self) | changes
        return urlencode({key: str(value) for key, value in values.items() if value != ""})


def read(query: Mapping[str, str], present: Month, species: str) -> MapFilter:
    """Read a query; `present` and `species` are the defaults. Raises ValueError for a wrong value."""
    return MapFilter(
        month=parse_month(query["month"]) if query.get("month") else present,
        months=int(_choice(query, "months", "3", tuple(map(str, PERIOD_MONTHS)))),
        species=query.get("species", "")[:64] or species,
        hours=_hours(query.get("hours") or "00-24"),
        area=query.get("area", "")[:64],
        square="1km" if _choice(query, "square", "5km", ("5km", "1km")) == "1km" else "5km",
        against=_against(_choice(query, "against", "", ("", "before", "year"))),
        band=_choice(query, "band", AUTO_BAND, BANDS),
    )


def _choice(query: Mapping[str, str], name: str, default: str, allowed: tuple[str, ...]) -> str:
    value = query.get(name) or default
    if value not in allowed:
        raise ValueError(f"{name} {value[:20]!r} must be one of {', '.join(filter(None, allowed))}")
    return value


def _against(value: str) -> Against:
    return "before" if value == "before" else "year" if value == "year" else ""


def _hours(value: str) -> str:
    if not _HOURS.fullmatch(value):
        raise ValueError(f"hours {value[:20]!r} must be written like 18-06")
    return value

"""What a reader of the region asks for: months, a species, a part of the map. PURE.

Owns reading these values of a query and their limits. Places are never among them, only codes of squares.
"""

from collections.abc import Mapping
from datetime import date
from urllib.parse import urlencode

from msgspec import Struct

from dashboard.office.periods import LocalDays, Month, month_of, months_ending, parse_month
from gateway.domain.epoch import day_number, month_number
from gateway.domain.geo.mesh_code import MeshError, corner, level_of
from gateway.domain.species import BY_CODE, PERSON, UNTOLD

LENGTHS = (1, 3, 6, 12, 24)  # months
USUAL_LENGTH, USUAL_SPECIES = 12, "boar"
SPECIES = tuple(
    one for one in BY_CODE if one not in {PERSON, *UNTOLD}
)  # a person is nobody's figure
INSIDE = frozenset({"80km", "10km"})


class RegionFilter(Struct, frozen=True):
    """One species in some months that end with `month`; `inside`: a square's code, "": everywhere."""

    month: Month
    months: int = USUAL_LENGTH
    species: str = USUAL_SPECIES
    inside: str = ""

    @property
    def span(self) -> LocalDays:
        """The days of the months."""
        return months_ending(self.month, self.months)

    @property
    def numbers(self) -> tuple[int, int]:
        """The months [low, high) since 1970."""
        low = month_number(day_number(self.span.start))
        return low, low + self.months

    def query(self, **changed: object) -> str:
        """The same as a query of an address, with some values changed."""
        known: dict[str, object] = {
            "month": self.month,
            "months": self.months,
            "species": self.species,
            "inside": self.inside,
        }
        return urlencode({key: str(value) for key, value in (known | changed).items() if value})


def read(query: Mapping[str, str], today: date) -> RegionFilter:
    """The filter of a query. Raises ValueError naming the value and what is allowed."""
    month = parse_month(query["month"]) if query.get("month") else month_of(today)
    return RegionFilter(
        month, _length(query.get("months", "")), _species(query), _inside(query.get("inside", ""))
    )


def _length(text: str) -> int:
    length = next((one for one in LENGTHS if str(one) == text), 0) if text else USUAL_LENGTH
    if not length:
        raise ValueError(f"months {text[:20]!r} must be one of {', '.join(map(str, LENGTHS))}")
    return length


def _species(query: Mapping[str, str]) -> str:
    wanted = query.get("species", "") or USUAL_SPECIES
    if wanted not in SPECIES:
        raise ValueError(f"species {wanted[:20]!r} must be one of {', '.join(SPECIES)}")
    return wanted


def _inside(text: str) -> str:
    if not text:
        return ""
    try:
        if level_of(text) in INSIDE and corner(text):
            return text
    except MeshError:
        pass
    raise ValueError(f"inside {text[:20]!r} must be the code of an 80 km or 10 km square")

"""The form of proposed trap sites: its fields, their limits and how they are read. PURE.

Owns names and limits of the query's fields. A wrong value raises ValueError with the value and what is
allowed; it is never replaced by a default.
"""

from collections.abc import Mapping

from msgspec import Struct


class SitingForm(Struct, frozen=True):
    """The fields; allowed values: `LIMITS`."""

    count: int = 5
    nights: int = 60
    distance_m: int = 300
    access_m: int = 300
    start_m: int = 3_000
    start: tuple[float, float] | None = None  # latitude, longitude

    @property
    def start_text(self) -> str:
        """The start as the form shows it."""
        return "" if self.start is None else f"{self.start[0]:.5f}, {self.start[1]:.5f}"


LIMITS = {
    "count": (1, 30),
    "nights": (1, 365),
    "distance_m": (50, 3_000),
    "access_m": (20, 3_000),
    "start_m": (100, 20_000),
}


def read_form(query: Mapping[str, str]) -> SitingForm:
    """Read the form. Raises ValueError with the allowed values."""
    numbers = {name: _number(query, name) for name in LIMITS}
    return SitingForm(**numbers, start=_start(query.get("start", "").strip()))


def _number(query: Mapping[str, str], name: str) -> int:
    low, high = LIMITS[name]
    text = query.get(name) or str(getattr(SitingForm(), name))
    if not (text.isascii() and text.isdigit() and low <= int(text[:9]) <= high):
        raise ValueError(f"{name} {text[:20]!r} must be a whole number from {low} to {high}")
    return int(text)


def _start(text: str) -> tuple[float, float] | None:
    if not text:
        return None
    try:
        lat, lon = (float(part) for part in text.replace("、", ",").split(","))
    except ValueError:
        lat = lon = float("nan")
    if not (abs(lat) <= 90 and abs(lon) <= 180):
        raise ValueError(
            f"start {text[:40]!r} must be latitude and longitude in degrees, like 32.6895, 128.8410"
        )
    return lat, lon

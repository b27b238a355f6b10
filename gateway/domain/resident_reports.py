"""Sightings that people reported, without a sensor. PURE.

Owns the value. How a table of them is read: `ingest.files.report_columns`, `report_table`.
"""

from datetime import date, datetime
from enum import StrEnum

from msgspec import Struct


class SightingKind(StrEnum):
    """What people reported."""

    SIGHTING = "sighting"
    TRACE = "trace"  # droppings, tracks, marks
    DAMAGE = "damage"  # to crops or goods
    INJURY = "injury"  # to people
    CAPTURE = "capture"
    DEATH = "death"  # found dead
    OTHER = "other"


class Sighting(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What somebody saw somewhere, without a sensor and hence without effort."""

    id: str  # equal for the same report, whatever table it came in
    source: str  # who provided the data
    kind: SightingKind
    species: str
    day: date  # local
    lat: float
    lon: float
    observed_at: datetime | None = None  # None: the day alone is known
    count: int | None = None
    municipality: str = ""
    place: str = ""
    note: str = ""

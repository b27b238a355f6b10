"""An import of a file, as a value: who, when, what it added, and whether it was undone. PURE.

Owns the value. Must not read files or the database.
"""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct


class ImportKind(StrEnum):
    """What the file held."""

    CAMTRAPDP = "camtrapdp"
    SIGHTINGS = "sightings"
    DAMAGE = "damage"


class ImportRecord(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One import. While `ended_at` is None it is running, or it was cut off."""

    id: str
    kind: ImportKind
    file: str
    by: str
    begun_at: datetime
    title: str = ""
    ended_at: datetime | None = None
    counts: dict[str, int] = {}  # what it added, by the names of the report
    repaired: int = 0
    refused: int = 0
    undone_at: datetime | None = None
    undone_by: str = ""

    @property
    def is_undone(self) -> bool:
        """Whether it was taken back."""
        return self.undone_at is not None

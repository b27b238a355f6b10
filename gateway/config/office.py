"""The settings of the office's pages: land, what is published, papers. PURE.

Owns names, defaults and limits. Must not read the files that it names.
"""

from typing import Annotated

from msgspec import Meta, Struct

COLUMNS = (  # what a capture's row in the papers can hold
    "no",
    "date",
    "time",
    "species",
    "count",
    "sex",
    "weight_class",
    "mesh5km",
    "hunter_number",
    "area",
    "trap",
    "trap_type",
    "lat",
    "lon",
    "captor",
    "permit",
    "photo",
    "sha256",
    "duplicate",
    "note",
)
Column = Annotated[str, Meta(pattern=rf"^({'|'.join(COLUMNS)})\Z", description=", ".join(COLUMNS))]


class _OfficeSection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Common to all: an unknown key is an error."""


class Office(_OfficeSection, frozen=True, kw_only=True):
    """Land that officials draw and plan with: GeoJSON files, and the hunters' own map numbers."""

    boundary: tuple[str, ...] = ()  # 市町村の区域: where reports come from; empty: all land
    protected: tuple[str, ...] = ()  # 鳥獣保護区 and the like: drawn, and never proposed for traps
    refused: tuple[str, ...] = ()  # landowners who refuse, houses: never proposed
    roads: tuple[str, ...] = ()  # what a trapper can drive or walk on
    hunter_map: str = ""  # CSV with mesh5km,number
    memory_mb: Annotated[int, Meta(ge=128, le=4_096)] = 256  # for the process of these pages


class Public(_OfficeSection, frozen=True, kw_only=True):
    """What everybody may see: never more than 5 km squares, late, and no small numbers."""

    open: bool = False  # without a login
    delay_days: Annotated[int, Meta(ge=7)] = 30
    least: Annotated[int, Meta(ge=2)] = 5  # fewer events in a square than this are not told


class Paperwork(_OfficeSection, frozen=True, kw_only=True):
    """The rows of capture reports and what a bounty needs, as the municipality prescribes."""

    columns: tuple[Column, ...] = COLUMNS
    permit: str = ""  # number of the permit (許可番号)
    permits: dict[str, str] = {}  # another one for some traps, by id
    photos: str = ""  # folder that photos' names are looked up in; empty: `photos` by the database

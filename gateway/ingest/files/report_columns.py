"""The column map of a table of sightings: the meaning of each column. PURE.

Owns the keys of the map (TOML) and the messages for a broken one.
"""

import tomllib
from typing import Literal

import msgspec
from msgspec import Struct

from gateway.domain.resident_reports import SightingKind
from gateway.ingest.tables.text_file import TableError


class Columns(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Names of the table's columns; '' = it has none."""

    date: str
    time: str = ""
    year: str = ""  # a second notation of the year, to compare
    lat: str = ""
    lon: str = ""
    wkt: str = ""  # POINT (lon lat)
    mesh: str = ""  # JIS X 0410 code: compared with the place, or taken for it
    species: str = ""
    kind: str = ""
    count: str = ""
    municipality: str = ""
    place: str = ""
    note: str = ""
    crop: str = ""  # this and the following: of records of damage only
    area_m2: str = ""
    amount_yen: str = ""
    amount_kg: str = ""
    id: str = ""


class Map(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How to read one table."""

    title: str  # the source of the data, stored with every sighting
    columns: Columns
    encoding: Literal["auto", "utf-8", "cp932", "utf-16"] = "auto"
    delimiter: str = ""  # found out
    species: str = ""  # of every row, where the table has no such column
    kind: SightingKind = SightingKind.SIGHTING  # likewise
    kinds: dict[str, SightingKind] = {}  # word of the table -> what it means
    datum: Literal["", "wgs84", "tokyo"] = ""  # of its places; tokyo: converted
    anywhere: bool = False  # True: places outside Japan are right


def read_map(data: bytes) -> Map:
    """A column map from TOML. Raises TableError with the key and what is allowed."""
    try:
        found = msgspec.convert(tomllib.loads(data.decode("utf-8-sig")), Map)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TableError(f"not TOML: {error}") from None
    except msgspec.ValidationError as error:
        allowed = f"columns: {', '.join(Columns.__struct_fields__)}"
        raise TableError(
            f"{error}; allowed: {', '.join(Map.__struct_fields__)}; {allowed}"
        ) from None
    columns = found.columns
    if not (columns.wkt or columns.mesh or (columns.lat and columns.lon)):
        raise TableError("columns: needs lat and lon, or wkt, or mesh")
    if not (columns.species or found.species):
        raise TableError("needs species, or columns.species")
    if len(found.delimiter) > 1:
        raise TableError(f"delimiter = {found.delimiter!r}: must be one character")
    return found


__all__ = ["Columns", "Map", "TableError", "read_map"]

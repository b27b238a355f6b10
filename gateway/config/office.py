"""The settings of the office's pages: land, publication, paperwork. PURE.

Owns names, defaults and limits. Must not read the files that the settings name.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

ASKED = "fields"  # the column that becomes one for each of `paperwork.fields`
COLUMNS = (  # possible columns of a capture's row in the papers
    "no",
    "date",
    "time",
    "species",
    "count",
    "sex",
    "age",
    "weight_class",
    "weight_kg",
    "mesh5km",
    "hunter_number",
    "area",
    "trap",
    "trap_type",
    "lat",
    "lon",
    "captor",
    "permit",
    ASKED,
    "photo",
    "photo_taken",
    "sha256",
    "sha256_sent",
    "duplicate",
    "note",
)
Column = Annotated[str, Meta(pattern=rf"^({'|'.join(COLUMNS)})\Z", description=", ".join(COLUMNS))]


class _OfficeSection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The base of these sections: an unknown key is an error."""


class Office(_OfficeSection, frozen=True, kw_only=True):
    """Land for maps and planning: GeoJSON files, and the numbers of the hunters' own map."""

    boundary: tuple[str, ...] = ()  # 市町村の区域: where reports come from; empty: all land
    protected: tuple[str, ...] = ()  # 鳥獣保護区 and similar: drawn, never proposed for traps
    refused: tuple[str, ...] = ()  # landowners who refuse, houses: never proposed
    roads: tuple[str, ...] = ()  # what a trapper can drive or walk on
    hunter_map: str = ""  # CSV with mesh5km,number
    memory_mb: Annotated[int, Meta(ge=128, le=4_096)] = 256  # for the process of these pages


class Public(_OfficeSection, frozen=True, kw_only=True):
    """The public map: only 5 km squares, with a delay, without small numbers."""

    open: bool = False  # without a login
    delay_days: Annotated[int, Meta(ge=7)] = 30
    least: Annotated[int, Meta(ge=2)] = 5  # squares with fewer events are not published


class AskedField(_OfficeSection, frozen=True, kw_only=True):
    """One thing that the municipality asks about a capture, beside the usual fields."""

    key: Annotated[str, Meta(pattern=r"^[a-z0-9_]{1,32}\Z", description="a-z, 0-9 and _")]
    ja: Annotated[str, Meta(min_length=1, max_length=60)]  # what the form calls it
    en: Annotated[str, Meta(max_length=60)] = ""  # empty: as in Japanese
    kind: Literal["text", "choice", "number", "yes-no"] = "text"
    choices: tuple[str, ...] = ()  # of a choice
    required: bool = False  # a capture is not recorded without it

    def label(self, language: str) -> str:
        """What the field is called in a language."""
        return self.ja if language == "ja" or not self.en else self.en


class Paperwork(_OfficeSection, frozen=True, kw_only=True):
    """The rows of capture reports and what a bounty needs, as the municipality prescribes."""

    columns: tuple[Column, ...] = COLUMNS
    permit: str = ""  # number of the permit (許可番号)
    permits: dict[str, str] = {}  # a different permit for some traps, by id
    photos: str = ""  # folder of the photos; empty: `photos` beside the database
    fields: tuple[AskedField, ...] = ()  # what the form asks besides, in its order

    def problem(self) -> str:
        """What is wrong among several values; "": nothing."""
        keys = [field.key for field in self.fields]
        for no, field in enumerate(self.fields):
            where = f"paperwork.fields[{no}] ({field.key})"
            if keys.count(field.key) > 1:
                return f"{where}: two fields have this key; allowed: each key once"
            if (field.kind == "choice") is not bool(field.choices):
                return f'{where}: choices belong to kind = "choice", and a choice needs them'
        return ""

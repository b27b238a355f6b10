"""The settings of the office's pages: land, publication, paperwork. PURE.

Owns names, defaults and limits. Must not read the files that the settings name.
"""

from datetime import date
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
    "capture_kind",
    "body_part",
    "disposal",
    ASKED,
    "result",
    "confirmer",
    "way",
    "checked",
    "missing",
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
    licence: Literal["CC-BY-4.0", "CC0-1.0", "PDL-1.0"] = "CC-BY-4.0"  # of the open data
    publisher: str = ""  # who publishes the open data; empty: the title of the site


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


STANDARD = (  # what most municipalities ask beside the usual fields; chosen by `paperwork.asks`
    AskedField(
        key="capture_kind",
        ja="捕獲の区分",
        en="Kind of capture",
        kind="choice",
        choices=("有害鳥獣捕獲", "個体数調整", "狩猟"),
    ),
    AskedField(
        key="body_part",
        ja="確認に出す部位",
        en="Part shown as proof",
        kind="choice",
        choices=("尾", "耳", "下あご", "個体全体", "写真のみ"),
    ),
    AskedField(
        key="disposal",
        ja="処理の方法",
        en="Disposal",
        kind="choice",
        choices=("埋設", "自家消費", "食肉処理施設", "焼却施設"),
    ),
)
StandardKey = Literal["capture_kind", "body_part", "disposal"]


class Tariff(_OfficeSection, frozen=True, kw_only=True):
    """What the municipality pays for one animal, and from when until when."""

    species: Annotated[str, Meta(min_length=1, max_length=64)]
    yen: Annotated[int, Meta(ge=0, le=10_000_000)]
    age: Literal["", "adult", "young"] = ""  # "": of any age
    kind: Annotated[str, Meta(max_length=60)] = ""  # of capture, as it is asked; "": of any kind
    since: date
    until: date | None = None  # the last day; None: still valid

    def holds(self, day: date) -> bool:
        """Whether it is valid on a day."""
        return self.since <= day and (self.until is None or day <= self.until)


class PermitTerm(_OfficeSection, frozen=True, kw_only=True):
    """A permit's term: captures are reported within `report_days` of its end."""

    permit: Annotated[str, Meta(min_length=1, max_length=60)]
    since: date
    until: date
    report_days: Annotated[int, Meta(ge=0, le=366)] = 30


class Paperwork(_OfficeSection, frozen=True, kw_only=True):
    """The rows of capture reports and what a bounty needs, as the municipality prescribes."""

    columns: tuple[Column, ...] = COLUMNS
    permit: str = ""  # number of the permit (許可番号)
    permits: dict[str, str] = {}  # a different permit for some traps, by id
    photos: str = ""  # folder of the photos; empty: `photos` beside the database
    fields: tuple[AskedField, ...] = ()  # what the form asks besides, in its order
    asks: tuple[StandardKey, ...] = ()  # which of the usual questions the form asks before them
    required: tuple[Column, ...] = ("species", "sex", "age", "mesh5km", "captor", "permit", "photo")
    forms: tuple[str, ...] = ()  # the municipality's own XLSX with named cells
    tariff: tuple[Tariff, ...] = ()  # of the bounty
    terms: tuple[PermitTerm, ...] = ()  # of permits

    @property
    def asked(self) -> tuple[AskedField, ...]:
        """Everything that the form asks besides, in its order."""
        return (*(one for one in STANDARD if one.key in self.asks), *self.fields)

    def problem(self) -> str:
        """What is wrong among several values; "": nothing."""
        keys = [field.key for field in self.asked]
        for no, field in enumerate(self.fields):
            where = f"paperwork.fields[{no}] ({field.key})"
            if keys.count(field.key) > 1:
                return f"{where}: two fields have this key; allowed: each key once"
            if (field.kind == "choice") is not bool(field.choices):
                return f'{where}: choices belong to kind = "choice", and a choice needs them'
        return self._dates()

    def _dates(self) -> str:
        """Whether a period ends before it begins, or two rows of the tariff hold at one time."""
        spans = [("tariff", no, one.since, one.until) for no, one in enumerate(self.tariff)]
        spans += [("terms", no, one.since, one.until) for no, one in enumerate(self.terms)]
        for name, no, since, until in spans:
            if until is not None and until < since:
                return f"paperwork.{name}[{no}]: until {until} is before since {since}"
        for no, one in enumerate(self.tariff):
            for other in self.tariff[:no]:
                same = (one.species, one.age, one.kind) == (other.species, other.age, other.kind)
                if same and (one.holds(other.since) or other.holds(one.since)):
                    return (
                        f"paperwork.tariff[{no}] ({one.species}): holds at the same time as an "
                        "earlier row; end that one with until"
                    )
        return ""

"""One edition of the open data: a species and twelve months, its names, columns and licence. PURE.

Owns the columns with their meaning, the licences, and the name of an edition's files, which never changes.
"""

import re
from typing import Literal

from msgspec import Struct

from dashboard.office.periods import LocalDays, Month, month_of, parse_month
from gateway.config import Config

LICENCES = {
    "CC-BY-4.0": "https://creativecommons.org/licenses/by/4.0/",
    "CC0-1.0": "https://creativecommons.org/publicdomain/zero/1.0/",
    "PDL-1.0": "https://www.digital.go.jp/resources/open_data/public_data_license_v1.0",
}
KINDS = ("csv", "geojson", "csv-metadata.json", "datapackage.json")
NAME = re.compile(r"(?P<species>.{1,64})-(?P<month>\d{4}-\d\d)\.(?P<kind>[a-z.-]+)", re.DOTALL)


class Column(Struct, frozen=True):
    """A column of the table and a property of the squares."""

    name: str
    kind: Literal["string", "date", "integer", "number"]
    meaning: str
    required: bool = True


COLUMNS = (
    Column("mesh5km", "string", "code of the 5 km square, JIS X 0410 (text)"),
    Column("species", "string", "species: a code or a scientific name"),
    Column("period_from", "date", "first day"),
    Column("period_to", "date", "last day"),
    Column("camera_days", "integer", "days on which detectors watched, rounded down to tens"),
    Column("events_at_least", "integer", "independent events, rounded down; empty: too few", False),
    Column(
        "rate_class_from", "number", "events per 100 camera-days: lower limit of the class", False
    ),
    Column("rate_class_to", "number", "upper limit of the class; empty: open above", False),
    Column(
        "rate_low",
        "number",
        "events per 100 camera-days: lower limit of the 95 % interval (Poisson) for the lowest count and the "
        "largest effort that are published so; differences between detectors are not in it",
        False,
    ),
    Column("rate_high", "number", "its upper limit, for the highest count and least effort", False),
    Column("license", "string", "terms of use"),
    Column("source", "string", "who publishes"),
)
NAMES = tuple(one.name for one in COLUMNS)


class Edition(Struct, frozen=True):
    """What an edition says of itself."""

    site: str  # a-z, 0-9 and -
    title: str
    species: str
    scientific: str
    span: LocalDays
    licence: str
    publisher: str
    least: int

    @property
    def licence_address(self) -> str:
        """Where the terms are."""
        return LICENCES[self.licence]

    @property
    def name(self) -> str:
        """The beginning of its files' names: species and last month."""
        return f"{self.species}-{month_of(self.span.last)}"

    def file_name(self, kind: str) -> str:
        """A file's name where it is saved, beside those of other towns and times."""
        species = re.sub(r"[^a-z0-9]+", "-", self.species.lower()).strip("-") or "species"
        return f"{self.site}-{species}-5km-{month_of(self.span.start)}_{month_of(self.span.last)}.{kind}"


class Wanted(Struct, frozen=True):
    """Which file somebody asks for."""

    species: str
    last: Month
    kind: str


def wanted(name: str) -> Wanted | None:
    """The file of a name; None if there is no such name."""
    found = NAME.fullmatch(name)
    if not found or found["kind"] not in KINDS:
        return None
    try:
        return Wanted(found["species"], parse_month(found["month"]), found["kind"])
    except ValueError:
        return None


def edition(config: Config, species: str, scientific: str, span: LocalDays) -> Edition:
    """An edition of this site."""
    title = config.site.title or config.site.name
    return Edition(
        site=config.site.name,
        title=f"{title}: {species} {month_of(span.start)} – {month_of(span.last)}, 5 km",
        species=species,
        scientific=scientific,
        span=span,
        licence=config.public.licence,
        publisher=config.public.publisher or title,
        least=config.public.least,
    )

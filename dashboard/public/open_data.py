"""What is published: delayed 5 km squares, small numbers withheld, figures rounded.

Owns what is published. Must not know positions of devices: squares are given by code. The events of a
square are rounded down to steps of `least`, its effort to tens of days, and its rate is a class of the
fixed scale. So the difference between two months' publications does not reveal a single event.
"""

from collections.abc import Callable, Iterable
from datetime import date
from math import ceil, floor
from typing import Any

from msgspec import Struct

from dashboard.analysis.rate import rai
from dashboard.documents.table import Table
from dashboard.maps import geojson, legend
from dashboard.maps.geojson import Feature
from dashboard.office import choices
from dashboard.office.filters import ALL
from dashboard.office.map import layers
from dashboard.office.map.squares import MeshCell
from dashboard.office.periods import LocalDays, Month, month_of, months_ending
from dashboard.public.edition import NAMES, Edition
from gateway.config.office import Public
from gateway.domain.species import PERSON

MONTHS = 12
EFFORT_STEP = 10
CLASS_DAYS = 30  # with less effort no class is published

NEVER_PUBLISHED = {PERSON}  # for the privacy of people
FALLBACK_SPECIES = "boar"


class PublicSquare(Struct, frozen=True):
    """One published square."""

    code: str
    effort_days: int  # rounded down to tens
    events: int | None  # rounded down to steps of `least`; None: withheld
    rate_class: int | None  # of the fixed scale; None: withheld or too little effort


def period(today: date, settings: Public) -> LocalDays:
    """The last 12 whole months that ended at least `delay_days` before `today`."""
    last: Month = month_of(today).plus(-1)
    while (today - last.plus(1).first).days < settings.delay_days:
        last = last.plus(-1)
    return months_ending(last, MONTHS)


def public_species(species: str, known: list[str]) -> str:
    """The species to publish: a single one, because all together could include people."""
    if species and species != ALL and species not in NEVER_PUBLISHED:
        return species
    usual = choices.default_species(known)
    return FALLBACK_SPECIES if usual == ALL else usual


def public_choices(known: list[str]) -> list[str]:
    """The species offered to the public."""
    return [species for species in known if species not in NEVER_PUBLISHED]


def squares(cells: Iterable[MeshCell], settings: Public) -> list[PublicSquare]:
    """Coarsen the cells of 5 km."""
    return [_square(cell, settings.least) for cell in cells]


def _square(cell: MeshCell, least: int) -> PublicSquare:
    effort = int(cell.rate.effort // EFFORT_STEP) * EFFORT_STEP
    enough = cell.rate.n == 0 or cell.rate.n >= least
    has_class = enough and cell.rate.effort >= CLASS_DAYS
    return PublicSquare(
        code=cell.code,
        effort_days=effort,
        events=cell.rate.n // least * least if enough else None,
        rate_class=layers.rate_class(cell.rate) if has_class else None,
    )


def published(found: Iterable[PublicSquare], about: Edition, bounds: Any) -> Feature:
    """The squares as GeoJSON for programs, with the names of the table's columns."""
    squares = [
        geojson.square(bounds(one.code), dict(zip(NAMES, _row(one, about), strict=True)))
        for one in found
    ]
    return {
        **geojson.collection(squares),
        "title": about.title,
        "license": about.licence_address,
        "source": about.publisher,
        "species": about.species,
        "temporal": [about.span.start.isoformat(), about.span.last.isoformat()],
    }


def features(found: Iterable[PublicSquare], bounds: Any) -> list[Feature]:
    """The squares as the page's map draws them; `bounds` gives the edges of a code."""
    return [
        geojson.square(
            bounds(one.code),
            {"code": one.code, "c": one.rate_class, "n": one.events, "days": one.effort_days},
        )
        for one in found
    ]


def table(found: Iterable[PublicSquare], about: Edition) -> Table:
    """The squares as a table for programs: English column names, codes as text."""
    return Table(about.title, NAMES, tuple(_row(one, about) for one in found))


def _row(one: PublicSquare, about: Edition) -> tuple[str | int | float | None, ...]:
    scale = legend.rows()
    row = None if one.rate_class is None else scale[one.rate_class]
    limits = (None, None) if row is None else (row.lower, row.upper)
    days = (about.span.start.isoformat(), about.span.last.isoformat())
    figures = (one.effort_days, one.events, *limits, *interval(one, about.least))
    return one.code, about.species, *days, *figures, about.licence, about.publisher


def interval(one: PublicSquare, least: int) -> tuple[float | None, float | None]:
    """The 95 % limits of the rate (Poisson) that hold for every count and effort that were published so.

    Made of published figures only, so that they tell nothing more; None: no class is published.
    """
    if one.rate_class is None or one.events is None:
        return None, None
    most = one.events + least - 1 if one.events else 0
    low = rai(one.events, one.effort_days + EFFORT_STEP).low
    high = rai(most, one.effort_days).high
    return _rounded(low, floor), _rounded(high, ceil)


def _rounded(value: float | None, outwards: Callable[[float], int]) -> float | None:
    return None if value is None else outwards(value * 100) / 100

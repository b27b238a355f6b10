"""What everybody may know: 5 km squares, late, small numbers withheld, figures coarsened.

Owns what is published. Nothing here knows a device's place: squares go in by code. A square's events
are told in steps of `least`, its effort in tens of days and its rate as a class of the fixed scale,
so that one month's publication taken from the next does not give away a single event.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any

from msgspec import Struct

from dashboard.documents.table import Table
from dashboard.maps import geojson, raster
from dashboard.maps.geojson import Feature
from dashboard.office import choices
from dashboard.office.filters import ALL
from dashboard.office.map import layers
from dashboard.office.map.squares import MeshCell
from dashboard.office.periods import LocalDays, Month, month_of, months_ending
from gateway.config.office import Public
from gateway.domain.species import PERSON

MONTHS = 12
EFFORT_STEP = 10
CLASS_DAYS = 30  # less effort than this gives no class


NEVER = {PERSON}  # people's comings and goings are nobody's business
USUAL = "boar"


class PublicSquare(Struct, frozen=True):
    """One published square."""

    code: str
    effort_days: int  # rounded down to tens
    events: int | None  # rounded down to steps of `least`; None: withheld
    rate_class: int | None  # of the fixed scale; None: withheld or too little effort


def period(today: date, settings: Public) -> LocalDays:
    """The last 12 whole months that ended long enough ago."""
    last: Month = month_of(today).plus(-1)
    while (today - last.plus(1).first).days < settings.delay_days:
        last = last.plus(-1)
    return months_ending(last, MONTHS)


def told(species: str, known: list[str]) -> str:
    """The species to publish: one, never a mixture that could hold people."""
    if species and species != ALL and species not in NEVER:
        return species
    usual = choices.usual(known)
    return USUAL if usual == ALL else usual


def offered(known: list[str]) -> list[str]:
    """Species that the public may ask for."""
    return [species for species in known if species not in NEVER]


def squares(cells: Iterable[MeshCell], settings: Public) -> list[PublicSquare]:
    """Coarsen the cells of 5 km."""
    return [_square(cell, settings.least) for cell in cells]


def _square(cell: MeshCell, least: int) -> PublicSquare:
    effort = int(cell.rate.effort // EFFORT_STEP) * EFFORT_STEP
    told = cell.rate.n == 0 or cell.rate.n >= least
    shown = told and cell.rate.effort >= CLASS_DAYS
    return PublicSquare(
        code=cell.code,
        effort_days=effort,
        events=cell.rate.n // least * least if told else None,
        rate_class=layers.classed(cell.rate) if shown else None,
    )


def features(found: Iterable[PublicSquare], bounds: Any) -> list[Feature]:
    """GeoJSON of the squares; `bounds` gives a code's edges."""
    return [
        geojson.square(
            bounds(one.code),
            {"code": one.code, "c": one.rate_class, "n": one.events, "days": one.effort_days},
        )
        for one in found
    ]


def table(found: Iterable[PublicSquare], title: str) -> Table:
    """The squares as a table for programs: English column names, codes as text."""
    columns = ("mesh5km", "camera_days", "events_at_least", "rate_class_from", "rate_class_to")
    return Table(title, columns, tuple(_row(one) for one in found))


def _row(one: PublicSquare) -> tuple[str | int | float | None, ...]:
    scale = raster.legend()
    row = None if one.rate_class is None else scale[one.rate_class]
    limits = (None, None) if row is None else (row.lower, row.upper)
    return one.code, one.effort_days, one.events, *limits

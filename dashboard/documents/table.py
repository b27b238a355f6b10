"""A table for pages, files and paper. PURE. Owns plain values only, and how one is written as text."""

from datetime import date, datetime
from typing import TypeAlias

from msgspec import Struct

Cell: TypeAlias = str | int | float | date | None
"""A date, or a datetime in local time, stays one in a workbook."""

UNKNOWN = "－"


class Table(Struct, frozen=True):
    """A title, columns and rows; a text cell stays text even if it looks like a number."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""


def dated(cell: date) -> str:
    """A day, or a day with its time."""
    if isinstance(cell, datetime):
        return f"{cell:%Y/%m/%d %H:%M}"
    return f"{cell:%Y/%m/%d}"


def cell_text(cell: Cell) -> str:
    """A cell as it is read on paper; an unknown value is a dash."""
    if cell is None:
        return UNKNOWN
    if isinstance(cell, date):
        return dated(cell)
    return f"{cell:,.1f}" if isinstance(cell, float) else str(cell)

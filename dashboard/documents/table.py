"""A table for pages, files and paper. PURE. Owns plain values only."""

from typing import TypeAlias

from msgspec import Struct

Cell: TypeAlias = str | int | float | None


class Table(Struct, frozen=True):
    """A title, columns and rows; a text cell stays text even if it looks like a number."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""

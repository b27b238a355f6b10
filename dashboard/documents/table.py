"""A table as pages, files and paper show it. PURE. Owns plain values only."""

from typing import TypeAlias

from msgspec import Struct

Cell: TypeAlias = str | int | float | None


class Table(Struct, frozen=True):
    """A heading, columns and rows; text cells are text whatever they look like."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""

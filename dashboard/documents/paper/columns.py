"""How wide the columns of a table on paper are, and which lines a cell takes. PURE.

Owns these rules. Widths of columns are in points, those of characters in type sizes.
"""

from collections.abc import Sequence

from dashboard.documents.paper.line_breaks import Width, text_width, wrap
from dashboard.documents.table import Cell, Table, cell_text

PADDING = 6.0
INNER = 0.4  # of a type size, left free in a cell


def widths(
    table: Table, whole: float, size: float, width: Width, *, level: bool = False
) -> list[float]:
    """As wide as the cells need, scaled down together if the page is too narrow.

    `level`: only the widest are made narrower.
    """
    wanted = [_wanted(table, c, width) * size + PADDING for c in range(len(table.columns))]
    if level:
        return _level(wanted, whole)
    scale = min(1.0, whole / sum(wanted))
    return [one * scale for one in wanted]


def heading_lines(heading: Cell) -> list[str]:
    """A column's heading, one word per line."""
    return cell_text(heading).split(" ")


def cell_lines(cell: Cell, wide: float, size: float, width: Width) -> list[str]:
    """A cell's lines in a column of a width."""
    return wrap(cell_text(cell), wide / size - INNER, width)


def _wanted(table: Table, column: int, width: Width) -> float:
    texts = heading_lines(table.columns[column])
    return max(
        text_width(one, width) for one in (*texts, *(cell_text(row[column]) for row in table.rows))
    )


def _level(wanted: Sequence[float], whole: float) -> list[float]:
    """Widths that fill the page: only the widest are made narrower, to one width."""
    left, found = whole, sorted(wanted)
    for n, width in enumerate(found):
        if width * (len(found) - n) > left:
            return [min(one, left / (len(found) - n)) for one in wanted]
        left -= width
    return list(wanted)

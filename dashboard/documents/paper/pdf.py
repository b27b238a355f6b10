"""PDF files for A4 paper: text, tables, drawings and pictures, with an embedded Japanese font.

Owns the layout: margins, lines, columns, repeated heads, page numbers. The file itself is written by
fpdf2, which embeds the characters that are used; it is loaded when a file is made, in the process of the
officials' pages. Cells are placed here and not by fpdf2's own tables, which take a hundred times as long.
Sizes are in points.
"""

import io
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from dashboard.documents.paper import columns, font
from dashboard.documents.paper.drawing import (
    BLACK,
    Area,
    Box,
    Colour,
    Dot,
    Drawing,
    Line,
    Shape,
    grey,
)
from dashboard.documents.paper.line_breaks import printable, text_width, truncate, wrap
from dashboard.documents.table import Cell, Table, cell_text

if TYPE_CHECKING:
    from fpdf import FPDF

A4 = (595.28, 841.89)
MARGIN, LINE = 42.0, 1.5
FAMILY = "paper"
HEAD, RULE, EDGE = grey(0.9), grey(0.6), grey(0.45)
FOOT_SIZE = 7.5


class Pdf:
    """A document that grows downwards, page after page. `y`: from the top of the page."""

    def __init__(self, title: str, made: datetime | None = None) -> None:
        self._title = title
        self._file = _empty(title, made or datetime.now(UTC))
        self.width, self.height = A4
        self.width_of = lru_cache(maxsize=None)(self._width_of)  # of a character, in type sizes
        self.new_page()

    @property
    def pages(self) -> int:
        """How many pages there are."""
        return self._file.pages_count

    @property
    def room_left(self) -> float:
        """The height that is left on this page."""
        return self.height - MARGIN - self.y

    def new_page(self) -> None:
        """Start a new page."""
        self._file.add_page()
        self.y = MARGIN

    def text(self, text: str, size: float = 9.5, x: float = MARGIN) -> None:
        """Add a paragraph, wrapped at the right margin."""
        for line in self.lines(text, size, x):
            self.room(size * LINE)
            self.y += size * LINE
            self._put(line, x, self.y, size)

    def lines(self, text: str, size: float, x: float = MARGIN) -> list[str]:
        """The lines that a paragraph would take."""
        return wrap(text, (self.width - MARGIN - x) / size, self.width_of)

    def table(self, table: Table, size: float = 8.0, *, whole: bool = False) -> None:
        """Add a table with its heading; the column names are repeated on each page.

        `whole`: where the page is too narrow, the widest cells take several lines instead of being cut.
        """
        self.y += size
        self.room(size * LINE * 4)
        self.text(table.title, size + 2.5)
        widths = columns.widths(table, self.width - 2 * MARGIN, size, self.width_of, level=whole)
        self._row(table.columns, widths, size, head=True)
        for row in table.rows:
            lines = [
                columns.cell_lines(cell, width, size, self.width_of) if whole else [cell_text(cell)]
                for cell, width in zip(row, widths, strict=True)
            ]
            if self.room(size * LINE * max(map(len, lines))):
                self._row(table.columns, widths, size, head=True)
            self._row(row, widths, size, lines)
        if table.note:
            self.text(table.note, size)

    def drawing(self, drawn: Drawing, x: float = MARGIN) -> None:
        """Add a drawing."""
        self.room(drawn.height + MARGIN / 4)
        top = self.y + MARGIN / 4
        with (  # the context keeps what fpdf2 believes of colours equal to what the file says
            self._file.local_context(),
            self._file.rect_clip(x, top, drawn.width, drawn.height),
        ):
            for shape in drawn.shapes:
                self._draw(shape, x, top + drawn.height)
        if drawn.is_framed:
            self._pen(BLACK, 0.8)
            self._file.rect(x + 0.4, top + 0.4, drawn.width - 0.8, drawn.height - 0.8)
        for label in drawn.labels:
            wide = text_width(label.text, self.width_of) * label.size
            back = {"start": 0.0, "middle": wide / 2, "end": wide}[label.anchor]
            self._put(label.text, x + label.x - back, top + drawn.height - label.y, label.size)
        self.y = top + drawn.height

    def picture(
        self, data: bytes, x: float, y: float, width: float, height: float, alt: str
    ) -> None:
        """A JPEG or PNG within a box whose corner lies `y` below the top of the page."""
        self._file.image(
            io.BytesIO(data), x, y, width, height, keep_aspect_ratio=True, alt_text=alt
        )

    def line_at(self, text: str, x: float, y: float, size: float, most: float) -> None:
        """One line at a place, cut to a width."""
        self._put(truncate(text, most / size, self.width_of), x, y, size)

    def room(self, height: float) -> bool:
        """Start a new page if less than `height` is left; returns whether a page was started."""
        if height <= self.room_left:
            return False
        self.new_page()
        return True

    def bytes(self) -> bytes:
        """The whole PDF file, each page with its number."""
        total = self.pages
        for number in range(1, total + 1):
            self._file.page = number
            self._file.set_font(FAMILY, size=1)  # another size: so the next one is written anew
            foot = f"{number} / {total}"
            end = self.width - MARGIN - text_width(foot, self.width_of) * FOOT_SIZE
            self.line_at(self._title, MARGIN, self.height - 24, FOOT_SIZE, end - MARGIN - 10)
            self._put(foot, end, self.height - 24, FOOT_SIZE)
        from fpdf.fonts import TTFFont

        whole = bytes(self._file.output())
        for one in self._file.fonts.values():
            if isinstance(one, TTFFont):
                one.close()  # its file stays open otherwise
        return whole

    def _row(
        self,
        row: Sequence[Cell],
        widths: Sequence[float],
        size: float,
        lines: Sequence[Sequence[str]] = (),
        *,
        head: bool = False,
    ) -> None:
        lines = [columns.heading_lines(cell) for cell in row] if head else lines
        most = max(map(len, lines))
        height = size * LINE * most
        if head:
            self._file.set_fill_color(*HEAD)
            self._file.rect(MARGIN, self.y + 2, sum(widths), height, style="F")
        x = MARGIN
        for cell, parts, width in zip(row, lines, widths, strict=True):
            below = (
                most - len(parts) if head else 0
            )  # a heading stands at the bottom, a cell on top
            for i, part in enumerate(parts, start=below):
                shown = truncate(part, width / size - columns.INNER, self.width_of)
                wide = text_width(shown, self.width_of) * size
                start = x + 2 if isinstance(cell, str) else x + width - wide - 2
                self._put(shown, start, self.y + (i + 1) * size * LINE - 1.5, size)
            x += width
        self.y += height
        self._pen(RULE, 0.4)
        self._file.line(MARGIN, self.y + 2, x, self.y + 2)

    def _put(self, text: str, x: float, y: float, size: float) -> None:
        shown = printable(text)
        if shown.strip():
            self._file.set_font(FAMILY, size=size)
            self._file.text(x, y, shown)

    def _width_of(self, one: str) -> float:
        self._file.set_font(FAMILY, size=10)
        return float(self._file.get_string_width(printable(one))) / 10

    def _draw(self, shape: Shape, x: float, bottom: float) -> None:
        match shape:
            case Area():
                for i, ring in enumerate(shape.rings):
                    self._pen(EDGE, 0.4)
                    self._file.set_fill_color(*(grey(1) if i else shape.fill))
                    self._file.polygon([(x + a, bottom - b) for a, b in ring], style="DF")
            case Line():
                self._pen(shape.colour, shape.width)
                self._file.set_dash_pattern(*((4, 2) if shape.dashed else (0, 0)))
                self._file.polyline([(x + a, bottom - b) for a, b in shape.points])
                self._file.set_dash_pattern()
            case Dot():
                self._pen(shape.edge, 0.8)
                self._file.set_fill_color(*shape.fill)
                centre = x + shape.at[0], bottom - shape.at[1]
                self._file.circle(*centre, shape.radius, style="DF")
            case Box():
                self._file.set_fill_color(*shape.fill)
                corner = x + shape.at[0], bottom - shape.at[1] - shape.height
                self._file.rect(*corner, shape.width, shape.height, style="F")

    def _pen(self, colour: Colour, width: float) -> None:
        self._file.set_draw_color(*colour)
        self._file.set_line_width(width)


def _empty(title: str, made: datetime) -> "FPDF":
    from fpdf import FPDF

    path, number = font.find()
    file = FPDF(unit="pt", format=A4)
    file.set_auto_page_break(auto=False)
    file.add_font(FAMILY, fname=path, collection_font_number=number)
    file.set_title(title)
    file.set_lang("ja")
    file.set_producer("Shishigaki (fpdf2)")
    file.set_creation_date(made)
    return file

"""A small PDF writer for reports in Japanese: text, lines, boxes, tables. PURE.

Owns the file format (PDF 1.4). The font is not embedded, only named with Adobe's Japanese character
collection (Adobe-Japan1); PDF readers on Japanese desktops use their own gothic font for it. So a report
has a few kB and needs no library and no font file of tens of megabytes, which matters on a board with
512 MB. Without a Japanese font, the web page can be printed from the browser.
"""

import zlib
from collections.abc import Sequence
from unicodedata import east_asian_width

from dashboard.documents.table import Cell, Table

A4 = (595.28, 841.89)
MARGIN, LINE = 42.0, 1.5
HALF_WIDTH = 500  # width of a half-width glyph, full width = 1000; the encoding has no other widths

# The composite font, its glyphs (all half-width ones 500 wide) and their description.
FONT = (
    b"""<< /Type /Font /Subtype /Type0 /BaseFont /HeiseiKakuGo-W5-UniJIS-UCS2-HW-H
    /Encoding /UniJIS-UCS2-HW-H /DescendantFonts [4 0 R] >>""",
    b"""<< /Type /Font /Subtype /CIDFontType0 /BaseFont /HeiseiKakuGo-W5 /DW 1000 /W [231 389 500]
    /CIDSystemInfo << /Registry (Adobe) /Ordering (Japan1) /Supplement 2 >> /FontDescriptor 5 0 R >>""",
    b"""<< /Type /FontDescriptor /FontName /HeiseiKakuGo-W5 /Flags 4 /FontBBox [-92 -250 1010 922]
    /ItalicAngle 0 /Ascent 752 /Descent -221 /CapHeight 737 /StemV 114 >>""",
)


class Pdf:
    """A document that grows downwards, page after page."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._pages: list[list[str]] = []
        self.new_page()

    def new_page(self) -> None:
        """Start a new page."""
        self._pages.append([])
        self.y = A4[1] - MARGIN

    def text(self, text: str, size: float = 9.5, x: float = MARGIN) -> None:
        """Add a paragraph, wrapped at the right margin."""
        for line in wrap(text, (A4[0] - MARGIN - x) / size):
            self.room(size * LINE)
            self.y -= size * LINE
            self._put(line, x, self.y, size)

    def table(self, table: Table, size: float = 8.0, *, whole: bool = False) -> None:
        """Add a table with its heading; the column names are repeated on each page.

        `whole`: where the page is too narrow, the widest cells take several lines instead of being cut.
        """
        self.y -= size
        self.room(size * LINE * 4)
        self.text(table.title, size + 2.5)
        widths = _columns(table, A4[0] - 2 * MARGIN, size, level=whole)
        self._row(table.columns, widths, size, head=True)
        for row in table.rows:
            lines = _wrapped(row, widths, size) if whole else [[cell_text(cell)] for cell in row]
            if self.room(size * LINE * max(map(len, lines))):
                self._row(table.columns, widths, size, head=True)
            self._row(row, widths, size, lines)
        if table.note:
            self.text(table.note, size)

    def room(self, height: float) -> bool:
        """Start a new page if less than `height` is left; returns whether a page was started."""
        if self.y - height >= MARGIN:
            return False
        self.new_page()
        return True

    def bytes(self) -> bytes:
        """The whole PDF file."""
        pages = [_content(one) for one in self._pages]
        kids = " ".join(f"{7 + 2 * i} 0 R" for i in range(len(pages)))
        objects = [
            b"<< /Type /Catalog /Pages 2 0 R /Lang (ja) >>",
            f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
            *FONT,
            f"<< /Title <FEFF{_hex(self._title)}> /Producer (Shishigaki) >>".encode(),
        ]
        for i, content in enumerate(pages):
            objects.append(
                f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {A4[0]} {A4[1]}] /Contents {8 + 2 * i} 0 R "
                "/Resources << /Font << /F1 3 0 R >> >> >>".encode()
            )
            head = f"<< /Length {len(content)} /Filter /FlateDecode >>\nstream\n".encode()
            objects.append(head + content + b"\nendstream")
        return _file(objects)

    def _row(
        self,
        row: Sequence[Cell],
        widths: Sequence[float],
        size: float,
        lines: Sequence[Sequence[str]] = (),
        *,
        head: bool = False,
    ) -> None:
        lines = [_heading_lines(cell) for cell in row] if head else lines
        most = max(map(len, lines))
        height = size * LINE * most
        self.y -= height
        if head:
            self._pages[-1].append(
                f"0.9 g {MARGIN} {self.y - 2:.1f} {sum(widths):.1f} {height:.1f} re f 0 g"
            )
        x = MARGIN
        for cell, parts, width in zip(row, lines, widths, strict=True):
            right = not isinstance(cell, str)
            above = (
                0 if head else most - len(parts)
            )  # a heading stands at the bottom, a cell on top
            for i, part in enumerate(reversed(parts), start=above):
                shown = truncate(part, width / size - 0.4)
                start = x + width - text_width(shown) * size - 2 if right else x + 2
                self._put(shown, start, self.y + 1.5 + i * size * LINE, size)
            x += width
        self._pages[-1].append(
            f"0.4 w 0.6 G {MARGIN} {self.y - 2:.1f} m {x:.1f} {self.y - 2:.1f} l S 0 G"
        )

    def _put(self, text: str, x: float, y: float, size: float) -> None:
        self._pages[-1].append(f"BT /F1 {size:g} Tf {x:.1f} {y:.1f} Td <{_hex(text)}> Tj ET")


def cell_text(cell: Cell) -> str:
    """A cell as text; an unknown value is a dash."""
    if cell is None:
        return "－"
    return f"{cell:,.1f}" if isinstance(cell, float) else str(cell)


def _heading_lines(heading: Cell) -> list[str]:
    """A column's heading, one word per line."""
    return cell_text(heading).split(" ")


def text_width(text: str) -> float:
    """Width in units of the type size."""
    return sum(_width(one) for one in text)


def wrap(text: str, width: float) -> list[str]:
    """Lines not wider than `width` (in type sizes); may break between any characters, as in Japanese."""
    lines, line, used = [], "", 0.0
    for one in text:
        wide = _width(one)
        if one == "\n" or used + wide > width:
            lines.append(line)
            line, used = "", 0.0
        if one != "\n":
            line, used = line + one, used + wide
    return [*lines, line]


def truncate(text: str, width: float) -> str:
    """Text cut to a width, with "…" at the end if something is missing."""
    if text_width(text) <= width:
        return text
    while text and text_width(text) + 1 > width:
        text = text[:-1]
    return text + "…"


def _width(one: str) -> float:
    return 1.0 if east_asian_width(one) in "WFA" else HALF_WIDTH / 1000


def _wrapped(row: Sequence[Cell], widths: Sequence[float], size: float) -> list[list[str]]:
    """The lines of each cell."""
    return [
        wrap(cell_text(cell), width / size - 0.4) for cell, width in zip(row, widths, strict=True)
    ]


def _level(wanted: Sequence[float], whole: float) -> list[float]:
    """Widths that fill the page: only the widest are made narrower, to one width."""
    left, widths = whole, sorted(wanted)
    for n, width in enumerate(widths):
        if width * (len(widths) - n) > left:
            return [min(one, left / (len(widths) - n)) for one in wanted]
        left -= width
    return list(wanted)


def _columns(table: Table, whole: float, size: float, *, level: bool = False) -> list[float]:
    """Widths in points: as the cells need, scaled down together if the page is too narrow.

    `level`: only the widest are made narrower.
    """
    wanted = [
        max(
            text_width(one)
            for one in (*_heading_lines(table.columns[c]), *(cell_text(r[c]) for r in table.rows))
        )
        * size
        + 6
        for c in range(len(table.columns))
    ]
    if level:
        return _level(wanted, whole)
    scale = min(1.0, whole / sum(wanted))
    return [width * scale for width in wanted]


def _hex(text: str) -> str:
    """UTF-16 in hex; characters outside the basic plane, missing in the encoding, become "〓"."""
    plain = "".join(one if ord(one) < 0x10000 else "〓" for one in text)
    return plain.encode("utf-16-be").hex().upper()


def _content(parts: Sequence[str]) -> bytes:
    return zlib.compress("\n".join(parts).encode("ascii"))


def _file(objects: Sequence[bytes]) -> bytes:
    out, offsets = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"), []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(f"{offset:010} 00000 n \n".encode() for offset in offsets)
    trailer = f"<< /Size {len(objects) + 1} /Root 1 0 R /Info 6 0 R >>"
    out += f"trailer\n{trailer}\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(out)

"""Reads the header and rows of a table file: CSV in any usual form, or XLSX.

Owns how the header is found below title rows, and the size limits of a file. Must not know what a column
means: the caller decides which row is a header.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from msgspec import Struct

from gateway.ingest.tables import text_file, workbook
from gateway.ingest.tables.text_file import Line, TableError

MAX_BYTES = 20_000_000
HEADER_WITHIN = 20  # filled lines that are searched for the header
COMMA_DECIMALS = (";", "\t")  # with these separators a number may be written 36,5561

IsHeader = Callable[[Sequence[str]], bool]


class Row(Struct, frozen=True):
    """A row: where it begins in the file (the first line is 1), and its filled cells by column name."""

    line: int
    cells: dict[str, str]
    extra: str = ""  # the first cell beyond the header: cells may be in wrong columns


EXTRA = (
    "見出しより列が多い。値の中に区切り文字があれば引用符で囲んでください / "
    "more cells than the header has: put a value that holds a separator between quotation marks"
)


class Table(Struct, frozen=True):
    """What a file holds."""

    header: list[str]
    header_line: int
    rows: list[Row]
    encoding: str  # of a text file, or "xlsx"
    above: str = ""  # the title rows above the header
    has_comma_decimals: bool = False  # the comma is a decimal sign


class _Found(Struct, frozen=True):
    """Where a header stands among the lines of a file."""

    at: int  # index
    line: int
    header: list[str]


def read(data: bytes, is_header: IsHeader, encoding: str = "auto", separator: str = "") -> Table:
    """The table of a file; the first filled line is its header when none of the first ones is one.

    Raises TableError when it is no table.
    """
    if len(data) > MAX_BYTES:
        raise TableError(
            f"{MAX_BYTES:,} バイトまでです / too large: at most {MAX_BYTES:,} bytes are read"
        )
    if workbook.is_workbook(data):
        return _of_workbook(data, is_header)
    _refuse_others(data)
    text, encoding = text_file.decode(data, encoding)
    return _of_text(text, is_header, encoding, separator)


def read_bytes(path: Path) -> bytes:
    """A file's bytes, at most one more than `read` takes. Raises OSError."""
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


def _refuse_others(data: bytes) -> None:
    head = data[:1_000].lstrip().lower()
    if data[:4] == b"\xd0\xcf\x11\xe0":
        raise TableError(
            "古い .xls かパスワード付きのファイルは読めません。.xlsx か CSV UTF-8 で保存してください / "
            "an old .xls, or one with a password: save it as .xlsx or CSV UTF-8"
        )
    if head.startswith((b"<html", b"<!doctype html", b"<table", b"%pdf")):
        raise TableError(
            "表ではなく Web ページか PDF です。.xlsx か CSV UTF-8 で保存してください / "
            "a web page or PDF, no table: save it as .xlsx or CSV UTF-8"
        )


def _of_text(text: str, is_header: IsHeader, encoding: str, separator: str) -> Table:
    tried = [separator] if separator else list(text_file.SEPARATORS)
    for one in tried:
        try:
            found = _find(text_file.lines(text, one), is_header)
        except TableError:
            if separator:
                raise
            continue
        if found:
            lines = list(_filled(text_file.lines(text, one)))
            return _table(lines, found, encoding, has_comma_decimals=one in COMMA_DECIMALS)
    widest = max(tried, key=lambda one: text.partition("\n")[0].count(one))
    lines = list(_filled(text_file.lines(text, widest)))
    return _without_header(lines, encoding)


def _of_workbook(data: bytes, is_header: IsHeader) -> Table:
    every = workbook.sheets(data)
    found = [(name, lines, at) for name, lines in every if (at := _find(lines, is_header))]
    if len(found) > 1:
        names = ", ".join(name for name, *_ in found)
        raise TableError(
            f"表のあるシートが2枚以上あります: {names}。1枚ずつ別のファイルに / "
            f"the sheets {names} hold a table each: save each as a file of its own"
        )
    if not found:
        return _without_header(next((lines for _, lines in every if lines), []), "xlsx")
    [(_, lines, at)] = found
    return _table(lines, at, "xlsx", has_comma_decimals=False)


def _filled(lines: Iterable[Line]) -> Iterator[Line]:
    return (line for line in lines if any(line[1]))


def _find(lines: Iterable[Line], is_header: IsHeader) -> _Found | None:
    for at, (line, cells) in enumerate(islice(_filled(lines), HEADER_WITHIN)):
        if is_header(cells):
            return _Found(at, line, cells)
    return None


def _without_header(lines: list[Line], encoding: str) -> Table:
    line, header = lines[0] if lines else (1, [])
    return Table(header, line, [], encoding)


def _table(lines: list[Line], found: _Found, encoding: str, *, has_comma_decimals: bool) -> Table:
    above = " ".join(cell for _, cells in lines[: found.at] for cell in cells if cell)
    rows = [_row(line, cells, found.header) for line, cells in lines[found.at + 1 :]]
    return Table(found.header, found.line, rows, encoding, above, has_comma_decimals)


def _row(line: int, cells: Sequence[str], header: Sequence[str]) -> Row:
    extra = next(filter(None, cells[len(header) :]), "")
    pairs = zip(header, cells, strict=False)
    return Row(line, {name: text for name, text in pairs if name and text}, extra)

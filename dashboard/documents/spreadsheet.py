"""Tables as CSV and XLSX, safe to open in a spreadsheet program.

Owns the two formats. Text never becomes a formula, codes stay text, numbers and dates stay what they are.
How a sheet looks: `sheet_look`.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date, datetime

from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from dashboard.documents import sheet_look
from dashboard.documents.sheet_look import Cover
from dashboard.documents.table import Cell, Table, dated

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")  # spreadsheets read such text as a formula
NO_XML = "\ufffe\uffff"


def csv_bytes(table: Table) -> bytes:
    """One table as CSV with a byte order mark, so that Excel reads Japanese.

    Text that a spreadsheet would read as a formula starts with an apostrophe.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(table.columns)
    writer.writerows([_csv_cell(cell) for cell in row] for row in table.rows)
    return out.getvalue().encode("utf-8-sig")


def xlsx_bytes(tables: Iterable[Table], cover: Cover | None = None) -> bytes:
    """Tables as one workbook, one sheet per table, after a cover where one is given."""
    book = Workbook()
    book.remove(book.worksheets[0])
    names: set[str] = set()
    first = book.create_sheet(_name(cover.sheet, names)) if cover else None
    titles = []
    for table in tables:
        name = _name(table.title, names)
        titles.append((name, table.title))
        _fill(book.create_sheet(name), table)
    if cover and first is not None:
        for row, text in _cover_texts(cover, titles):
            put(first, row, 1, text)
        sheet_look.cover_sheet(first, cover, titles)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def put(sheet: Worksheet, row: int, column: int, value: Cell) -> None:
    """Write one value; text is text, even if it begins with "="."""
    cell = sheet.cell(row, column)
    if isinstance(value, str):
        cell.value = printable(value)
        cell.data_type = "s"
        cell.quotePrefix = value.startswith(FORMULA_STARTS)
    elif isinstance(value, datetime):
        cell.value = value.replace(tzinfo=None)  # a workbook knows no offset: local time
    elif value is not None:
        cell.value = value
    if value is not None:
        cell.number_format = sheet_look.number_format(value)


def _fill(sheet: Worksheet, table: Table) -> None:
    rows: Sequence[tuple[Cell, ...]] = (table.columns, *table.rows)
    for r, row in enumerate(rows, start=1):
        for c, value in enumerate(row, start=1):
            put(sheet, r, c, value)
    if table.note:
        put(sheet, len(rows) + 2, 1, table.note)
    sheet_look.table_sheet(sheet, rows, table.note)


def _cover_texts(cover: Cover, titles: Sequence[tuple[str, str]]) -> list[tuple[int, str]]:
    """Row and text of everything on the cover."""
    at = 3 + len(cover.paragraphs)
    return [
        (1, cover.title),
        *enumerate(cover.paragraphs, start=3),
        (at + 1, cover.contents),
        *enumerate((title for _, title in titles), start=at + 2),
    ]


def _csv_cell(cell: Cell) -> Cell:
    if isinstance(cell, str):
        text = printable(cell)
        return f"'{text}" if text.startswith(FORMULA_STARTS) else text
    return dated(cell) if isinstance(cell, date) else cell


def printable(text: str) -> str:
    """The text without control characters and the two others that XML does not allow."""
    return "".join(one for one in text if one in "\t\n\r" or (ord(one) >= 32 and one not in NO_XML))


def _name(title: str, taken: set[str]) -> str:
    """A unique sheet name within Excel's rules."""
    plain = "".join("_" if one in "[]:*?/\\'" else one for one in title)[:28] or "sheet"
    name, no = plain, 2
    while name in taken:
        name, no = f"{plain}{no}", no + 1
    taken.add(name)
    return name

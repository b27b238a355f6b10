"""Tables as CSV and XLSX, safe to open in a spreadsheet program.

Owns the two formats. Text never becomes a formula, codes stay text, numbers stay numbers.
"""

import csv
import io
from collections.abc import Iterable, Sequence

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from dashboard.documents.table import Cell, Table

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")  # spreadsheets read such text as a formula
MAX_COLUMN_WIDTH = 40


def csv_bytes(table: Table) -> bytes:
    """One table as CSV with a byte order mark, so that Excel reads Japanese.

    Text that a spreadsheet would read as a formula starts with an apostrophe.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(table.columns)
    writer.writerows([_csv_cell(cell) for cell in row] for row in table.rows)
    return out.getvalue().encode("utf-8-sig")


def xlsx_bytes(tables: Iterable[Table]) -> bytes:
    """Tables as one workbook, one sheet per table."""
    book = Workbook()
    book.remove(book.worksheets[0])
    names: set[str] = set()
    for table in tables:
        _fill(book.create_sheet(_name(table.title, names)), table)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _fill(sheet: Worksheet, table: Table) -> None:
    rows: Sequence[tuple[Cell, ...]] = (table.columns, *table.rows)
    for r, row in enumerate(rows, start=1):
        for c, value in enumerate(row, start=1):
            _put(sheet, r, c, value)
    for c in range(1, len(table.columns) + 1):
        sheet.cell(1, c).font = Font(bold=True)
        widest = max((_width(row[c - 1]) for row in rows), default=8)
        sheet.column_dimensions[get_column_letter(c)].width = min(MAX_COLUMN_WIDTH, widest + 2)
    sheet.freeze_panes = "A2"
    if table.note:
        at = len(rows) + 2
        _put(sheet, at, 1, table.note)
        sheet.cell(at, 1).alignment = Alignment(wrap_text=False)


def _put(sheet: Worksheet, row: int, column: int, value: Cell) -> None:
    cell = sheet.cell(row, column)
    if isinstance(value, str):
        cell.value = _printable(value)
        cell.data_type = "s"  # text, even if it begins with "="
        cell.number_format = "@"
        cell.quotePrefix = value.startswith(FORMULA_STARTS)
    elif value is not None:
        cell.value = value


def _csv_cell(cell: Cell) -> Cell:
    if isinstance(cell, str):
        text = _printable(cell)
        return f"'{text}" if text.startswith(FORMULA_STARTS) else text
    return cell


def _printable(text: str) -> str:
    """The text without control characters, which XLSX does not allow."""
    return "".join(one for one in text if one in "\t\n\r" or ord(one) >= 32)


def _width(cell: Cell) -> int:
    text = "" if cell is None else str(cell)
    return sum(2 if ord(one) > 0x2E7F else 1 for one in text)


def _name(title: str, taken: set[str]) -> str:
    """A unique sheet name within Excel's rules."""
    plain = "".join("_" if one in "[]:*?/\\'" else one for one in title)[:28] or "sheet"
    name, no = plain, 2
    while name in taken:
        name, no = f"{plain}{no}", no + 1
    taken.add(name)
    return name

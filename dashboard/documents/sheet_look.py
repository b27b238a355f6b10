"""How a sheet of a workbook looks on the screen and on paper: formats, widths, page setup, the cover.

Owns these looks. A4 landscape, as wide as the paper, heads on every page, page numbers. Values:
`spreadsheet`.
"""

from collections.abc import Sequence
from datetime import date, datetime
from math import ceil

from msgspec import Struct
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.header_footer import HeaderFooterItem, _HeaderFooterPart
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from dashboard.documents.table import Cell, cell_text

DAY, MOMENT, WHOLE, RATE, EXACT = (
    "yyyy/mm/dd",
    "yyyy/mm/dd hh:mm",
    "#,##0",
    "#,##0.0#",
    "0.00000",
)
MAX_COLUMN_WIDTH, LEAST_COLUMN_WIDTH = 40, 6  # half-width characters
LINE_POINTS = 15.0
COVER_WIDTH = 110
TOP = Alignment(vertical="top", wrap_text=True)
HEAD = PatternFill("solid", fgColor="E6E6E6")
RULE = Border(bottom=Side(style="hair", color="999999"))


class Cover(Struct, frozen=True):
    """The first sheet: what the workbook is about, in paragraphs."""

    sheet: str
    title: str
    paragraphs: tuple[str, ...]
    contents: str  # heading of the list of sheets


def number_format(value: Cell) -> str:
    """The format of a cell's value; text stays text."""
    if isinstance(value, str) or value is None:
        return "@"
    if isinstance(value, date):
        return MOMENT if isinstance(value, datetime) else DAY
    if isinstance(value, int):
        return WHOLE
    return RATE if round(value, 2) == value else EXACT


def table_sheet(sheet: Worksheet, rows: Sequence[Sequence[Cell]], note: str) -> None:
    """A sheet whose first row is the head."""
    columns = len(rows[0]) if rows else 1
    for c in range(1, columns + 1):
        head = sheet.cell(1, c)
        head.font, head.fill, head.alignment = Font(bold=True), HEAD, TOP
        widest = max((_width(row[c - 1]) for row in rows), default=LEAST_COLUMN_WIDTH)
        width = max(min(MAX_COLUMN_WIDTH, widest + 2), LEAST_COLUMN_WIDTH)
        sheet.column_dimensions[get_column_letter(c)].width = width
    for row in sheet.iter_rows(min_row=2, max_row=len(rows), max_col=columns):
        for cell in row:
            cell.border = RULE
            cell.alignment = TOP
    sheet.freeze_panes = "A2"
    sheet.print_title_rows = "1:1"
    if note:
        _note(sheet, len(rows) + 2, columns, note)
    on_paper(sheet)


def cover_sheet(sheet: Worksheet, cover: Cover, titles: Sequence[tuple[str, str]]) -> None:
    """The cover. `titles`: name and title of each following sheet."""
    sheet.column_dimensions["A"].width = COVER_WIDTH
    sheet["A1"].font = Font(bold=True, size=18)
    at = 3
    for paragraph in cover.paragraphs:
        sheet.cell(at, 1).alignment = TOP
        sheet.row_dimensions[at].height = LINE_POINTS * ceil(_width(paragraph) / COVER_WIDTH)
        at += 1
    sheet.cell(at + 1, 1).font = Font(bold=True)
    for i, (name, _) in enumerate(titles, start=at + 2):
        cell = sheet.cell(i, 1)
        cell.hyperlink = Hyperlink(ref=cell.coordinate, location=f"'{name}'!A1")
        cell.font = Font(color="0B4184", underline="single")
    on_paper(sheet)


def on_paper(sheet: Worksheet) -> None:
    """A4 landscape, as wide as the paper, with the sheet's name above and the page's number below."""
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = 9  # A4, as spreadsheet programs number it
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.page_margins.left = sheet.page_margins.right = 0.4
    sheet.HeaderFooter.oddHeader = HeaderFooterItem(left=_HeaderFooterPart("&A"))
    sheet.HeaderFooter.oddFooter = HeaderFooterItem(center=_HeaderFooterPart("&P / &N"))


def _note(sheet: Worksheet, row: int, columns: int, note: str) -> None:
    """A note under the table, as wide as the table, in as many lines as it needs."""
    wide = sum(sheet.column_dimensions[get_column_letter(c)].width for c in range(1, columns + 1))
    sheet.cell(row, 1).alignment = TOP
    sheet.merge_cells(start_row=row, end_row=row, start_column=1, end_column=columns)
    sheet.row_dimensions[row].height = LINE_POINTS * ceil(1.1 * _width(note) / wide)


def _width(cell: Cell) -> int:
    text = "" if cell is None else cell_text(cell)
    return sum(2 if ord(one) > 0x2E7F else 1 for one in text)

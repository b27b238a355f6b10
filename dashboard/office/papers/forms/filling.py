"""Fills a municipality's workbook: values into named cells, a copy of the sheet for each record or page.

Owns the copies and what a cell becomes. The form's own formats stay; a day in a cell without one gets
one. Text never becomes a formula. Without records one empty copy stays, so that the form can be printed.
"""

import io
from collections.abc import Collection, Mapping, Sequence

from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from dashboard.documents import sheet_look, spreadsheet
from dashboard.documents.table import Cell
from dashboard.office.papers.forms import template
from dashboard.office.papers.forms.template import SheetPlan, Slot
from dashboard.office.papers.forms.values import Values

MOST_SHEETS = 400  # copies of one sheet
GENERAL = "General"


def filled(
    data: bytes,
    form: Values,
    records: Mapping[str, Sequence[Values]],
    keys: Mapping[str, Collection[str]],
) -> bytes:
    """The workbook with its values. `keys`: those that exist. Raises FormTemplateError."""
    book = template.read(data)
    for plan in template.plans(book, keys):
        _fill(book, plan, form, records.get(plan.kind, ()))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _fill(book: Workbook, plan: SheetPlan, form: Values, records: Sequence[Values]) -> None:
    pages = [records[i : i + plan.lines] for i in range(0, len(records), plan.lines)] or [()]
    if len(pages) > MOST_SHEETS:
        raise template.FormTemplateError(
            f"sheet {plan.name}: {len(pages)} copies; allowed: {MOST_SHEETS}, choose a shorter period"
        )
    first = book[plan.name]
    sheets = [first, *(_copy(book, first, no) for no in range(2, len(pages) + 1))]
    for no, (sheet, page) in enumerate(zip(sheets, pages, strict=True), start=1):
        for slot in plan.form:
            _put(sheet, slot, 0, (form | {"page": no, "pages": len(pages)})[slot.key])
        for line, record in enumerate(page):
            for slot in plan.slots:
                _put(sheet, slot, line, record.get(slot.key))


def _copy(book: Workbook, first: Worksheet, no: int) -> Worksheet:
    """A copy with the looks of paper that openpyxl leaves out."""
    made = book.copy_worksheet(first)
    made.title = f"{first.title[:24]} ({no})"
    made.print_title_rows, made.print_title_cols = first.print_title_rows, first.print_title_cols
    if first.print_area:
        made.print_area = first.print_area.rpartition("!")[2]
    made.HeaderFooter = first.HeaderFooter
    return made


def _put(sheet: Worksheet, slot: Slot, line: int, value: Cell) -> None:
    row = slot.row + line * slot.height
    cell = sheet.cell(row, slot.column)
    own = cell.number_format
    spreadsheet.put(sheet, row, slot.column, value)
    if own != GENERAL:
        cell.number_format = own
    elif isinstance(value, int | float):
        cell.number_format = GENERAL
    elif value is None:
        cell.number_format = own
    else:
        cell.number_format = sheet_look.number_format(value)

"""Which cells of a municipality's workbook are filled with what: its defined names.

Owns the reading of names. `form_…` is one value of the whole paper. `capture_…`, `permit_…` and
`bounty_…` are values of a record: a name of one cell makes a sheet for each record, a name of a column of
cells a line for each. A name that begins like that and means nothing is an error, so that no cell stays
empty unseen. Other names are the municipality's.
"""

import io
import zipfile
from collections.abc import Collection, Iterator, Mapping
from xml.etree.ElementTree import ParseError

from msgspec import Struct
from openpyxl import Workbook, load_workbook
from openpyxl.cell.cell import MergedCell
from openpyxl.utils import range_boundaries
from openpyxl.utils.exceptions import InvalidFileException

from gateway.domain.errors import BadInputError

RECORDS = ("capture", "permit", "bounty")
FORM = "form"
SHOWN = 12  # names in an error


class FormTemplateError(BadInputError, ValueError):
    """The workbook cannot be filled; the text names the cell or the name."""


class Slot(Struct, frozen=True):
    """Cells of one name: a column of `rows` lines, each `height` rows high, from (row, column) on."""

    key: str  # the name without its first part
    row: int
    column: int
    rows: int
    height: int = 1


class SheetPlan(Struct, frozen=True):
    """What is filled on one sheet. `kind`: of the records, "" where it has none."""

    name: str
    form: tuple[Slot, ...]
    kind: str
    slots: tuple[Slot, ...]

    @property
    def lines(self) -> int:
        """Records that one copy of the sheet holds."""
        return min((slot.rows for slot in self.slots), default=1)


def read(data: bytes) -> Workbook:
    """The workbook. Raises FormTemplateError."""
    try:
        return load_workbook(io.BytesIO(data))
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, ParseError) as error:
        raise FormTemplateError(f"no XLSX workbook: {error}") from None


def plans(book: Workbook, known: Mapping[str, Collection[str]]) -> list[SheetPlan]:
    """What is filled on each sheet that has names. `known`: the keys of each first part."""
    found: dict[str, dict[str, list[Slot]]] = {}
    for name, sheet, area in _named(book):
        part, _, key = name.partition("_")
        if part not in known:
            continue
        if key not in known[part]:
            raise FormTemplateError(_unknown(name, part, known[part]))
        found.setdefault(sheet, {}).setdefault(part, []).append(
            _slot(book, name, key, (sheet, area))
        )
    if not found:
        raise FormTemplateError(
            "no named cell that begins with form_, capture_, permit_ or bounty_; "
            "name the cells in the spreadsheet program (Formulas, Define Name)"
        )
    return [_plan(sheet, parts) for sheet, parts in found.items()]


def _named(book: Workbook) -> Iterator[tuple[str, str, str]]:
    """(name, sheet, cells) of every name, of the workbook and of its sheets."""
    for defined in (book.defined_names, *(sheet.defined_names for sheet in book.worksheets)):
        for name, one in defined.items():
            if "#REF!" not in (one.attr_text or ""):
                for sheet, area in one.destinations:
                    yield name, sheet, area


def _slot(book: Workbook, name: str, key: str, place: tuple[str, str]) -> Slot:
    sheet, area = place
    left, top, right, bottom = range_boundaries(area)
    if left is None or top is None or right is None or bottom is None:
        raise FormTemplateError(f"{name} is {area}; allowed: one cell, or cells of one column")
    merged = {(one.min_row, one.min_col): one for one in book[sheet].merged_cells.ranges}
    first = merged.get((top, left))  # a cell of several columns or rows counts as its first
    if left != right and (first is None or first.max_col != right):
        raise FormTemplateError(f"{name} is {area}; allowed: one cell, or cells of one column")
    height = first.max_row - top + 1 if first else 1
    lines = range(top, bottom + 1, height)
    if any(isinstance(book[sheet].cell(row, left), MergedCell) for row in lines):
        raise FormTemplateError(f"{name} is {area}; allowed: each line merged of {height} rows")
    return Slot(key, top, left, len(lines), height)


def _plan(sheet: str, parts: Mapping[str, list[Slot]]) -> SheetPlan:
    kinds = [kind for kind in RECORDS if kind in parts]
    if len(kinds) > 1:
        raise FormTemplateError(
            f"sheet {sheet}: names of {' and '.join(kinds)}; allowed: one kind on a sheet"
        )
    kind = kinds[0] if kinds else ""
    slots = parts.get(kind, [])
    if len({slot.rows for slot in slots}) > 1:
        sizes = ", ".join(f"{kind}_{slot.key}: {slot.rows}" for slot in slots)
        raise FormTemplateError(f"sheet {sheet}: columns of different length ({sizes})")
    return SheetPlan(sheet, tuple(parts.get(FORM, ())), kind, tuple(slots))


def _unknown(name: str, part: str, keys: Collection[str]) -> str:
    shown = ", ".join(f"{part}_{key}" for key in sorted(keys)[:SHOWN])
    return f"the name {name} means nothing; known are {shown} … (dashboard/PAPERS.md has all)"

"""Three forms of our own making, as different as those of municipalities are: `deploy/forms`.

``python -m tests.dashboard.office.papers.example_forms deploy/forms`` writes them. One sheet for each
capture with circles and a year of the era; a list over several pages with a summary by permit; a claim
with merged cells and a sum.
"""

import io
import sys
from collections.abc import Callable
from pathlib import Path

from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, Side
from openpyxl.utils import get_column_letter, quote_sheetname
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

THIN = Side(style="thin")
BOX = Border(left=THIN, right=THIN, top=THIN, bottom=THIN)
LINES, PERMIT_LINES, BOUNTY_LINES = 20, 8, 10


def confirmation() -> Workbook:
    """捕獲確認書: a sheet for each capture."""
    book, sheet = _begun("確認書", "有害鳥獣捕獲確認書", portrait=True)
    rows = (
        ("捕獲番号", "no"),
        ("捕獲者", "captor"),
        ("許可番号", "permit"),
        ("捕獲の区分", "capture_kind"),
        ("場所（5 kmメッシュ）", "mesh5km"),
        ("地区・わな", "trap"),
        ("獣種", "species"),
        ("頭数", "count"),
        ("確認部位", "body_part"),
        ("処理の方法", "disposal"),
        ("確認者", "confirmer"),
        ("確認日", "checked_era"),
        ("備考", "note"),
    )
    for row, (label, key) in enumerate(rows, start=5):
        _label(sheet, row, 1, label)
        _named(book, sheet, f"capture_{key}", f"$B${row}")
    sheet["A3"], sheet["C3"], sheet["E3"], sheet["G3"] = "捕獲日 令和", "年", "月", "日"
    for column, part in zip("BDF", ("year", "month", "day"), strict=True):
        _named(book, sheet, f"capture_date_{part}", f"${column}$3")
    marks = (
        ("オス", "is_sex_male"),
        ("メス", "is_sex_female"),
        ("成獣", "is_age_adult"),
        ("幼獣", "is_age_young"),
        ("現地確認", "is_way_site"),
        ("持込確認", "is_way_brought"),
        ("写真確認", "is_way_photo"),
    )
    for row, (label, key) in enumerate(marks, start=5):
        _label(sheet, row, 4, label)
        _named(book, sheet, f"capture_{key}", f"$E${row}")
    return book


def season() -> Workbook:
    """捕獲報告: sums by permit, and every capture on as many pages as it takes."""
    book, sheet = _begun("許可別", "捕獲報告（許可別）")
    _named(book, sheet, "form_fiscal_year", "$A$2")
    _named(book, sheet, "form_animals", "$H$2")
    columns = ("permit", "species", "animals", "male", "female", "adult", "young", "due")
    heads = ("許可番号", "獣種", "頭数", "オス", "メス", "成獣", "幼獣", "報告期限")
    _columns(book, sheet, "permit", dict(zip(columns, heads, strict=True)), PERMIT_LINES)
    detail = book.create_sheet("明細")
    detail["A1"] = "捕獲の明細"
    _fitted(detail)
    detail["H1"] = "枚目"
    _named(book, detail, "form_page", "$G$1")
    details = ("no", "date", "species", "sex", "age", "mesh5km", "captor", "weight_kg", "disposal")
    names = ("番号", "捕獲日", "獣種", "性別", "成幼", "メッシュ", "捕獲者", "体重kg", "処理")
    _columns(book, detail, "capture", dict(zip(details, names, strict=True)), LINES)
    for row in range(5, 5 + LINES):
        detail.cell(row, 2).number_format = 'm"月"d"日"'
    detail.print_title_rows = "1:4"
    return book


def claim() -> Workbook:
    """報奨金請求書: lines by rate, cells of several columns, and the sum."""
    book, sheet = _begun("請求書", "有害鳥獣捕獲報奨金請求書", portrait=True)
    sheet["A2"] = "請求者"
    sheet.merge_cells("B2:D2")
    _named(book, sheet, "form_captor", "$B$2:$D$2")
    _named(book, sheet, "form_today_era", "$F$2")
    sheet["A3"] = "請求額"
    sheet["C3"] = "円"
    _named(book, sheet, "form_sum", "$B$3")
    sheet["B3"].number_format = "#,##0"
    columns = ("captor", "species", "age", "yen", "animals", "sum")
    heads = ("捕獲者", "獣種", "成幼", "単価", "頭数", "金額")
    _columns(book, sheet, "bounty", dict(zip(columns, heads, strict=True)), BOUNTY_LINES)
    return book


FORMS: dict[str, Callable[[], Workbook]] = {
    "捕獲確認書.xlsx": confirmation,
    "捕獲報告.xlsx": season,
    "報奨金請求書.xlsx": claim,
}


def made(name: str) -> bytes:
    """The file of one form."""
    out = io.BytesIO()
    FORMS[name]().save(out)
    return out.getvalue()


def _begun(name: str, title: str, *, portrait: bool = False) -> tuple[Workbook, Worksheet]:
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title, sheet["A1"] = name, title
    sheet["A1"].font = Font(bold=True, size=14)
    sheet.page_setup.orientation = "portrait" if portrait else "landscape"
    for column in range(1, 10):
        sheet.column_dimensions[get_column_letter(column)].width = 20 if column == 1 else 13
    _fitted(sheet)
    return book, sheet


def _fitted(sheet: Worksheet) -> None:
    """A4, as wide as the paper."""
    sheet.page_setup.paperSize = 9
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)


def _columns(
    book: Workbook, sheet: Worksheet, kind: str, columns: dict[str, str], lines: int
) -> None:
    """A head in row 4 and so many lines below it, each column with its name."""
    for c, (key, head) in enumerate(columns.items(), start=1):
        _label(sheet, 4, c, head)
        letter = get_column_letter(c)
        for row in range(5, 5 + lines):
            sheet.cell(row, c).border = BOX
        _named(book, sheet, f"{kind}_{key}", f"${letter}$5:${letter}${4 + lines}")


def _label(sheet: Worksheet, row: int, column: int, text: str) -> None:
    cell = sheet.cell(row, column)
    cell.value, cell.border, cell.alignment = text, BOX, Alignment(horizontal="center")


def _named(book: Workbook, sheet: Worksheet, name: str, area: str) -> None:
    where = f"{quote_sheetname(sheet.title)}!{area}"
    if name in book.defined_names:  # on another sheet too: a name of the sheet
        sheet.defined_names[name] = DefinedName(name, attr_text=where)
    else:
        book.defined_names[name] = DefinedName(name, attr_text=where)


if __name__ == "__main__":
    for file in FORMS:
        (Path(sys.argv[1]) / file).write_bytes(made(file))

"""A workbook that can be printed as it is: landscape, heads on each page, real dates and numbers."""

import io
from datetime import date, datetime

import pytest
from openpyxl import Workbook, load_workbook

from dashboard.documents import spreadsheet
from dashboard.documents.sheet_look import Cover
from dashboard.documents.table import Cell, Table
from tests.support.samples import TOKYO

ROW: tuple[Cell, ...] = (
    "0012",
    date(2026, 4, 1),
    datetime(2026, 4, 1, 6, 30, tzinfo=TOKYO),
    12_345,
    1.25,
    32.66123,
    None,
)
HEAD = ("code", "day", "moment", "count", "rate", "place", "unknown")
COVER = Cover("表紙", "報告", ("一つ目。", "長い段落。" * 60), "内容")


@pytest.fixture(scope="module")
def book() -> Workbook:
    """A workbook with a cover and two sheets."""
    table = Table("一覧/表", HEAD, (ROW, ROW), "注" * 200)
    made = spreadsheet.xlsx_bytes([table, Table("二つ目", ("a",), ())], COVER)
    return load_workbook(io.BytesIO(made))


def test_dates_and_numbers_are_real_and_have_their_formats(book: Workbook) -> None:
    cells = book["一覧_表"][2]
    values = [cell.value for cell in cells]
    assert values[0] == "0012"
    assert list(map(str, values[1:3])) == ["2026-04-01 00:00:00", "2026-04-01 06:30:00"]
    assert values[3:] == [12_345, 1.25, 32.66123, None]
    assert [cell.number_format for cell in cells[:6]] == [
        "@",
        "yyyy/mm/dd",
        "yyyy/mm/dd hh:mm",
        "#,##0",
        "#,##0.0#",
        "0.00000",
    ]
    assert [cell.data_type for cell in cells[:4]] == ["s", "d", "d", "n"]


def test_each_sheet_prints_on_a4_landscape_as_wide_as_the_paper_with_page_numbers(
    book: Workbook,
) -> None:
    for sheet in book.worksheets:
        setup = sheet.page_setup
        assert (setup.orientation, setup.paperSize) == ("landscape", 9)
        assert (setup.fitToWidth, setup.fitToHeight) == (1, 0)
        pages, foot = sheet.sheet_properties.pageSetUpPr, sheet.HeaderFooter.oddFooter
        assert pages is not None
        assert pages.fitToPage
        assert foot is not None
        assert foot.center.text == "&P / &N"
    assert [sheet.print_title_rows for sheet in book.worksheets] == [None, "$1:$1", "$1:$1"]


def test_the_cover_says_what_it_is_and_leads_to_every_sheet(book: Workbook) -> None:
    first = book.worksheets[0]
    texts = [row[0].value for row in first.iter_rows() if row[0].value]
    assert texts == ["報告", *COVER.paragraphs, "内容", "一覧/表", "二つ目"]
    links = [row[0].hyperlink.location for row in first.iter_rows() if row[0].hyperlink]
    assert links == ["'一覧_表'!A1", "'二つ目'!A1"]
    assert first.row_dimensions[4].height > 60, "a long paragraph has room for its lines"


def test_a_note_is_as_wide_as_its_table_and_does_not_widen_the_page(book: Workbook) -> None:
    sheet = book["一覧_表"]
    assert [str(one) for one in sheet.merged_cells.ranges] == ["A5:G5"]
    assert sheet["A5"].alignment.wrap_text


def test_a_date_in_a_csv_is_written_as_offices_write_it() -> None:
    body = spreadsheet.csv_bytes(Table("t", HEAD, (ROW,))).decode("utf-8-sig")
    assert body.splitlines()[1] == "0012,2026/04/01,2026/04/01 06:30,12345,1.25,32.66123,"

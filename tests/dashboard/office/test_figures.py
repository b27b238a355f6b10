"""Figures that can be defended: every count with its effort, this year beside the last, safe files."""

import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook
from typer.testing import CliRunner

from dashboard.analysis.intervals.between_sites import pooled
from dashboard.analysis.rate import cpue
from dashboard.documents import plots, spreadsheet
from dashboard.documents.plots import PlotSeries
from dashboard.documents.table import Table
from dashboard.office.figures import figures, pages
from dashboard.office.figures import report as reports
from dashboard.office.figures.figures import Year
from dashboard.office.figures.report import YearReport
from dashboard.office.periods import Month, fiscal_year
from dashboard.web.i18n import text
from gateway.cli import app
from gateway.domain.model import ActionKind, Kind, TrapAction
from gateway.store.rollups.periods import TrapChange
from tests.dashboard import pdf_file
from tests.dashboard.office.conftest import Get
from tests.dashboard.office.county import County

ZONE = ZoneInfo("Asia/Tokyo")
START = datetime(2026, 9, 1, tzinfo=UTC)


def report(county: County) -> YearReport:
    return county.store.read_now(
        lambda reader: reports.read(reader, Month(2026, 10), ZONE, county.now)
    )


def test_this_year_stands_beside_the_same_days_of_the_last(county: County) -> None:
    found = report(county)
    assert (str(found.span.start), str(found.before.last)) == ("2026-04-01", "2025-10-31")
    assert (found.total.now.n, found.total.now.effort, found.total.heads) == (4, 200.0, 5)
    assert (found.total.before.n, found.total.before.effort) == (1, 200.0)
    assert found.total.now == pooled([(1, 50.0), (2, 50.0), (1, 50.0), (0, 50.0)], "trap-nights")


def test_months_meshes_types_and_species_add_up_to_the_whole(county: County) -> None:
    found = report(county)
    for groups in (found.months, found.meshes, found.types):
        assert sum(group.now.n for group in groups) == 4
        assert sum(group.now.effort for group in groups) == pytest.approx(200.0)
        assert sum(group.heads for group in groups) == 5
    assert {g.key: (g.now.n, g.now.effort) for g in found.species} == {
        "boar": (3, 200.0),
        "deer": (1, 200.0),
    }
    september = next(group for group in found.months if group.key == "2026-09")
    assert (september.now.n, september.now.effort) == (4, 120.0)


def test_a_month_without_effort_is_unknown_and_not_zero(county: County) -> None:
    by_month = {row[0]: row for row in reports.tables(report(county), text("ja"))[1].rows}
    assert by_month["2026-06"][1:7] == (None, None, 0.0, None, None, None)
    assert by_month["2026-10"][2] == 0, "effort and no capture is a true zero"


def test_uptime_counts_from_the_day_of_the_first_message(county: County) -> None:
    found = {one.device: one for one in report(county).uptime}
    assert found["cam-1"].possible == 214
    assert found["cam-1"].share == pytest.approx(60 / 214)


def spring(hours: float, kind: Kind = Kind.SPRUNG, device: str = "t") -> TrapChange:
    return TrapChange(device, START + timedelta(hours=hours), kind)


def act(hours: float, deed: ActionKind = ActionKind.VISITED, device: str = "t") -> TrapAction:
    at = START + timedelta(hours=hours)
    return TrapAction(id=str(at), device=device, deed=deed, at=at, by="taro", recorded_at=at)


def year(springs: list[TrapChange], acts: list[TrapAction]) -> Year:
    return Year(fiscal_year(2026), (), tuple(acts), tuple(springs))


def test_the_response_is_the_time_to_the_first_visit_and_never_another_traps() -> None:
    found = figures.response(
        year([spring(0), spring(48), spring(5, device="u")], [act(3), act(9), act(90)])
    )
    assert (found.springs, found.visited, found.open, found.within_day) == (3, 2, 1, 1)
    assert (found.median_h, found.most_h) == (22.5, 42.0)


def test_a_visit_after_the_next_spring_does_not_answer_the_first() -> None:
    found = figures.response(year([spring(0), spring(10)], [act(12)]))
    assert (found.visited, found.open, found.median_h) == (1, 1, 2.0)


def test_a_sensors_report_that_the_trap_is_set_again_counts_as_a_visit() -> None:
    found = figures.response(year([spring(0), spring(7, Kind.SET)], []))
    assert (found.springs, found.visited, found.median_h) == (1, 1, 7.0)


def test_a_spring_without_a_recorded_outcome_is_shown_as_not_recorded() -> None:
    found = figures.response(
        year([spring(0), spring(48), spring(90)], [act(3), act(50, ActionKind.CAPTURED), act(91)])
    )
    assert (found.visited, found.untold) == (3, 2)


def test_the_page_offers_tables_and_every_file(get: Get) -> None:
    status, body = get("/officials/figures?month=2026-10")
    page = body.decode()
    assert status == 200
    assert "2.0（95％区間 0.5〜7.3）件/100わな日　捕獲4件・200.0わな日" in page
    assert "（区間の根拠：4台のばらつき、ポアソンの0.7倍）" in page
    assert page.count('<svg class="plot"') == 2
    assert "style=" not in page, "the policy forbids it"
    for path in re.findall(r'href="(/officials/figures[^"]*)" download', page):
        assert get(path)[0] == 200
    assert get("/officials/figures?month=x")[0] == 400
    assert get("/officials/figures/99.csv")[0] == 404


def test_characters_that_xml_forbids_leave_a_workbook_readable() -> None:
    data = spreadsheet.xlsx_bytes([Table("表", ("名前",), (("わな\ufffe\uffff1",),), "")])
    [[cell]] = load_workbook(io.BytesIO(data)).worksheets[-1].iter_rows(min_row=2, max_row=2)
    assert cell.value == "わな1"


def test_a_long_table_says_how_many_rows_it_leaves_to_the_files(
    get: Get, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "MOST_ROWS", 3)
    page = get("/officials/figures?month=2026-10")[1].decode()
    assert "先頭の3行。全14行は CSV と XLSX にあります。" in page
    assert max(table.count("<tr>") for table in page.split("</table>")) == 1 + 3


HOSTILE = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    '=HYPERLINK("http://x")',
    "4928053",
    "5E+06",
]


def test_text_in_a_workbook_is_never_a_formula_and_codes_stay_text() -> None:
    rows = tuple((value, 1, 2.5, None) for value in HOSTILE)
    book = load_workbook(
        io.BytesIO(spreadsheet.xlsx_bytes([Table("表", ("a", "b", "c", "d"), rows)]))
    )
    for cells, value in zip(book["表"].iter_rows(min_row=2), HOSTILE, strict=True):
        assert cells[0].data_type == "s"
        assert cells[0].number_format == "@"
        assert str(cells[0].value).replace("\n", "\r") == value
        assert (cells[1].value, cells[2].value, cells[3].value) == (1, 2.5, None)


@given(st.text(max_size=30))
def test_no_text_in_a_csv_begins_like_a_formula(value: str) -> None:
    body = spreadsheet.csv_bytes(Table("t", ("a",), ((value,),))).decode("utf-8-sig")
    [cell] = list(csv.reader(io.StringIO(body, newline="")))[1] or [""]
    assert not cell.startswith(spreadsheet.FORMULA_STARTS)


def test_sheets_of_one_name_and_of_names_that_excel_forbids_still_open() -> None:
    tables = [Table("a/b:c*[1]" * 9, ("x",), ((1,),)), Table("a/b:c*[1]" * 9, ("x",), ((1,),))]
    assert len(load_workbook(io.BytesIO(spreadsheet.xlsx_bytes(tables))).sheetnames) == 2


def test_the_pdf_has_the_answer_on_one_page_and_the_same_text_as_the_page(get: Get) -> None:
    data = get("/officials/figures.pdf?month=2026-10")[1]
    assert set(pdf_file.embedded(data).values()) == {True}
    first, second, *_ = pdf_file.pages(data)
    for word in ("違うとは言えません", "わな日", "偶然かもしれません", "作成", "GSHHG"):
        assert word in first
    for word in ("イノシシ", "4928061", "月別"):
        assert word in second
    assert "2026年度" in first


def test_a_plot_draws_intervals_and_marks_what_is_unknown() -> None:
    drawn = plots.rates(
        "<題>",
        ["4月", "5月"],
        [PlotSeries("今&", (cpue(2, 50), cpue(0, 0.0)), "#123456", True)],
        "件",
    )
    assert drawn.count("<circle") == 2, "one point and the key"
    assert drawn.count("×") == 1
    assert "&lt;題&gt;" in drawn
    assert "今&amp;" in drawn


@pytest.mark.parametrize(
    ("value", "top"), [(0.3, 0.5), (1, 1), (1.1, 2), (7, 10), (0, 1), (430, 500)]
)
def test_an_axis_ends_on_a_round_number(value: float, top: float) -> None:
    assert plots.axis_top(value) == pytest.approx(top)


def test_the_command_writes_what_was_asked_and_prints_json(county: County) -> None:
    config = county.store.path.with_name("c.toml")
    config.write_text(f'[store]\npath = "{county.store.path}"\n', encoding="utf-8")
    run = CliRunner().invoke
    found = json.loads(run(app, ["report", "--month", "2026-10", "-c", str(config)]).stdout)
    assert (found["total"]["now"]["n"], found["total"]["now"]["effort"]) == (4, 200.0)
    for name, start in (("r.pdf", b"%PDF-1"), ("r.xlsx", b"PK")):
        out = config.with_name(name)
        assert (
            run(
                app, ["report", "--month", "2026-10", "--out", str(out), "-c", str(config)]
            ).exit_code
            == 0
        )
        assert out.read_bytes().startswith(start)
    refused = run(app, ["report", "--out", "r.doc", "-c", str(config)])
    assert refused.exit_code == 1
    assert "must end in .pdf or .xlsx" in refused.stderr

"""A municipality's own workbook, filled without retyping: equal to what is expected, cell by cell."""

import io
import re
import shutil
import subprocess
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.workbook.defined_name import DefinedName

from dashboard.office.papers import bounty, permits
from dashboard.office.papers.forms import filling, values
from dashboard.office.papers.forms.template import FormTemplateError
from dashboard.web.i18n import text
from gateway.config import check
from tests.dashboard import pdf_file
from tests.dashboard.office.papers import example_forms
from tests.dashboard.office.papers.example_forms import FORMS
from tests.dashboard.office.papers.filed import PAPERWORK, filed
from tests.support.samples import TOKYO

JA, KEYS = text("ja"), values.keys(PAPERWORK)
SHIPPED = Path(__file__).parents[4] / "deploy" / "forms"
Cells = dict[str, dict[str, Any]]


def made(template: bytes, claims: list[Any] | None = None) -> bytes:
    """A form filled with the season."""
    kept = filed() if claims is None else claims
    paid = bounty.lines(kept, PAPERWORK.tariff, TOKYO)
    season = permits.lines(kept, PAPERWORK.terms, TOKYO)
    days = date(2026, 4, 1), date(2026, 10, 31), date(2026, 11, 29)
    records = {
        "capture": [
            values.of_capture(one, PAPERWORK, JA, TOKYO, {}) for one in kept if not one.is_refused
        ],
        "permit": [values.of_permit(one, JA) for one in season],
        "bounty": [values.of_bounty(one, JA) for one in paid],
    }
    return filling.filled(template, values.of_form(kept, paid, *days, "五島市"), records, KEYS)


def cells(data: bytes) -> Cells:
    """Every cell that has a value, by sheet and address; days as text."""
    return {
        sheet.title: {
            cell.coordinate: str(cell.value)[:10] if cell.data_type == "d" else cell.value
            for row in sheet.iter_rows()
            for cell in row
            if cell.value not in {None, ""}
        }
        for sheet in load_workbook(io.BytesIO(data)).worksheets
    }


def line(row: int, *values: Any) -> dict[str, Any]:
    """The cells of one line, from column A on; None is an empty cell."""
    return {f"{chr(65 + c)}{row}": one for c, one in enumerate(values) if one not in {None, ""}}


def confirmation(day: str, no: int, animal: str, **more: Any) -> dict[str, Any]:
    """What is written on one sheet of the first form."""
    month, day_of = day.split("/")
    return {
        "B3": 8,
        "D3": int(month),
        "F3": int(day_of),
        "B5": no,
        "B6": "山田",
        "B7": "第12号",
        "B9": "4828763",
        "B10": "沢のわな",
        "B11": animal,
        "B12": 1,
        "E5": "○",
    } | more


EXPECTED: dict[str, Cells] = {
    "捕獲確認書.xlsx": {
        "確認書": confirmation("9/30", 1, "イノシシ", B12=2, E8="○"),
        "確認書 (2)": confirmation(
            "10/6",
            2,
            "イノシシ",
            B7="第99号",
            B8="有害鳥獣捕獲",
            B13="尾",
            B14="埋設",
            B15="役場 花子",
            B16="令和8年10月7日",
            E7="○",
            E10="○",
        ),
        "確認書 (3)": {
            key: value
            for key, value in confirmation("10/6", 3, "ニホンジカ", B6="=1+1").items()
            if key != "E5"
        },
        "確認書 (4)": confirmation("10/8", 5, "イノシシ"),
    },
    "捕獲報告.xlsx": {
        "許可別": {"A2": "令和8年度", "H2": 5}
        | line(5, "第12号", "イノシシ", 3, 3, 0, 0, 2, "2027-04-30")
        | line(6, "第12号", "ニホンジカ", 1, 0, 0, 0, 0, "2027-04-30")
        | line(7, "第99号", "イノシシ", 1, 1, 0, 1, 0),
        "明細": {"G1": 1}
        | line(5, 1, "2026-09-30", "イノシシ", "オス", "幼獣", "4828763", "山田", 12.5)
        | line(6, 2, "2026-10-06", "イノシシ", "オス", "成獣", "4828763", "山田", None, "埋設")
        | line(7, 3, "2026-10-06", "ニホンジカ", "不明", "不明", "4828763", "=1+1")
        | line(8, 5, "2026-10-08", "イノシシ", "オス", "不明", "4828763", "山田"),
    },
    "報奨金請求書.xlsx": {
        "請求書": {"B3": 13_000, "F2": "令和8年11月29日"}
        | line(5, "=1+1", "ニホンジカ", "不明", None, 1)
        | line(6, "山田", "イノシシ", "成獣", 9000, 1, 9000)
        | line(7, "山田", "イノシシ", "不明", 2000, 1, 2000)
        | line(8, "山田", "イノシシ", "幼獣", 1000, 2, 2000)
    },
}


@pytest.mark.parametrize("name", FORMS)
def test_a_form_filled_from_the_captures_is_what_is_expected_cell_by_cell(name: str) -> None:
    empty = cells((SHIPPED / name).read_bytes())
    expected = {
        sheet: next(iter(empty.values())) | found if sheet.endswith(")") else empty[sheet] | found
        for sheet, found in EXPECTED[name].items()
    }
    assert cells(made((SHIPPED / name).read_bytes())) == expected


@pytest.mark.parametrize("name", FORMS)
def test_the_shipped_examples_are_those_that_the_script_writes(name: str) -> None:
    assert cells((SHIPPED / name).read_bytes()) == cells(example_forms.made(name))


def test_days_and_numbers_are_real_text_is_no_formula_and_formats_are_the_forms_own() -> None:
    book = load_workbook(io.BytesIO(made(example_forms.made("捕獲報告.xlsx"))))
    day, captor = book["明細"]["B5"], book["明細"]["G7"]
    assert (day.data_type, day.number_format) == ("d", 'm"月"d"日"')
    assert book["許可別"]["H5"].number_format == "yyyy/mm/dd", "a day in a cell without a format"
    assert (captor.data_type, captor.value) == ("s", "=1+1")
    money = load_workbook(io.BytesIO(made(example_forms.made("報奨金請求書.xlsx"))))["請求書"]["B3"]
    assert (money.value, money.number_format) == (13_000, "#,##0")


def test_more_captures_than_a_page_holds_are_on_the_next_page() -> None:
    many = [filed()[0]] * (example_forms.LINES + 3)
    found = cells(made(example_forms.made("捕獲報告.xlsx"), many))
    assert list(found) == ["許可別", "明細", "明細 (2)"]
    assert (found["明細"]["G1"], found["明細 (2)"]["G1"]) == (1, 2)
    assert {"A7", "A24"} <= found["明細"].keys()
    assert "A7" in found["明細 (2)"]
    assert "A8" not in found["明細 (2)"]


def test_without_a_capture_the_form_stays_empty_and_can_be_printed() -> None:
    assert list(cells(made(example_forms.made("捕獲確認書.xlsx"), []))) == ["確認書"]


def template(**names: str) -> bytes:
    """A workbook with these names."""
    book = Workbook()
    for name, area in names.items():
        book.defined_names[name] = DefinedName(name, attr_text=f"Sheet!{area}")
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_a_record_of_two_merged_rows_is_one_line() -> None:
    book = Workbook()
    sheet = book["Sheet"]
    for row in (5, 7):
        sheet.merge_cells(f"A{row}:A{row + 1}")
    book.defined_names["capture_no"] = DefinedName("capture_no", attr_text="Sheet!$A$5:$A$8")
    out = io.BytesIO()
    book.save(out)
    found = cells(made(out.getvalue(), filed()[:3]))
    assert [(one["A5"], one.get("A7")) for one in found.values()] == [(1, 2), (3, None)]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"PK nothing", "no XLSX workbook"),
        (template(capture_colour="$A$1"), "the name capture_colour means nothing; known are"),
        (template(capture_no="$A$1:$B$2"), r"capture_no is \$A\$1:\$B\$2; allowed: one cell"),
        (template(capture_no="$A$1", bounty_sum="$A$2"), "names of capture and bounty"),
        (template(capture_no="$A$1:$A$9", capture_sex="$B$1:$B$8"), "columns of different length"),
        (template(Print_Area="$A$1"), "no named cell that begins with form_"),
    ],
)
def test_a_form_that_cannot_be_filled_is_refused_with_the_name_and_what_is_allowed(
    data: bytes, said: str
) -> None:
    with pytest.raises(FormTemplateError, match=said):
        made(data)


def test_every_key_has_a_value_and_no_value_is_without_a_key() -> None:
    claims = filed()
    assert values.of_capture(claims[0], PAPERWORK, JA, TOKYO, {}).keys() == KEYS["capture"]
    season = permits.lines(claims, PAPERWORK.terms, TOKYO)
    assert all(values.of_permit(one, JA).keys() == KEYS["permit"] for one in season)
    [*paid] = bounty.lines(claims, PAPERWORK.tariff, TOKYO)
    assert values.of_bounty(paid[0], JA).keys() == KEYS["bounty"]
    days = date(2026, 4, 1), date(2026, 10, 31), date(2026, 11, 29)
    assert values.of_form(claims, paid, *days, "").keys() == KEYS["form"]


@pytest.mark.long
@pytest.mark.parametrize("name", FORMS)
def test_libreoffice_opens_and_prints_the_filled_form(name: str, tmp_path: Path) -> None:
    program = shutil.which("soffice")
    if program is None:
        pytest.skip("LibreOffice is not installed: apt-get install libreoffice-calc")
    (tmp_path / "form.xlsx").write_bytes(made((SHIPPED / name).read_bytes()))
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    command = [program, profile, "--headless", "--convert-to", "pdf", "--outdir", str(tmp_path)]
    subprocess.run(
        [*command, str(tmp_path / "form.xlsx")], check=True, capture_output=True, timeout=300
    )
    said = pdf_file.words((tmp_path / "form.pdf").read_bytes())
    assert "イノシシ" in said
    assert "#REF" not in said


def test_the_handbook_of_forms_names_every_key() -> None:
    page = (Path(__file__).parents[4] / "dashboard" / "PAPERS.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(\w+)`", page))
    for part, keys in values.keys(check({}).paperwork).items():
        plain = {key for key in keys if not key.startswith("is_species_")}
        plain -= {f"{day}_{era}" for day in values.DAYS for era in values.ERA_PARTS}
        plain = {key.removeprefix("is_") for key in plain}
        assert plain - named == set(), part

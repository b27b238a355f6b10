"""Files of tables: what spreadsheets and offices save becomes a header and rows, or is refused in words."""

import io
import zipfile
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from gateway.ingest.tables import rows, workbook
from gateway.ingest.tables.rows import Table
from gateway.ingest.tables.text_file import TableError

HEADER = ("番号", "場所", "備考")
ROWS = (("a-1", "裏山", "雨, 風"), ("a-2", "谷; 沢", "32°41'42\""), ("a-3", "", "二行\nの備考"))


def is_header(cells: Sequence[str]) -> bool:
    return set(HEADER) <= set(cells)


def read(data: bytes) -> Table:
    return rows.read(data, is_header)


def found(table: Table) -> list[tuple[str, ...]]:
    return [tuple(row.cells.get(name, "") for name in HEADER) for row in table.rows]


def text(separator: str = ",", above: Sequence[str] = (), end: str = "\r\n") -> str:
    quoted = [
        separator.join(f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in row)
        for row in (HEADER, *ROWS)
    ]
    return end.join([*above, *quoted, ""])


def book(*sheets: Sequence[Sequence[object]], form: str = "") -> bytes:
    file = Workbook()
    file.remove(file.worksheets[0])
    for number, lines in enumerate(sheets):
        sheet = file.create_sheet(f"S{number}")
        for line in lines:
            sheet.append(line)
        if form:
            for row in sheet.iter_rows(min_row=2):
                row[0].number_format = form
    out = io.BytesIO()
    file.save(out)
    return out.getvalue()


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp932"]
)
def test_any_usual_encoding_and_separator_gives_the_same_rows(
    encoding: str, separator: str
) -> None:
    table = read(text(separator).encode(encoding))
    assert found(table) == list(ROWS)
    assert [row.line for row in table.rows] == [2, 3, 4]
    assert table.has_comma_decimals is (separator != ",")


@pytest.mark.parametrize(
    "above", [("令和7年度 一覧,,",), ("", "題,,", ",,（作成：農林課）", ""), ("sep=,",)]
)
def test_title_rows_above_the_header_are_skipped_and_lines_counted(above: Sequence[str]) -> None:
    table = read(text(above=above).encode())
    assert found(table) == list(ROWS)
    assert (table.header_line, table.rows[0].line) == (len(above) + 1, len(above) + 2)


def test_a_row_is_named_by_the_line_where_it_begins() -> None:
    data = '番号,場所,備考\n\na-1,"x\ny",z\n,,\na-2,x,y\n'.encode()
    assert [row.line for row in read(data).rows] == [3, 6]


@pytest.mark.parametrize(
    "data",
    [
        '番号,場所,備考\na-1,"裏山,x\na-2,谷,y\n',
        '番号,場所,備考\na-1,"裏山,x,y\na-2,谷,y,z\na-3,沢",y\n',
        '番号,場所,備考\na-1,"裏山"の奥,x\n',
    ],
)
def test_a_quotation_mark_that_is_not_closed_swallows_no_rows(data: str) -> None:
    with pytest.raises(TableError, match=r"line 2: .* / .*quot"):
        read(data.encode())


def test_a_cell_beyond_the_header_is_reported_with_its_row() -> None:
    table = read("番号,場所,備考\na-1,32,69,128,84\na-2,x,y,,\n".encode())
    assert [row.extra for row in table.rows] == ["128", ""]


def test_without_a_header_the_first_filled_line_is_given_to_be_named() -> None:
    table = read(b"\nid;place\n1;2\n")
    assert (table.header, table.header_line, table.rows) == (["id;place"], 2, [])


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        (b"\xd0\xcf\x11\xe0old", r"xls.*\.xlsx"),
        (b"<html><table><tr><td>id", "web page"),
        (b"%PDF-1.7", "PDF"),
        (b"\x81\xff\xfe\xfd", "UTF-8"),
        (b"PK\x03\x04junk", "workbook"),
        (b"a" * (rows.MAX_BYTES + 1), "at most"),
    ],
)
def test_a_file_that_is_no_table_is_refused_with_what_to_do(data: bytes, cause: str) -> None:
    with pytest.raises(TableError, match=cause) as error:
        read(data)
    assert " / " in str(error.value)


def test_a_workbook_gives_cells_as_a_person_would_write_them() -> None:
    reported: list[list[object]] = [
        [1, 2.0, 0.2291],
        [date(2025, 4, 5), time(18, 30), True],
        [datetime(2025, 4, 5, 18, 30, tzinfo=UTC).replace(tzinfo=None), timedelta(hours=1), None],
        [12345678901234567, " x ", ""],
    ]
    table = read(book([["題"], [], list(HEADER), *reported]))
    assert found(table) == [
        ("1", "2", "0.2291"),
        ("2025-04-05", "18:30:00", "true"),
        ("2025-04-05 18:30:00", "1:00:00", ""),
        ("1.2346E+16", "x", ""),
    ]
    assert [row.line for row in table.rows] == [4, 5, 6, 7]
    assert (table.encoding, table.above) == ("xlsx", "題")


def test_the_zeros_that_a_cells_format_shows_are_kept() -> None:
    assert found(read(book([HEADER, [12, "x", "y"]], form="00000"))) == [("00012", "x", "y")]


def test_the_sheet_with_the_header_is_read_and_two_of_them_are_refused() -> None:
    table = [HEADER, ["a", "b", "c"]]
    assert found(read(book([["表紙"]], table, []))) == [("a", "b", "c")]
    with pytest.raises(TableError, match=r"S0, S1.* / .*each"):
        read(book(table, table))


def packed(**parts: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in parts.items():
            file.writestr(name.replace("__", "/").replace("_xml", ".xml"), data)
    return out.getvalue()


def test_a_workbook_that_unpacks_to_very_much_is_refused_before_it_is_unpacked() -> None:
    bomb = packed(xl__workbook_xml=b"<x/>", xl__big_xml=bytes(workbook.MAX_UNPACKED_BYTES))
    assert len(bomb) < 100_000
    with pytest.raises(TableError, match="unpacked it has"):
        read(bomb)
    entities = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>'
    with pytest.raises(TableError, match="entities"):
        read(packed(xl__workbook_xml=entities))
    with pytest.raises(TableError, match=r"not \.xlsx"):
        read(packed(word__document_xml=b"<x/>"))


def test_a_cell_far_below_is_refused_and_costs_no_million_rows() -> None:
    file = Workbook()
    sheet = file.active
    assert sheet is not None
    for column, name in enumerate(HEADER, start=1):
        sheet.cell(1, column, name)
    sheet.cell(workbook.MAX_LINES + 1, 1, "x")
    out = io.BytesIO()
    file.save(out)
    with pytest.raises(TableError, match="at most"):
        read(out.getvalue())


def test_of_a_huge_file_no_more_is_read_than_its_refusal_needs(tmp_path: Path) -> None:
    path = tmp_path / "huge.csv"
    with path.open("wb") as file:
        file.truncate(10 * rows.MAX_BYTES)
    data = rows.read_bytes(path)
    assert len(data) == rows.MAX_BYTES + 1
    with pytest.raises(TableError, match="at most"):
        read(data)


cells = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufeff"), max_size=12
).map(str.strip)


@given(st.lists(st.tuples(cells, cells, cells).filter(any), max_size=5), st.sampled_from(",;\t"))
def test_what_is_written_with_quotes_is_read_back(
    lines: list[tuple[str, str, str]], separator: str
) -> None:
    written = "\n".join(
        separator.join('"' + cell.replace('"', '""') + '"' for cell in line)
        for line in (HEADER, *lines)
    )
    assert found(read(written.encode())) == lines


@given(st.binary(max_size=300))
def test_any_bytes_are_a_table_or_refused_in_words(data: bytes) -> None:
    reported = ""
    for start in (b"", "番号,場所,備考\n".encode(), b"PK\x03\x04"):
        try:
            reported += repr(read(start + data).encoding)
        except TableError as error:
            reported += str(error)
    assert reported

"""Tables of sightings as offices keep them: files, absences, several animals, the old datum."""

import io
from datetime import UTC, date, datetime

import pytest
from openpyxl import Workbook

from gateway.ingest.files.report_columns import TableError, read_map
from gateway.ingest.files.report_table import Reports, parse
from tests.support.samples import TOKYO

NOW = datetime(2026, 11, 1, tzinfo=UTC)
MAP = """
title = "試験市"
[columns]
date = "出没日"
time = "時刻"
lat = "緯度"
lon = "経度"
species = "獣種"
kind = "種別"
count = "頭数"
[kinds]
"目撃" = "sighting"
"痕跡" = "trace"
"""
HEADER = ["出没日", "時刻", "緯度", "経度", "獣種", "種別", "頭数"]
ROW = ["R7.4.5", "18:30", "32.69", "128.84", "イノシシ", "目撃", "2頭"]


def read(data: bytes | str, map_: str = MAP) -> Reports:
    raw = data.encode() if isinstance(data, str) else data
    return parse(raw, read_map(map_.encode()), "t.csv", TOKYO, NOW)


def table(*changes: dict[str, str], separator: str = ",", header: list[str] = HEADER) -> str:
    lines = [dict(zip(HEADER, ROW, strict=True)) | change for change in changes]
    return "\n".join([separator.join(header), *(separator.join(one.values()) for one in lines)])


def book() -> bytes:
    file = Workbook()
    sheet = file.active
    assert sheet is not None
    for line in (
        ["令和7年度 目撃情報"],
        [],
        HEADER,
        [date(2025, 4, 5), 0.770833, 32.69, 128.84, "イノシシ", "目撃", 2],
    ):
        sheet.append(line)
    out = io.BytesIO()
    file.save(out)
    return out.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        table({}).encode(),
        ("令和7年度　目撃情報,,\n,,（作成：農林課）\n" + table({})).encode(),
        table({}, separator="\t").encode("utf-16"),
        table({}, separator=";").encode("cp932"),
        table({"緯度": "32,69", "経度": "128,84"}, separator=";").encode(),
        book(),
    ],
)
def test_one_sighting_is_read_alike_from_any_kind_of_file(data: bytes) -> None:
    [one] = read(data).sightings
    assert one.observed_at == datetime(2025, 4, 5, 9, 30, tzinfo=UTC)
    assert (one.lat, one.lon, one.species, one.count) == (32.69, 128.84, "boar", 2)


@pytest.mark.parametrize(
    ("column", "cell"),
    [("頭数", "0"), ("頭数", "なし"), ("頭数", "目撃なし"), ("獣種", "なし"), ("獣種", "該当なし")],
)
def test_a_row_without_an_animal_is_no_sighting_and_is_reported(column: str, cell: str) -> None:
    reports = read(table({column: cell}, {}))
    assert (reports.rows, reports.absent, len(reports.sightings)) == (2, 1, 1)
    [shown] = [str(one) for one in reports.findings.repaired]
    assert shown.startswith(f"t.csv line 2: {column} = {cell!r}")
    assert shown.endswith("nothing was seen: no sighting")


def test_a_trace_without_an_animal_is_a_trace() -> None:
    [one] = read(table({"種別": "痕跡", "頭数": "0"})).sightings
    assert (one.kind, one.count) == ("trace", None)


def test_two_animals_in_one_cell_are_two_sightings_the_same_at_every_import() -> None:
    reports = read(table({"獣種": "イノシシ・シカ"}))
    assert [(one.species, one.count) for one in reports.sightings] == [
        ("boar", None),
        ("deer", None),
    ]
    assert reports.sightings == read(table({"獣種": "イノシシ・シカ"})).sightings
    assert "several animals" in str(reports.findings.repaired[0])


def test_a_row_with_more_cells_than_the_header_is_refused_and_harms_no_other() -> None:
    reports = read(table({"緯度": "32,69"}, {}))
    assert len(reports.sightings) == 1
    assert "line 2" in str(reports.findings.refused[0])
    assert "more cells" in str(reports.findings.refused[0])


def test_a_table_of_the_old_datum_is_asked_about_and_converted() -> None:
    old = table({}, header=[*HEADER[:2], "緯度（日本測地系）", *HEADER[3:]])
    named = MAP.replace('"緯度"', '"緯度（日本測地系）"')
    with pytest.raises(TableError, match=r'datum = "tokyo"'):
        read(old, named)
    [new] = read(old, named.replace("title", 'datum = "tokyo"\ntitle')).sightings
    [same] = read(old, named.replace("title", 'datum = "wgs84"\ntitle')).sightings
    assert (same.lat, same.lon) == (32.69, 128.84)
    assert (new.lat - same.lat, new.lon - same.lon) == pytest.approx((0.0033, -0.0023), abs=2e-4)


def test_a_column_that_stands_twice_is_refused() -> None:
    with pytest.raises(TableError, match=r"緯度.*two columns"):
        read(
            table({}).replace("獣種", "緯度", 1),
            MAP.replace('species = "獣種"', "").replace("title", 'species = "boar"\ntitle'),
        )

"""Tables of sightings: a municipality's table; each repair and refusal is named."""

from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.resident_reports import SightingKind
from gateway.ingest.files.report_columns import TableError, read_map
from gateway.ingest.files.report_table import parse
from tests.gateway.ingest.files.reports import HEAD, MAP, NOW, ROW, read, refused, repaired
from tests.support.samples import TOKYO, open_store


def test_a_row_becomes_a_sighting_in_utc_with_its_local_day() -> None:
    reports = read(ROW)
    [one] = reports.sightings
    assert (one.day, one.observed_at) == (
        date(2024, 4, 24),
        datetime(2024, 4, 24, 1, 30, tzinfo=UTC),
    )
    assert (one.lat, one.lon, one.species, one.count) == (36.5, 136.5, "bear", 1)
    assert (one.kind, one.source, one.place) == (SightingKind.SIGHTING, "試験市", "畑")
    assert not reports.findings.repaired


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
def test_the_encoding_is_found_out(encoding: str) -> None:
    reports = read(ROW, encoding=encoding)
    assert reports.sightings == read(ROW).sightings
    assert reports.encoding == encoding.removesuffix("-sig")


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (
            ",,目撃",
            ",5.44E+08,目撃",
            "メッシュ = '5.44E+08': destroyed by a spreadsheet; worked out",
        ),
        (",,目撃", ",99,目撃", "メッシュ = '99': no mesh code; worked out from the place"),
        (",,目撃", ",492806,目撃", "disagrees with the place; the place is taken"),
        (
            "36.5,136.5",
            "136.5,36.5",
            "緯度 = '136.5': latitude and longitude were exchanged; put right",
        ),
        ("36.5,136.5", "３６.5,136.5", "緯度 = '３６.5': full-width digits read as plain ones"),
        ("36.5,136.5", "36°30'00,136.5", '緯度 = "36°30\'00": degrees, minutes and seconds; read'),
        ("36.5,136.5", "nan,nan", "緯度 = 'nan': not degrees; the WKT point is taken"),
        ("36.5,136.5", "北,136.5", "緯度 = '北': not degrees; the WKT point is taken"),
        (
            "POINT (136.5 36.5)",
            "POINT (136.6 36.5)",
            "WKT = 'POINT (136.6 36.5)': disagrees with latitude",
        ),
        ("POINT (136.5 36.5)", "somewhere", "WKT = 'somewhere': not POINT (lon lat); ignored"),
        (",R6,", ",R5,", "年 = 'R5': disagrees with the date; the date is taken"),
        (",R6,", ",?,", "年 = '?': not a year; the date is taken"),
        ("1頭", "数頭", "頭数 = '数頭': not a number; left unknown"),
        ("10時30分頃", "朝", "時 = '朝': not a time; the day alone is kept"),
    ],
)
def test_what_can_be_repaired_is_imported_and_reported(old: str, new: str, why: str) -> None:
    reports = read(ROW.replace(old, new))
    [shown] = repaired(reports)
    assert shown.startswith("t.csv line 2: ")
    value, _, found = why.partition(": ")
    assert value in shown
    assert f" / {found}" in shown
    [one] = reports.sightings
    assert (one.lat, one.lon) == (36.5, 136.5)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("R6.4.24", "きのう", "日 = 'きのう': R6.4.24"),
        ("R6.4.24", "R9.4.24", "lies in the future"),
        ("R6.4.24", "1910/1/1", "lies in the future or before 1926-12-25"),
        (
            "36.5,136.5",
            "51.5,-0.1",
            "緯度 = '51.5': 51.5, -0.1 は日本の中にありません / is not in Japan",
        ),
        (
            "目撃",
            "うわさ",
            "[kinds] にない言葉です / no such word under [kinds]; has: 目撃, 痕跡",
        ),
    ],
)
def test_what_cannot_be_used_is_refused_and_harms_no_other(old: str, new: str, why: str) -> None:
    reports = read(ROW.replace(old, new), ROW)
    [shown] = refused(reports)
    assert shown.startswith("t.csv line 2: ")
    assert why in shown
    assert (reports.rows, len(reports.sightings)) == (2, 1)


def test_without_coordinates_the_place_comes_from_the_wkt_or_the_mesh() -> None:
    [one] = read(ROW.replace("36.5,136.5", ",")).sightings
    assert (one.lat, one.lon) == (36.5, 136.5)
    nowhere = ROW.replace("POINT (136.5 36.5)", "").replace("36.5,136.5", ",")
    reports = read(nowhere.replace(",,目撃", ",53394611,目撃"))
    assert (reports.sightings[0].lat, reports.sightings[0].lon) == pytest.approx(
        (35.6791667, 139.76875)
    )
    assert "the middle of its mesh" in repaired(reports)[0]
    assert "no place is given" in refused(read(nowhere))[0]


def test_equal_rows_of_one_table_are_several_reports_and_stay_so() -> None:
    ids = [one.id for one in read(ROW, ROW).sightings]
    assert len(set(ids)) == 2
    assert ids == [one.id for one in read(ROW, ROW).sightings]


def test_the_same_report_in_two_tables_is_one() -> None:
    first, second = (
        read(ROW),
        read(ROW.replace("畑", "はたけ"), map_=MAP.replace("試験市", "試験県")),
    )
    assert first.sightings[0].id == second.sightings[0].id


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('date = "日"', "", "missing required field `date`"),
        ('time = "時"', 'hour = "時"', "unknown field `hour`.*allowed"),
        (
            'time = "時"',
            'time = "時刻"',
            "columns.time = '時刻': .* / no such column; has: WKT, 日",
        ),
        ('"sighting"', '"seen"', "Invalid enum value 'seen'"),
        ('species = "クマ"', "", "needs species, or columns.species"),
        ("title =", "title", "not TOML"),
        ('species = "クマ"', 'species = "クマ"\ndelimiter = "\\t\\t"', "must be one character"),
    ],
)
def test_a_broken_map_names_the_key_and_what_is_allowed(old: str, new: str, why: str) -> None:
    with pytest.raises(TableError, match=why):
        read(ROW, map_=MAP.replace(old, new))


def test_a_map_without_any_place_is_refused() -> None:
    lines = [
        line for line in MAP.splitlines() if not line.startswith(("lat", "lon", "wkt", "mesh"))
    ]
    with pytest.raises(TableError, match="needs lat and lon, or wkt, or mesh"):
        read_map("\n".join(lines).encode())


@given(st.binary(max_size=200))
def test_any_bytes_give_rows_or_a_reason(junk: bytes) -> None:
    answer = ""
    try:
        reports = parse(HEAD.encode() + junk, read_map(MAP.encode()), "t.csv", TOKYO, NOW)
    except TableError as error:
        answer = str(error)
    assert (
        answer
        or reports.rows <= len(reports.sightings) + len(reports.findings.refused) + reports.absent
    )


def test_sightings_are_stored_once_and_found_by_day_and_species(tmp_path: Path) -> None:
    day = (date(2024, 4, 24) - date(1970, 1, 1)).days
    found = read(ROW, ROW.replace("R6.4.24", "R6.4.25")).sightings
    with closing(open_store(tmp_path)) as store:
        assert len(store.write_now(lambda tx: tx.sightings.add(found))) == 2
        assert store.write_now(lambda tx: tx.sightings.add(found)) == []
        assert store.read_now(lambda r: r.sightings(day, day + 1)) == found[:1]
        assert store.read_now(lambda r: r.sightings(0, 10**6, "bear")) == found
        assert store.read_now(lambda r: r.sightings(0, 10**6, "boar")) == []


@pytest.mark.parametrize("count", ["なし", "無し", "0", "０頭", "目撃なし", "none"])
def test_nothing_seen_is_no_sighting_and_is_reported(count: str) -> None:
    reports = read(ROW.replace(",1頭,", f",{count},"))
    assert reports.sightings == []
    assert [str(one) for one in reports.findings.repaired][-1].endswith("no sighting")


@pytest.mark.parametrize(
    "cell", ["イノシシ・シカ", "イノシシ、ニホンジカ", "イノシシ/シカ", "イノシシとシカ"]
)
def test_two_animals_in_one_cell_are_two_sightings_and_are_reported(cell: str) -> None:
    named = MAP.replace('species = "クマ"', "").replace('place = "場所"', 'species = "場所"')
    reports = read(ROW.replace("畑", cell), map_=named)
    assert [(one.species, one.count) for one in reports.sightings] == [
        ("boar", None),
        ("deer", None),
    ]
    assert "several animals" in str(reports.findings.repaired[-1])

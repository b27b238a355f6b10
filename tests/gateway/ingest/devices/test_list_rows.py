"""Device lists: destroyed, doubled, halved and exchanged cells; both importers judge the same cell alike."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import Result

from gateway.domain.model import Role
from gateway.ingest.devices.lists import DeviceListError, parse
from gateway.ingest.files.report_columns import read_map
from gateway.ingest.files.report_table import parse as parse_reports
from tests.support.samples import TOKYO

NOW = datetime(2026, 11, 1, tzinfo=UTC)
MAP = read_map(
    'title = "t"\nspecies = "boar"\n[columns]\ndate = "日"\nlat = "緯度"\nlon = "経度"\n'.encode()
)
MARKS = "0123456789.,°'\"-+ NSEW度分秒北緯東経E:"


def one(cells: str, header: str = "id,role,name,lat,lon") -> str:
    """What is said of a list of one row."""
    with pytest.raises(DeviceListError) as error:
        parse(f"{header}\n{cells}\n".encode())
    return str(error.value)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("wana-01", "wana-01"),
        ("wana-01", "WANA-01"),
        ("wana-01", "ｗａｎａ－０１"),
        ("hako 1", "hako1"),
        ("007", "7"),
        ("24e124136b502217", "24-E1-24-13-6B-50-22-17"),
    ],
)
def test_ids_that_people_take_for_one_device_are_refused_with_both_lines(
    first: str, second: str
) -> None:
    shown = one(f"{first},trap\nother,trap\n{second},trap", "id,role")
    assert "line 2: id" in shown
    assert "the same id as line 4" in shown
    assert "line 4: id" in shown


def test_every_wrong_line_is_named_in_both_languages() -> None:
    shown = one("4.2512E+12,trap,,32.7,128.8\na,trap,,0,0\nb,ねずみ,,32.7,128.8\nc,trap,,32.7,")
    for line in range(2, 6):
        assert f"line {line}: " in shown
    assert shown.count(" / ") >= 4
    assert not {"float", "str", "enum"} & set(shown.split())


@pytest.mark.parametrize(
    ("cell", "allowed"),
    [
        ("heartbeat_s,0", "whole seconds"),
        ("heartbeat_s,ときどき", "whole seconds"),
        ("zone,Asia/Tokio", "Asia/Tokyo"),
        ("inverted,たぶん", "yes or no"),
    ],
)
def test_other_cells_are_refused_with_what_is_allowed(cell: str, allowed: str) -> None:
    column, value = cell.split(",")
    shown = one(f"a,trap,{value}", f"id,role,{column}")
    assert f"line 2: {column} {value}" in shown
    assert allowed in shown


def test_intervals_and_words_for_nothing_are_read() -> None:
    text = (
        "id,役割,緯度,経度,通信間隔,機種\na,くくり罠,-,不明,６時間,なし\nb,自動撮影カメラ,,,900,\n"
    )
    snare, camera = parse(text.encode())
    assert (snare.role, snare.trap_type, snare.lat, snare.model) == (Role.TRAP, "snare", None, "")
    assert (snare.heartbeat_s, camera.heartbeat_s) == (21_600, 900)
    assert (camera.role, camera.trap_type) == (Role.DETECTOR, "")


def test_decimal_commas_are_read_between_semicolons_only() -> None:
    [device] = parse(b"id;role;lat;lon\na;trap;32,6951;128,8412\n")
    assert (device.lat, device.lon) == (32.6951, 128.8412)
    assert "with a point" in one('a,trap,,"32,6951","128,8412"')
    assert "more cells than the header" in one("a,trap,x,32,69,128,84")


def test_geojson_is_judged_like_a_table() -> None:
    def faults_of(**properties: object) -> str:
        feature = {"properties": properties, "geometry": {"coordinates": [0, 0]}}
        with pytest.raises(DeviceListError) as error:
            parse(json.dumps({"features": [feature]}).encode())
        return str(error.value)

    assert "feature 1: lat 0, lon 0" in faults_of(id="a", role="trap")
    assert "E+16" in faults_of(id=12345678901234567, role="trap")


def sighting_place(lat: str, lon: str) -> tuple[float, float] | str:
    quoted = ",".join(f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in (lat, lon))
    reports = parse_reports(f"日,緯度,経度\n2026-01-02,{quoted}\n".encode(), MAP, "t", TOKYO, NOW)
    if reports.sightings:
        return reports.sightings[0].lat, reports.sightings[0].lon
    return str(reports.findings.refused[0])


def device_place(lat: str, lon: str) -> tuple[float, float] | str:
    quoted = ",".join(f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in (lat, lon))
    try:
        [device] = parse(f"id,role,lat,lon\na,trap,{quoted}\n".encode())
    except DeviceListError as error:
        return str(error)
    if device.lat is None or device.lon is None:
        return "no place"
    return device.lat, device.lon


@given(st.text(MARKS, max_size=16), st.text(MARKS, max_size=16))
def test_two_importers_never_read_one_cell_as_two_places(lat: str, lon: str) -> None:
    """Latitude and longitude that were exchanged are put right in one and refused in the other."""
    device, sighting = device_place(lat, lon), sighting_place(lat, lon)
    assert isinstance(device, str) or isinstance(sighting, str) or device == sighting


@pytest.mark.parametrize(
    ("lat", "lon"),
    [
        ("32.6951", "128.8412"),
        ("北緯32.6951度", "東経128.8412度"),
        ("３２．６９５１", "１２８．８４１２"),
        ("32°41'42.36\"N", "128°50'28.32\"E"),
        ("32.41.42.36", "128.50.28.32"),
        ("3.26951E+01", "1.288412E+02"),
    ],
)
def test_two_importers_read_a_usual_cell_as_the_same_place(lat: str, lon: str) -> None:
    assert device_place(lat, lon) == pytest.approx((32.6951, 128.8412), abs=1e-6)
    assert sighting_place(lat, lon) == device_place(lat, lon)


@pytest.mark.parametrize(
    ("lat", "lon"),
    [
        ("0", "0"),
        ("32.7", ""),
        ("", "128.8"),
        ("nan", "128.8"),
        ("32.7", "1.3E+02"),
        ("32.7W", "128.8"),
        ("32.7, 128.8", ""),
        ("324142", "1285028"),
    ],
)
def test_two_importers_refuse_the_same_cells(lat: str, lon: str) -> None:
    assert isinstance(device_place(lat, lon), str)
    assert isinstance(sighting_place(lat, lon), str)


def test_a_number_that_lost_the_zeros_of_a_known_id_is_refused(
    tmp_path: Path, devices: Callable[..., Result]
) -> None:
    path = tmp_path / "list.csv"
    path.write_text("id,role\n0013205011223344,trap\n")
    assert devices("import", path).exit_code == 0
    path.write_text("id,role\n13205011223344,trap\n")
    shown = str(devices("import", path).exception)
    for word in ("line 2", "13205011223344", "0013205011223344", "leading zeros"):
        assert word in shown
    assert len(json.loads(devices("list", "--json").stdout)) == 1


def test_partial_says_what_it_left_out_and_refuses_a_list_of_which_nothing_is_left(
    tmp_path: Path, devices: Callable[..., Result]
) -> None:
    path = tmp_path / "list.csv"
    path.write_text("id,role,lat,lon\na,trap,0,0\nb,trap,32.7,128.8\nc,trap,x,128.8\n")
    partial = devices("import", path, "--partial")
    assert partial.exit_code == 0
    assert "line 2: lat 0" in partial.stderr
    assert "line 4: lat x" in partial.stderr
    assert "left out" in partial.stdout
    path.write_text("id,role,lat,lon\na,trap,0,0\n")
    assert devices("import", path, "--partial").exit_code == 1
    path.write_text("id,role,lat,lon\n")
    assert "no rows" in str(devices("import", path).exception)

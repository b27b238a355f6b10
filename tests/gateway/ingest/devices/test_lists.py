"""Device lists as people write them."""

import contextlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook
from typer.testing import Result

from gateway.domain.model import Role
from gateway.ingest.devices.lists import DeviceListError, address, parse, to_csv


@pytest.mark.parametrize(
    "written",
    ["24E124136B502217", "24e124136b502217", "24-E1-24-13-6B-50-22-17", "24:e1:24:13:6b:50:22:17"],
)
def test_an_eui_is_known_however_it_is_printed(written: str) -> None:
    [device] = parse(f"id,role\n{written},trap\n".encode())
    assert device.id == "24e124136b502217"


@pytest.mark.parametrize(
    "name", ["trap-01", "Hako 1", "!A1B2C3D4", "0x00158D000227A73C", "DEADBEEF"]
)
def test_other_names_stay_as_they_are(name: str) -> None:
    assert address(name) == name


def test_a_list_survives_a_round_trip() -> None:
    text = "id,role,lat,lon,inverted\ntrap-01,trap,32.7,128.8,yes\n"
    once = parse(text.encode())
    assert once[0].inverted
    assert parse(to_csv(once).encode()) == once


def test_a_broken_row_is_named_with_its_line() -> None:
    with pytest.raises(DeviceListError, match=r"line 3.*lat 91"):
        parse(b"id,role,lat,lon\na,trap,1,2\nb,trap,91,2\n")


GOTO = [f"s{n},detector,{32.66 + 0.01 * n:.3f},128.75" for n in range(5)]


def listed(folder: Path, *rows: str) -> Path:
    path = folder / "list.csv"
    path.write_text("\n".join(["id,role,lat,lon", *rows]), encoding="utf-8")
    return path


def registered(devices: Callable[..., Result]) -> set[str]:
    return {one["id"] for one in json.loads(devices("list", "--json").stdout)}


def test_a_place_far_from_the_others_is_asked_about_with_line_and_distance(
    tmp_path: Path, devices: Callable[..., Result]
) -> None:
    result = devices("import", listed(tmp_path, *GOTO[:3], "sX,detector,2.7,128.8", *GOTO[3:]))
    shown = str(result.exception)
    assert isinstance(result.exception, DeviceListError)
    for word in ("list.csv", "line 5", "sX", "2.7, 128.8", "3,33", "--far-ok"):
        assert word in shown
    assert registered(devices) == set(), "nothing of the list is registered"


def test_a_confirmed_far_place_is_registered_and_not_asked_about_again(
    tmp_path: Path, devices: Callable[..., Result]
) -> None:
    rows = listed(tmp_path, *GOTO, "sX,detector,34.2,129.3")
    assert devices("import", rows).exit_code == 1
    assert devices("import", rows, "--far-ok").exit_code == 0
    assert devices("import", rows).exit_code == 0, "it is known as it stands"
    assert devices("import", listed(tmp_path, "sY,detector,34.21,129.3")).exit_code == 0
    assert devices("import", listed(tmp_path, "s0,detector,23.66,128.75")).exit_code == 1


def test_a_list_is_compared_with_the_registry_and_the_configured_centre(
    tmp_path: Path, devices: Callable[..., Result]
) -> None:
    assert devices("import", listed(tmp_path, GOTO[0])).exit_code == 0
    assert devices("import", listed(tmp_path, "sX,detector,50.1,10.1")).exit_code == 1
    with (tmp_path / "c.toml").open("a") as config:
        config.write("[dashboard]\ncentre = [32.69, 128.84]\n")
    (tmp_path / "s.db").unlink()
    assert devices("import", listed(tmp_path, "sX,detector,2.7,128.8")).exit_code == 1
    assert devices("import", listed(tmp_path, GOTO[0])).exit_code == 0


HEADER = "id,role,name,lat,lon"
GOOD = "hako-1,trap,谷,32.6951,128.8412"


@pytest.mark.parametrize(
    ("row", "cause"),
    [
        ("4.2512E+12,trap,谷,32.7,128.8", r"line 2: id 4\.2512E\+12.*format the column as text"),
        ("５．４４Ｅ＋０８,trap,谷,32.7,128.8", "line 2: id .*rounded"),
        ("a,trap,谷,,128.8", "line 2: lat .*both"),
        ("a,trap,谷,32.7,", "line 2: lon .*both"),
        ("a,trap,谷,0,0", "line 2: lat 0.*leave it empty"),
        ("a,trap,谷,0.0001,128.8", "line 2: lat .*beside it"),
        ("a,trap,谷,128.8,32.7", "line 2: lat 128.8.*exchanged"),
        ("a,trap,谷,nan,128.8", "line 2: lat nan.*36.5561"),
        ('a,trap,谷,"32,7",128.8', "line 2: lat 32,7.*point"),
        ("a,ねずみ,谷,32.7,128.8", "line 2: role ねずみ.*trap.*detector.*relay"),
        (",trap,谷,32.7,128.8", "line 2: id .*needed"),
        ("a,trap,谷,32.7,128.8,x", "line 2.*more cells"),
    ],
)
def test_a_wrong_cell_is_named_with_line_column_value_and_what_is_allowed(
    row: str, cause: str
) -> None:
    with pytest.raises(DeviceListError, match=cause) as error:
        parse(f"{HEADER}\n{row}\n".encode())
    found = str(error.value)
    assert " / " in found
    assert not {"float", "str", "enum", "$.lat", "null"} & set(found.replace("`", " ").split())


def test_an_id_twice_is_refused_with_both_lines() -> None:
    text = f"{HEADER}\n{GOOD}\nb,trap,,,\n{GOOD}\n"
    with pytest.raises(DeviceListError, match=r"line 4: id hako-1: .*line 2"):
        parse(text.encode())
    pair = "id,role\n24E124136B502217,trap\n24-e1-24-13-6b-50-22-17,trap\n"
    with pytest.raises(DeviceListError, match="24e124136b502217"):
        parse(pair.encode())


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "utf-16"])
@pytest.mark.parametrize(
    "header",
    [
        "id,role,name,lat,lon",
        "機器番号,役割,名称,緯度,経度",
        "DevEUI,種別,名前,緯度(度),経度（度）",
    ],
)
def test_what_spreadsheets_save_is_read(separator: str, encoding: str, header: str) -> None:
    text = f"{header}\r\n{GOOD}\r\n\r\n".replace(",", separator)
    [device] = parse(text.encode(encoding))
    assert (device.id, device.role, device.name) == ("hako-1", Role.TRAP, "谷")
    assert (device.lat, device.lon) == (32.6951, 128.8412)


def test_a_workbook_is_read_and_a_number_that_lost_digits_is_refused() -> None:
    def book(*rows: list[Any]) -> bytes:
        found = Workbook()
        sheet = found.active
        assert sheet is not None
        for row in (HEADER.split(","), *rows):
            sheet.append(row)
        out = io.BytesIO()
        found.save(out)
        return out.getvalue()

    [device] = parse(book(["hako-1", "わな", "谷", 32.6951, "128°50'28.32\""]))
    assert device.role is Role.TRAP
    assert [device.lat, device.lon] == pytest.approx([32.6951, 128.8412])
    [device] = parse(book([42512, "センサー", None, None, None]))
    assert (device.id, device.role, device.lat) == ("42512", Role.DETECTOR, None)
    with pytest.raises(DeviceListError, match=r"line 2: id .*E\+1.*format the column as text"):
        parse(book([4.2512e17, "trap", "谷", 32.7, 128.8]))


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        (b"PK\x03\x04broken", "not a workbook"),
        (b"\xd0\xcf\x11\xe0old", "xlsx"),
        (b"\x81\xff\xfe\xfd", "Shift_JIS"),
        (b"", "empty"),
        (b"id,role,colour\na,trap,red\n", "unknown column 'colour'.*separated by"),
        (b"name,lat\na,1\n", "id and role are needed"),
        (b"id,role,lat,latitude\na,trap,32,32\n", "two columns mean lat"),
    ],
)
def test_a_file_that_is_no_list_is_refused_with_what_to_do(data: bytes, cause: str) -> None:
    with pytest.raises(DeviceListError, match=cause):
        parse(data)


@given(st.binary(max_size=400) | st.text(max_size=200).map(str.encode))
def test_any_file_is_a_list_or_refused_in_words(data: bytes) -> None:
    with contextlib.suppress(DeviceListError):
        parse(data)
    with contextlib.suppress(DeviceListError):
        parse(b"id,role,lat,lon\n" + data)


@pytest.mark.parametrize(
    ("word", "role"),
    [
        ("わな", "trap"),
        ("箱わな", "trap"),
        ("ﾜﾅ", "trap"),
        ("センサー", "detector"),
        ("カメラ", "detector"),
        ("Trap", "trap"),
        ("中継器", "relay"),
    ],
)
def test_roles_are_read_in_the_words_of_the_field(word: str, role: str) -> None:
    [device] = parse(f"id,role,反転,便りの間隔\na,{word},はい,３６００\n".encode())
    assert (device.role, device.inverted, device.heartbeat_s) == (role, True, 3_600)


def test_nothing_is_registered_when_a_line_is_wrong_unless_partial(
    tmp_path: Path, devices: Callable[..., Result]
) -> None:
    rows = listed(tmp_path, *GOTO[:2], "sX,detector,0,0", "s0,detector,32.7,128.75")
    refused = devices("import", rows)
    assert refused.exit_code == 1
    for word in ("line 4", "line 5", "line 2", "--partial"):
        assert word in str(refused.exception)
    assert registered(devices) == set()
    partial = devices("import", rows, "--partial")
    assert partial.exit_code == 0
    assert registered(devices) == {"s1"}, "which of two s0 is right nobody knows"
    assert "line 4" in partial.stderr


def test_a_list_of_the_old_datum_is_asked_about_and_converted_or_taken(
    tmp_path: Path, devices: Callable[..., Result]
) -> None:
    new, old = (32.69510, 128.84120), (32.69180, 128.84350)
    here = f"hako-1,trap,{new[0]},{new[1]}"
    assert devices("import", listed(tmp_path, here)).exit_code == 0
    shifted = listed(tmp_path, f"hako-1,trap,{old[0]},{old[1]}")
    asked = devices("import", shifted)
    assert asked.exit_code == 1
    for word in ("line 2", "hako-1", "日本測地系", "--datum tokyo"):
        assert word in str(asked.exception)
    assert devices("import", shifted, "--datum", "tokyo").exit_code == 0
    [one] = json.loads(devices("list", "--json").stdout)
    assert (one["lat"], one["lon"]) == pytest.approx(new, abs=5e-4)
    assert devices("import", shifted, "--datum", "wgs84").exit_code == 0
    assert devices("import", shifted, "--datum", "mars").exit_code == 2


def test_a_header_that_names_the_old_datum_is_asked_about(
    tmp_path: Path, devices: Callable[..., Result]
) -> None:
    path = tmp_path / "old.csv"
    path.write_text("id,role,緯度（日本測地系）,経度\na,trap,32.7,128.8\n", encoding="utf-8")
    assert "--datum" in str(devices("import", path).exception)
    assert devices("import", path, "--datum", "tokyo").exit_code == 0

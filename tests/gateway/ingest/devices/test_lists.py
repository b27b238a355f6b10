"""Device lists as people write them."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gateway.cli import app as cli
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


@pytest.fixture
def devices(tmp_path: Path) -> Callable[..., Result]:
    """`shishigaki devices ...` on a database of its own."""
    config = tmp_path / "c.toml"
    config.write_text(f'[store]\npath = "{tmp_path / "s.db"}"\n')

    def run(*words: object) -> Result:
        return CliRunner().invoke(cli, ["devices", *map(str, words), "-c", str(config)])

    return run


def registered(devices: Callable[..., Result]) -> set[str]:
    return {one["id"] for one in json.loads(devices("list", "--json").stdout)}


def test_a_place_far_from_the_others_is_asked_about_with_line_and_distance(
    tmp_path: Path, devices: Callable[..., Result]
) -> None:
    result = devices("import", listed(tmp_path, *GOTO[:3], "sX,detector,2.7,128.8", *GOTO[3:]))
    said = str(result.exception)
    assert isinstance(result.exception, DeviceListError)
    for word in ("list.csv", "line 5", "sX", "2.7, 128.8", "3,33", "--far-ok"):
        assert word in said
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

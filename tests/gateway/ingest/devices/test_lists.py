"""Device lists as people write them."""

import pytest

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

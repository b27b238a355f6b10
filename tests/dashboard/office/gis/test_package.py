"""The GeoPackage as GDAL opens it: layers, fields, places, styles, period and licence."""

import json
import os
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from dashboard.documents import geopackage
from dashboard.live.device_view import Condition
from dashboard.office.gis.layers import FIELDS
from gateway import app as service
from gateway.domain.people.api_token import Scope
from tests.dashboard.api.programs import program
from tests.dashboard.office.conftest import Get
from tests.dashboard.office.county import County
from tests.dashboard.place import serving
from tests.dashboard.rights.house import build
from tests.support.samples import at
from tests.support.servers import need

QUERY = "?month=2026-10&months=3&species=boar"
TYPES = {
    "TEXT": "String",
    "REAL": "Real",
    "INTEGER": "Integer64",
    "DATE": "Date",
    "DATETIME": "DateTime",
}


def gdal(program: str, *arguments: str, **environment: str) -> str:
    """What a program of GDAL prints; what it complains about is a failure."""
    done = subprocess.run(
        [need(shutil.which(program), "gdal-bin"), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=os.environ | environment,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


def schema(source: str, *layer: str, **environment: str) -> tuple[str, dict[str, str]]:
    """Type of the geometry, and the type of each field."""
    text = gdal("ogrinfo", "-so", source, *(layer or ("-al",)), **environment)
    geometry = re.search(r"^Geometry: (.+)$", text, re.MULTILINE)
    assert geometry is not None, text
    return geometry[1], dict(re.findall(r"^(\w+): (\w+) \(", text, re.MULTILINE))


def features(package: Path, layer: str) -> list[dict[str, Any]]:
    """The rows of a layer as GeoJSON."""
    text = gdal("ogr2ogr", "-f", "GeoJSON", "/vsistdout/", str(package), layer)
    found: list[dict[str, Any]] = json.loads(text)["features"]
    return found


@pytest.fixture
def package(get: Get, tmp_path: Path) -> Path:
    status, body = get(f"/officials/layers.gpkg{QUERY}")
    assert status == 200
    path = tmp_path / "layers.gpkg"
    path.write_bytes(body)
    return path


@pytest.fixture
def opened(package: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(package)) as connection:
        yield connection


@pytest.mark.real
@pytest.mark.parametrize("name", FIELDS)
def test_gdal_opens_each_layer_with_its_fields_their_types_and_places(
    package: Path, name: str
) -> None:
    geometry, fields = schema(str(package), name)
    assert geometry == ("Polygon" if name == "squares" else "Point")
    assert fields == {field: TYPES[kind] for field, kind, _ in FIELDS[name]}
    assert "WGS 84" in gdal("ogrinfo", "-so", str(package), name)
    assert features(package, name)


@pytest.mark.real
@pytest.mark.parametrize("name", ["devices", "captures", "rates"])
def test_places_are_those_of_the_devices(package: Path, county: County, name: str) -> None:
    devices = {one.id: one for one in county.store.read_now(lambda reader: reader.devices())}
    for feature in features(package, name):
        device = devices[feature["properties"]["device_id"]]
        if device.lat is None:
            assert feature["geometry"] is None
        else:
            assert feature["geometry"]["coordinates"] == pytest.approx([device.lon, device.lat])


@pytest.mark.real
def test_captures_and_rates_are_those_of_the_map(package: Path) -> None:
    captured = [one["properties"] for one in features(package, "captures")]
    assert [(one["captured_on"], one["species"], one["animals"]) for one in captured] == [
        ("2026-09-04", "boar", 1),
        ("2026-09-10", "boar", 2),
        ("2026-09-10", "deer", 1),
        ("2026-09-21", "boar", 1),
    ]
    for feature in features(package, "squares"):
        ring = feature["geometry"]["coordinates"][0]
        assert ring[0] == ring[-1]
        assert len(ring) == 5
    for feature in features(package, "rates"):
        told = feature["properties"]
        assert told["rate"] == pytest.approx(100 * told["events"] / told["camera_days"], rel=1e-3)
        assert told["rate_low95"] <= told["rate"] <= told["rate_high95"]


@pytest.mark.real
def test_control_a_damaged_geometry_is_found_by_gdal(package: Path) -> None:
    with closing(sqlite3.connect(package)) as connection:
        connection.execute("UPDATE devices SET geom = x'4750'")
        connection.commit()
    with pytest.raises(AssertionError):
        assert all(one["geometry"] for one in features(package, "devices"))


def test_each_field_has_a_meaning_and_no_name_means_two_things(opened: sqlite3.Connection) -> None:
    rows = opened.execute("SELECT layer, field, unit, meaning FROM fields").fetchall()
    assert [(layer, field) for layer, field, *_ in rows] == [
        (layer, field) for layer, fields in FIELDS.items() for field, *_ in fields
    ]
    meanings: dict[str, set[str]] = {}
    for _, field, _, meaning in rows:
        assert len(meaning) > 1
        meanings.setdefault(field, set()).add(meaning)
    assert all(len(one) == 1 for one in meanings.values())
    assert not {"low", "high", "c", "n", "days"} & set(meanings)


def test_period_licence_and_units_stand_in_the_file(opened: sqlite3.Connection) -> None:
    about = dict(opened.execute("SELECT name, value FROM about"))
    assert (about["period_from"], about["period_to"]) == ("2026-08-01", "2026-10-31")
    assert about["species"] == "boar"
    assert {"licence", "places", "rate", "made_at", "time_zone", "site"} <= set(about)


def test_no_person_is_named(package: Path, county: County) -> None:
    acts = county.store.read_now(lambda reader: reader.acts())
    names = {one.by for one in acts if one.by}
    assert names
    assert not any(name.encode() in package.read_bytes() for name in names)


def test_each_layer_has_a_style_of_its_own_fields(opened: sqlite3.Connection, get: Get) -> None:
    styles = dict(opened.execute("SELECT f_table_name, styleQML FROM layer_styles"))
    assert set(styles) == set(FIELDS)
    for name, qml in styles.items():
        root = ElementTree.fromstring(qml)
        renderer = root.find("renderer-v2")
        assert renderer is not None
        if attribute := renderer.get("attr"):
            assert attribute in {field for field, *_ in FIELDS[name]}
        used = {one.get("symbol") for one in renderer.iter() if one.tag in {"range", "category"}}
        known = {one.get("name") for one in renderer.iter("symbol")}
        assert used <= known
        status, body = get(f"/officials/layers/{name}.qml")
        assert (status, body.decode()) == (200, qml)
    told = re.findall(r'category value="(\w+)"', styles["devices"])
    assert told == [one.value for one in Condition]
    assert get("/officials/layers/none.qml")[0] == 404


def test_the_map_page_links_the_file_and_says_how_in_three_lines(get: Get) -> None:
    page = get(f"/officials{QUERY}")[1].decode()
    [link] = re.findall(r'href="(/officials/layers\.gpkg\?[^"]+)"', page)
    assert get(link.replace("&amp;", "&"))[0] == 200
    how = page.split("<details><summary>QGIS")[1].split("</details>")[0]
    assert how.count("<li>") == 3
    assert "/api/devices.geojson" in how


def test_a_wrong_period_is_refused(get: Get) -> None:
    assert get("/officials/layers.gpkg?months=2")[0] == 400


@pytest.mark.real
def test_gdal_reads_the_layers_by_their_address_with_a_token(tmp_path: Path) -> None:
    gateway = build(tmp_path)
    app = service.pages(gateway, dict)
    with serving(app) as (url, _):
        reader = program(gateway, url, scopes=(Scope.DEVICES, Scope.RATES))
        for path in ("/api/devices.geojson", "/api/rates.geojson?days=90"):
            header = {"GDAL_HTTP_HEADERS": f"Authorization: Bearer {reader.secret}"}
            _, fields = schema(f"{url}{path}", **header)
            assert {"id", "name"} <= set(fields)
            with pytest.raises(AssertionError):
                schema(f"{url}{path}", GDAL_HTTP_HEADERS="Authorization: Bearer wrong")
    gateway.store.close()


def test_a_file_without_rows_opens(tmp_path: Path) -> None:
    layer = geopackage.Layer("none", "None", "POINT", (geopackage.Field("x", "REAL"),), [])
    path = tmp_path / "none.gpkg"
    path.write_bytes(geopackage.write([layer], {}, at(0)))
    assert schema(str(path), "none") == ("Point", {"x": "Real"})
    assert features(path, "none") == []

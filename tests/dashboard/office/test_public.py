"""What everybody may see: no site, no small number, nothing fresh, nobody's coming and going."""

import csv
import io
import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from dashboard.analysis.rate import rai
from dashboard.office.map.squares import MeshCell
from dashboard.public import open_data
from gateway.cli import app
from gateway.config.office import Public
from gateway.domain.geo import mesh
from tests.dashboard.office.conftest import Get
from tests.dashboard.office.county import CAMERAS, PIR, TRAPS, County, sighted

PATHS = ("/public", "/public/squares.geojson", "/public/squares.csv")


@pytest.fixture
def county(tmp_path: Path) -> Iterator[County]:
    county = County(tmp_path).settle()
    county.now = datetime(2026, 12, 5, tzinfo=UTC)
    yield county
    county.store.close()


def near(text: str, value: float) -> list[float]:
    """Numbers in a text within 50 m of a coordinate, edges of squares aside."""
    edges = {
        round(edge, 5)
        for code in ("4828763", "4828764", "4928051", "4928052", "4928061")
        for edge in mesh.bounds(code)
    }
    numbers = {float(number) for number in re.findall(r"\d+\.\d+", text)}
    return [one for one in numbers if abs(one - value) < 0.0005 and round(one, 5) not in edges]


def without_coast(page: str) -> str:
    """A page less the coastline in its data, which is public knowledge."""
    head, mark, rest = page.partition('<script type="application/json" id="office"')
    if not mark:
        return page
    data, end, tail = rest.partition("</script>")
    found = json.loads(data.partition(">")[2])
    assert all(one.pop("coast") for one in found["maps"])
    return head + json.dumps(found) + end + tail


def test_the_public_map_contains_no_exact_place_and_no_name(get: Get) -> None:
    for path in PATHS:
        status, body = get(path)
        text = without_coast(body.decode())
        assert status == 200
        for device in (*CAMERAS, PIR, *TRAPS):
            assert device.id not in text
            assert device.name not in text
            assert near(text, device.lat or 0.0) == []
            assert near(text, device.lon or 0.0) == []


def test_all_published_positions_are_corners_of_squares(get: Get) -> None:
    shapes = json.loads(get("/public/squares.geojson")[1])["features"]
    assert shapes
    for shape in shapes:
        south, west, north, east = mesh.bounds(shape["properties"]["mesh5km"])
        corners = {tuple(point) for point in shape["geometry"]["coordinates"][0]}
        assert corners == {(round(x, 5), round(y, 5)) for x in (west, east) for y in (south, north)}


def test_public_squares_are_delayed_and_5_km_wide(county: County, get: Get) -> None:
    sighted(county.store, "cam-0", datetime(2026, 11, 20, tzinfo=UTC), 500)
    found = {
        f["properties"]["mesh5km"]: f["properties"]
        for f in json.loads(get("/public/squares.geojson")[1])["features"]
    }
    assert sum(one["events_at_least"] or 0 for one in found.values()) <= 135 + 45
    for one in found.values():
        assert one["camera_days"] % 10 == 0
        assert one["events_at_least"] is None or one["events_at_least"] % 5 == 0


def cells(n: int, effort: float) -> list[open_data.PublicSquare]:
    code = "4928051"
    return open_data.squares(
        [MeshCell(code, mesh.bounds(code), 1, rai(n, effort))], Public(least=5)
    )


@given(st.integers(0, 60), st.floats(0, 2000))
def test_a_small_number_is_withheld_with_its_rate(n: int, effort: float) -> None:
    [square] = cells(n, effort)
    if 0 < n < 5:
        assert (square.events, square.rate_class) == (None, None)
    else:
        assert square.events is not None
        assert square.events <= n < square.events + 5
    if effort < 30:
        assert square.rate_class is None


@given(st.dates(date(2024, 1, 1), date(2030, 12, 31)), st.integers(7, 400))
def test_the_newest_published_day_is_older_than_the_delay(today: date, delay: int) -> None:
    span = open_data.period(today, Public(delay_days=delay))
    assert span.stop <= today - timedelta(days=delay) or (today - span.stop).days >= delay
    assert (today - span.stop).days <= delay + 31
    assert span.start.day == span.stop.day == 1


def test_people_are_never_published_alone_or_in_a_mixture(county: County, get: Get) -> None:
    sighted(county.store, "cam-0", datetime(2026, 9, 12, tzinfo=UTC), 300, "person")
    wanted = get("/public/squares.csv")[1]
    for species in ("person", "all", ""):
        assert get(f"/public/squares.csv?species={species}")[1] == wanted
    assert 'value="person"' not in get("/public")[1].decode()


def landed(url: str) -> str:
    """Where a stranger ends up who asks for an address, or the error's number."""
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:
            return str(answer.url)
    except urllib.error.HTTPError as error:
        return str(error.code)


def test_without_a_login_it_shows_only_when_the_settings_say_so(tmp_path: Path) -> None:
    for opened in (False, True):
        directory = tmp_path / str(opened)
        directory.mkdir()
        county = County(directory, public_url="http://127.0.0.1").settle()
        county.configure(msgspec.structs.replace(county.config, public=Public(open=opened)))
        with county.served() as url:
            for path in PATHS:
                assert ("/login" in landed(url + path)) is not opened
            for path in ("/officials", "/officials/figures", "/traps"):
                assert "/login" in landed(url + path)
            assert landed(url + "/api/devices.geojson") == "401"
        county.store.close()


def test_the_commands_write_the_same_squares(county: County, tmp_path: Path) -> None:
    config = tmp_path / "c.toml"
    config.write_text(f'[store]\npath = "{county.store.path}"\n', encoding="utf-8")
    for kind in ("geojson", "csv"):
        out = tmp_path / f"squares.{kind}"
        result = CliRunner().invoke(app, ["export", kind, "--out", str(out), "-c", str(config)])
        assert result.exit_code == 0, result.output
    rows = list(csv.DictReader(io.StringIO((tmp_path / "squares.csv").read_text("utf-8-sig"))))
    shapes = json.loads((tmp_path / "squares.geojson").read_bytes())["features"]
    told = [{k: "" if v is None else v for k, v in f["properties"].items()} for f in shapes]
    assert [list(row) for row in rows] == [list(one) for one in told]
    assert [row["mesh5km"] for row in rows] == [one["mesh5km"] for one in told]
    refused = CliRunner().invoke(
        app, ["export", "csv", "--out", "/nowhere/x.csv", "-c", str(config)]
    )
    assert refused.exit_code == 1

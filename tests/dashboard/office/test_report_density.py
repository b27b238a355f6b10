"""The density of people's reports: per km2, inside the municipality, on a scale of its own."""

import json
import struct
import urllib.request
import zlib
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import shapely
from msgspec.structs import replace
from numpy.typing import NDArray

from dashboard.maps.raster import Picture
from dashboard.office import land_files
from dashboard.office.map import report_density
from gateway.config import ConfigError
from gateway.config.office import Office
from gateway.domain.resident_reports import Sighting, SightingKind
from tests.dashboard.office.conftest import Get
from tests.dashboard.office.county import County

ISLAND = shapely.box(128.70, 32.64, 128.80, 32.70)
WEST = shapely.box(128.70, 32.64, 128.75, 32.70)
OCTOBER = date(2026, 10, 4)


def reported(n: int, lat: float, lon: float, kind: SightingKind = SightingKind.DAMAGE) -> Sighting:
    return Sighting(
        id=f"r-{n}", source="市", kind=kind, species="boar", day=OCTOBER, lat=lat, lon=lon
    )


def around(lat: float, lon: float, count: int = 40, spread: float = 0.004) -> list[Sighting]:
    places = np.random.default_rng(3).normal((lat, lon), spread, (count, 2))
    return [reported(n, *place) for n, place in enumerate(places.tolist())]


def classes(picture: Picture) -> NDArray[np.uint8]:
    """The palette indices of a PNG that we wrote."""
    columns, rows = struct.unpack(">II", picture.png[16:24])
    at = picture.png.index(b"IDAT")
    (size,) = struct.unpack(">I", picture.png[at - 4 : at])
    lines = np.frombuffer(zlib.decompress(picture.png[at + 4 : at + 4 + size]), dtype=np.uint8)
    return lines.reshape(rows, columns + 1)[:, 1:]


def at(picture: Picture, lat: float, lon: float) -> int:
    """The class drawn at a place; 0: nothing."""
    drawn = classes(picture)
    row = int((picture.north - lat) / (picture.north - picture.south) * drawn.shape[0])
    column = int((lon - picture.west) / (picture.east - picture.west) * drawn.shape[1])
    return int(drawn[row, column])


def drawn(
    reports: list[Sighting], window: shapely.Polygon, width: float = 800.0
) -> report_density.ReportMap:
    found = report_density.draw(reports, window, width)
    assert found
    return found


def test_density_is_high_at_the_reports_and_absent_far_from_them() -> None:
    found = drawn(around(32.67, 128.74), ISLAND)
    assert at(found.picture, 32.67, 128.74) > at(found.picture, 32.67, 128.757) > 0
    assert at(found.picture, 32.67, 128.775) == 0
    assert (found.used, found.outside) == (40, 0)


def test_nothing_is_drawn_beyond_the_boundary_and_what_lies_there_is_counted() -> None:
    reports = [*around(32.67, 128.744), *around(32.67, 128.76, count=7, spread=0.0005)]
    found = drawn(reports, WEST)
    beyond = sum(not WEST.contains(shapely.Point(one.lon, one.lat)) for one in reports)
    assert (found.used, found.outside) == (47 - beyond, beyond)
    assert at(found.picture, 32.67, 128.7495) > 0
    assert at(found.picture, 32.67, 128.7510) == 0


def test_density_at_the_edge_of_the_window_is_not_underestimated() -> None:
    rng = np.random.default_rng(5)
    places = rng.uniform((32.64, 128.70), (32.70, 128.75), (4_000, 2)).tolist()
    found = drawn([reported(n, *place) for n, place in enumerate(places)], WEST)
    seen = [at(found.picture, lat, 128.7495) for lat in np.linspace(32.645, 32.695, 20).tolist()]
    inner = [at(found.picture, lat, 128.725) for lat in np.linspace(32.645, 32.695, 20).tolist()]
    assert set(seen) == set(inner), "evenly reported, evenly drawn"


@pytest.mark.parametrize(("count", "kind"), [(4, SightingKind.DAMAGE), (40, SightingKind.CAPTURE)])
def test_few_reports_and_captures_make_no_density(count: int, kind: SightingKind) -> None:
    reports = [replace(one, kind=kind) for one in around(32.67, 128.74, count)]
    assert report_density.draw(reports, ISLAND, 800) is None


def test_one_stray_report_changes_neither_the_bandwidth_nor_the_frame() -> None:
    near = around(32.67, 128.74)
    stray = [*near, reported(99, 43.0, 141.3)]
    assert report_density.bandwidth(stray, ISLAND) == report_density.bandwidth(near, ISLAND)
    assert drawn(stray, ISLAND).picture == drawn(near, ISLAND).picture
    assert drawn(stray, ISLAND).outside == 1


def test_the_bandwidth_is_at_least_the_square_of_a_report() -> None:
    assert report_density.bandwidth(around(32.67, 128.74, spread=0.0001), ISLAND) == 500.0
    assert report_density.bandwidth([], ISLAND) == 500.0


def add_reports(county: County, *reports: Sighting) -> None:
    county.store.write_now(lambda tx: tx.sightings.add(reports))


def test_the_page_offers_the_layer_with_its_scale_window_and_caveat(
    county: County, get: Get
) -> None:
    before, _, _ = get("/officials?month=2026-10")[1].decode().partition("<script")
    assert "通報密度：ガウス核" not in before
    add_reports(county, *around(32.67, 128.76))
    page = get("/officials?month=2026-10")[1].decode()
    for text in (
        "陸地の縁で補正",
        "40件を使い、外の0件を除きました",
        "1 km²あたりの通報数",
        "人のいる所",
    ):
        assert text in page
    data = page.partition('id="office"')[2].partition(">")[2].partition("</script>")[0]
    [one] = json.loads(data)["maps"]
    assert set(one["pictures"]) == {"surface", "density"}


def test_two_periods_share_the_bandwidth_of_their_reports(county: County, get: Get) -> None:
    add_reports(
        county, *around(32.67, 128.76), replace(reported(77, 32.69, 128.79), day=date(2025, 10, 4))
    )
    page = get("/officials?month=2026-10&against=year")[1].decode()
    assert page.count("帯域幅") >= 2
    assert "40件を使い" in page, "one report of the year before draws nothing"


def test_the_municipality_is_the_window_where_it_is_set(county: County, tmp_path: Path) -> None:
    name = tmp_path / "boundary.geojson"
    name.write_text(shapely.to_geojson(WEST))
    with pytest.raises(ConfigError, match=r"boundary\.geojson"):
        land_files.read(Office(boundary=(str(name),)))
    shape = {"type": "Feature", "properties": {}, "geometry": json.loads(shapely.to_geojson(WEST))}
    name.write_text(json.dumps(shape))
    county.config = replace(county.config, office=Office(boundary=(str(name),)))
    add_reports(county, *around(32.67, 128.744))
    with county.served() as url:
        page = urllib.request.urlopen(url + "/officials?month=2026-10").read().decode()
    assert "市町村の区域の縁で補正" in page

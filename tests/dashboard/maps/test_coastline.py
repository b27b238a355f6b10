"""The offline coastline around a site."""

import gzip
import json

import pytest
from shapely import get_num_coordinates
from shapely.geometry import Point, box, shape

from dashboard.maps import coastline
from dashboard.maps.bounds import JAPAN, around

FUKUE = around([(32.69, 128.84)])


def test_land_is_land_and_sea_is_sea() -> None:
    shapes = [shape(one["geometry"]) for one in coastline.features(FUKUE)["features"]]
    assert any(one.contains(Point(128.77, 32.69)) for one in shapes), "the middle of Fukue"
    assert not any(one.contains(Point(128.55, 32.45)) for one in shapes), "the open sea"


def test_nothing_leaves_the_box_it_was_asked_for() -> None:
    frame = box(*FUKUE).buffer(1e-6)
    shapes = [shape(one["geometry"]) for one in coastline.features(FUKUE)["features"]]
    assert len(shapes) > 20, "Goto has many islands"
    assert all(frame.contains(one) and one.is_valid for one in shapes)


def test_a_site_box_is_small_and_all_of_japan_still_fits_a_phone() -> None:
    assert len(gzip.compress(coastline.geojson(FUKUE))) < 20_000
    assert len(coastline.geojson(JAPAN)) < 350_000


def test_the_coarse_land_of_the_first_picture_is_a_part_of_its_page() -> None:
    first = coastline.geojson(FUKUE, coastline.COARSE)
    assert len(first) < 32_000
    assert len(gzip.compress(first)) < 7_000


def test_the_coast_is_as_fine_as_its_source() -> None:
    [fukue] = [
        one
        for one in map(shape, (f["geometry"] for f in coastline.features(FUKUE)["features"]))
        if one.contains(Point(128.77, 32.69))
    ]
    metres = fukue.length * 104_000  # of a degree there, about
    assert metres / get_num_coordinates(fukue) < 400, "the source of before: 900 m"
    assert fukue.area * 111.3 * 93.7 == pytest.approx(326, rel=0.05), "square kilometres, by GSI"


def test_a_lake_is_no_land() -> None:
    biwa = Point(136.1, 35.3)
    shapes = [
        shape(one["geometry"]) for one in coastline.features(around([(35.3, 136.1)]))["features"]
    ]
    assert not any(one.contains(biwa) for one in shapes)


def test_the_box_holds_every_point_with_a_margin_and_lies_on_the_grid() -> None:
    west, south, east, north = around([(32.6, 128.6), (33.1, 129.3)])
    assert (west, south, east, north) == (128.0, 32.0, 130.0, 33.5)


def test_without_any_position_the_whole_country_is_shown() -> None:
    assert around([]) == JAPAN


def test_it_is_one_geojson_layer() -> None:
    whole = json.loads(coastline.geojson(FUKUE))
    assert whole["type"] == "FeatureCollection"
    assert {one["geometry"]["type"] for one in whole["features"]} == {"Polygon"}

"""The live map as data: own files only, and nobody's name becomes code."""

import re
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from dashboard.live.device_view import device_views
from dashboard.live.map import live_map
from dashboard.live.snapshot import features
from dashboard.maps import bounds
from dashboard.maps.base_layers import Ground
from dashboard.web import assets
from dashboard.web.i18n import text
from tests.dashboard.client import Client
from tests.dashboard.place import HOSTILE, NOW, TRAPS

LIMITS = bounds.around([(32.69, 128.84)])


def draw(shown: int = len(TRAPS), *, tiles: bool = False, **moved: float) -> dict[str, Any]:
    traps = [replace(one, **moved) for one in TRAPS[:shown]]
    views = features(device_views(traps, {}, NOW))
    return live_map(views, [], LIMITS, text("ja"), ground=Ground(tiles=tiles))


def hosts(drawing: dict[str, Any]) -> set[str]:
    return set(re.findall(r"(?:https?:)?//([a-z0-9.-]+)/", msgspec.json.encode(drawing).decode()))


def test_a_map_without_tiles_names_no_host_but_in_its_attribution() -> None:
    assert hosts(draw()) == {"www.soest.hawaii.edu"}


def test_tiles_are_offered_with_their_credit() -> None:
    drawing = draw(tiles=True)
    assert hosts(drawing) == {"www.soest.hawaii.edu", "cyberjapandata.gsi.go.jp", "maps.gsi.go.jp"}
    assert [one["name"] for one in drawing["tiles"]] == [
        text("ja")("map.gsi_std"),
        text("ja")("map.gsi_pale"),
    ]


@pytest.mark.parametrize("shown", [1, 2])
def test_devices_at_one_place_are_fitted_with_ground_around_them(shown: int) -> None:
    (south, west), (north, east) = draw(shown, lat=32.69, lon=128.84)["frame"]
    assert (south + north, west + east) == pytest.approx((2 * 32.69, 2 * 128.84))
    assert (north - south, east - west) == pytest.approx((0.01, 0.01))


def test_without_devices_the_frame_is_the_place_around_the_centre() -> None:
    west, south, east, north = LIMITS
    assert draw(0)["frame"] == [[south, west], [north, east]]


def test_all_the_page_loads_lies_in_the_static_folder(client: Client) -> None:
    page = client.get("/").text
    loaded = re.findall(r'(?:<script src|<link rel="\w+" href)="([^"?]+)', page)
    assert {"/static/vendor/leaflet/leaflet.js", "/static/vendor/leaflet/leaflet.css"} <= {*loaded}
    assert all((assets.STATIC.parent / path.lstrip("/")).is_file() for path in loaded)


def test_html_in_a_device_name_is_drawn_as_text(client: Client) -> None:
    page = client.get("/").text
    data = page.split('id="map-data"')[1].split(">", 1)[1].split("</script>")[0]
    names = [one["properties"]["name"] for one in msgspec.json.decode(data)["devices"]["features"]]
    assert HOSTILE in names, "the name is there ..."
    for piece in ("<", ">", HOSTILE):
        assert piece not in data, "... but never as markup"

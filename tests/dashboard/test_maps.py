"""The drawn map: own files only, and nobody's name becomes code."""

import re

import pytest
from branca.element import Figure
from folium.elements import JSCSSMixin
from msgspec.structs import replace

from dashboard import assets, coast
from dashboard.condition import sights
from dashboard.look import features
from dashboard.maps import Page, live_map
from dashboard.text import text
from tests.dashboard.place import HOSTILE, NOW, TRAPS

LIMITS = coast.around([(32.69, 128.84)])


def draw(*, tiles: bool = False) -> Page:
    found = features(sights(TRAPS, {}, NOW))
    return live_map(found, [], LIMITS, text("ja"), tiles=tiles)


def hosts(page: Page) -> set[str]:
    everything = " ".join((page.html, page.script, *page.scripts, *page.styles))
    return set(re.findall(r"(?:https?:)?//([a-z0-9.-]+)/", everything))


def test_a_map_without_tiles_names_no_host_but_in_its_attribution() -> None:
    assert hosts(draw()) == {"www.openstreetmap.org"}


def test_a_map_with_tiles_offers_them_switched_off() -> None:
    page = draw(tiles=True)
    assert hosts(page) == {
        "www.openstreetmap.org", "cyberjapandata.gsi.go.jp", "maps.gsi.go.jp"
    }  # fmt: skip
    added = re.findall(r"(tile_layer_\w+)\.addTo", page.script)
    assert len(re.findall(r"L\.tileLayer\(", page.script)) == 2
    assert added == []


def test_all_it_loads_lies_in_the_static_folder() -> None:
    page = draw()
    assert page.scripts == ["/static/vendor/leaflet/leaflet.js"]
    assert page.styles == ["/static/vendor/leaflet/leaflet.css"]
    assets.check()


def test_drawing_changes_nothing_for_other_maps() -> None:
    before = list(JSCSSMixin.default_js)
    draw()
    assert JSCSSMixin.default_js == before
    assert any("cdn" in url for _, url in __import__("folium").Map.default_js)


@pytest.mark.parametrize("shown", [1, 2])
def test_devices_at_one_place_are_fitted_with_ground_around_them(shown: int) -> None:
    traps = [replace(one, lat=32.69, lon=128.84) for one in TRAPS[:shown]]
    page = live_map(features(sights(traps, {}, NOW)), [], LIMITS, text("ja"), tiles=False)
    fitted = re.search(r"fitBounds\(\s*\[\[(.+?), (.+?)\], \[(.+?), (.+?)\]\]", page.script)
    assert fitted
    south, west, north, east = map(float, fitted.groups())
    assert (south + north, west + east) == pytest.approx((2 * 32.69, 2 * 128.84))
    assert (north - south, east - west) == pytest.approx((0.01, 0.01))


def test_no_name_passes_through_folium_which_would_run_it_as_a_template() -> None:
    page = draw()
    names = [one["properties"]["name"] for one in page.data["devices"]["features"]]
    assert HOSTILE in names, "the name is there, as data ..."
    for piece in ("alert", "7*7", "岐宿"):
        assert piece not in page.script, "... and nowhere else"
        assert piece not in page.html


def test_a_plugin_whose_files_we_do_not_have_is_an_error_not_a_leak() -> None:
    class Plugin(JSCSSMixin):
        default_js = [("somebody", "https://cdn.example/x.js")]  # noqa: RUF012
        default_css: list[tuple[str, str]] = []  # noqa: RUF012

    plugin = Plugin()  # type: ignore[no-untyped-call]
    Figure().add_child(plugin)
    with pytest.raises(KeyError, match="somebody"):
        assets.localise(plugin)


def test_missing_files_say_how_to_get_them(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assets, "VENDOR", tmp_path)
    with pytest.raises(assets.MissingAssetsError, match=r"coast\.json\.gz.*npm.*pip install"):
        assets.check()

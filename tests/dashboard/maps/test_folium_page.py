"""Maps drawn by folium: own files only."""

import re

import folium
import pytest
from branca.element import Figure
from folium.elements import JSCSSMixin

from dashboard.maps.base_layers import Ground
from dashboard.maps.bounds import around
from dashboard.maps.folium_page import Page
from dashboard.office.map import hotspot_map
from dashboard.web import assets
from dashboard.web.i18n import text


def draw(*, tiles: bool = False) -> Page:
    return hotspot_map.draw([], {}, around([(32.69, 128.84)]), text("ja"), Ground(tiles=tiles))


def test_tiles_are_offered_switched_off() -> None:
    script = draw(tiles=True).script
    added = re.findall(r"(tile_layer_\w+)\.addTo", script)
    assert len(re.findall(r"L\.tileLayer\(", script)) == 2
    assert added == []


def test_all_it_loads_lies_in_the_static_folder() -> None:
    page = draw()
    assert page.scripts == ["/static/vendor/leaflet/leaflet.js", "/static/basemap.js"]
    assert page.styles == ["/static/vendor/leaflet/leaflet.css"]
    assets.check()


def test_drawing_changes_nothing_for_other_maps() -> None:
    before = list(JSCSSMixin.default_js)
    draw()
    assert JSCSSMixin.default_js == before
    assert any("cdn" in url for _, url in folium.Map.default_js)


def test_a_plugin_without_local_files_is_an_error_and_never_loaded_from_elsewhere() -> None:
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

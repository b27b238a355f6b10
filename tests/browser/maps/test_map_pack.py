"""A map pack made from a small island that does not exist: shown on live, office, phone and file, offline."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from typer.testing import CliRunner

from gateway.cli import app
from tests.browser.conftest import SIZES, watched
from tests.browser.phone.rig import PhonePlace, log_in, phone, taken_along
from tests.dashboard.maps.pack import island
from tests.dashboard.office.county import County
from tests.support.servers import wait_for

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The island's pack, made by the command."""
    folder = tmp_path_factory.mktemp("island")
    out = folder / "map.zip"
    options = ["--out", str(out), "--credit", island.CREDIT, *island.files(folder)]
    made = CliRunner().invoke(app, ["map", "pack", *options])
    assert made.exit_code == 0, made.output
    return out


@pytest.fixture
def county(tmp_path: Path, pack: Path) -> County:
    """A municipality on the island."""
    return County(tmp_path, map_pack=str(pack)).settle()


def names(page: Page) -> list[str]:
    """The names that the map shows."""
    return page.locator(".place span").all_inner_texts()


def drawn(page: Page) -> None:
    """Wait for the pack's tiles."""
    page.wait_for_selector("[data-pack]:not([data-pack$=' 0']):not([data-pack=failed])")


@pytest.mark.parametrize("size", SIZES)
def test_live_and_officials_maps_show_its_names_and_lines(
    browser: Browser, county: County, size: str
) -> None:
    with county.served() as url:
        pages = watched(browser, SIZES[size])
        page = next(pages)
        for path, mark in (("/", "canvas"), ("/officials?month=2026-10", "path")):
            page.goto(url + path)
            drawn(page)
            expect(page.locator(".place span", has_text=island.HAMLET)).to_be_visible()
            assert page.locator(f".leaflet-pack-pane {mark}").count() > 0
            expect(page.get_by_text(island.CREDIT)).to_be_visible()
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert next(pages, None) is None
    county.store.close()


def test_from_near_it_shows_the_field_road_and_from_afar_the_town(
    browser: Browser, county: County
) -> None:
    with county.served() as url:
        pages = watched(browser, SIZES["desktop"])
        page = next(pages)
        page.goto(f"{url}/officials?month=2026-10")
        drawn(page)
        view = "(zoom) => Officials.started[0].map.setView([32.671, 128.753], zoom, { animate: false })"
        for zoom, shown, hidden in (
            (16, "林道みほん線", island.TOWN),
            (10, island.TOWN, "林道みほん線"),
        ):
            page.evaluate(view, zoom)
            expect(page.locator(".place span", has_text=shown)).to_be_visible()
            expect(page.locator(".place span", has_text=hidden)).to_have_count(0)
        page.evaluate(
            "() => Officials.started[0].map.setView([33.5, 130.5], 14, { animate: false })"
        )
        page.wait_for_selector("[data-pack$=' 0']")
        assert names(page) == [], "away from the site nothing is held"
        assert next(pages, None) is None
    county.store.close()


def test_the_phone_has_it_without_signal(browser: Browser, tmp_path: Path, pack: Path) -> None:
    place = PhonePlace(tmp_path, map_pack=str(pack))
    profile = tmp_path / "profile"
    with place.served() as url, phone(browser, profile) as page:
        log_in(page, url, "hana")
        taken_along(page)
        kept = "async () => (await (await caches.open('maps')).keys()).length > 2"
        wait_for(lambda: page.evaluate(kept), "the tiles on the phone")
    with phone(browser, profile) as page:  # the gateway is out of reach
        page.goto(url)
        page.wait_for_selector("body[data-map=ready]")
        drawn(page)
        expect(page.locator(".place span", has_text=island.PASS)).to_be_visible()
    place.store.close()


def test_the_offline_file_has_it_inside(browser: Browser, county: County, tmp_path: Path) -> None:
    config, out = tmp_path / "config.toml", tmp_path / "map.html"
    config.write_text(
        f'[store]\npath = "{county.store.path}"\n'
        f'[dashboard]\nmap_pack = "{county.config.dashboard.map_pack}"\n'
    )
    options = ["--out", str(out), "-c", str(config), "--month", "2026-10"]
    assert CliRunner().invoke(app, ["map", *options]).exit_code == 0
    county.store.close()
    pages = watched(browser, SIZES["desktop"])
    page = next(pages)
    page.context.set_offline(True)
    page.goto(out.as_uri())
    drawn(page)
    expect(page.locator(".place span", has_text=island.HAMLET)).to_be_visible()
    assert next(pages, None) is None

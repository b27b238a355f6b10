"""The map as one file in real Chromium, without any network."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import watched
from tests.dashboard.office.county import County
from tests.dashboard.office.test_offline_file import written

pytestmark = pytest.mark.real


def test_it_opens_from_a_folder_without_any_request(tmp_path: Path, browser: Browser) -> None:
    county = County(tmp_path).settle()
    out = written(county, tmp_path, "--month", "2026-10", "--against", "year")
    pages = watched(browser, {"width": 1280, "height": 800})
    page = next(pages)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.context.set_offline(True)
    page.goto(out.as_uri())
    page.wait_for_selector("body[data-maps='2']")
    assert page.locator("img.leaflet-image-layer").count() == 2
    assert page.locator(".folium-map canvas, .folium-map path").count() > 18
    assert {url for url in asked if not url.startswith("data:")} == {out.as_uri()}
    assert next(pages, None) is None
    county.store.close()

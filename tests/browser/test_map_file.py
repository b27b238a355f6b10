"""The map as one file in real Chromium, offline: it opens and asks nobody for anything."""

from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.dashboard.office.county import County
from tests.dashboard.office.test_offline_file import written

pytestmark = pytest.mark.real


def test_it_opens_from_a_folder_without_any_request(desktop: Page, tmp_path: Path) -> None:
    county = County(tmp_path).settle()
    out = written(county, tmp_path, "--month", "2026-10", "--against", "year")
    county.store.close()
    asked: list[str] = []
    desktop.on("request", lambda request: asked.append(request.url))
    desktop.context.set_offline(True)
    desktop.goto(out.as_uri())
    desktop.wait_for_selector("body[data-maps='2']")
    assert desktop.locator("img.leaflet-image-layer").count() == 2
    assert desktop.locator(".folium-map path").count() > 18
    assert {url for url in asked if not url.startswith("data:")} == {out.as_uri()}

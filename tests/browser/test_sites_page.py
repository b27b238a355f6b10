"""Sites proposed for traps in real Chromium: dragged, and pushed by the keyboard."""

from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.dashboard.office.county import County
from tests.dashboard.office.test_sites import QUERY

pytestmark = pytest.mark.real


def test_dragging_a_site_and_pushing_it_by_keyboard_show_the_loss(
    tmp_path: Path, desktop: Page
) -> None:
    county = County(tmp_path).settle()
    with county.served() as url:
        desktop.goto(f"{url}/officials/sites?{QUERY}")
        desktop.wait_for_selector("body[data-maps='1']")
        found = desktop.locator("#sites output").first
        desktop.locator(".site").first.scroll_into_view_if_needed()
        box = desktop.locator(".site").first.bounding_box()
        assert box
        desktop.mouse.move(box["x"] + 15, box["y"] + 15)
        desktop.mouse.down()
        desktop.mouse.move(box["x"] + 200, box["y"] - 120, steps=5)
        desktop.mouse.up()
        desktop.locator('#sites output:has-text("％")').first.wait_for()
        assert "減ります" in found.inner_text()
        desktop.locator("#sites button[data-way=back]").first.press("Enter")
        assert found.inner_text() == ""
        desktop.locator("#sites button[data-way=north]").first.press("Enter")
        desktop.locator('#sites output:has-text("％")').first.wait_for()
    county.store.close()

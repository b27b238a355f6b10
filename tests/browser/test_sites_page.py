"""Sites proposed for traps in real Chromium: dragged, and pushed by the keyboard."""

from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.dashboard.office.county import County
from tests.dashboard.office.siting.test_sites import QUERY

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


def test_the_page_says_what_is_expected_and_what_nobody_knows_in_both_sizes(
    tmp_path: Path, page: Page
) -> None:
    county = County(tmp_path).settle()
    with county.served() as url:
        page.goto(f"{url}/officials/sites?{QUERY}")
        page.wait_for_selector("body[data-maps='1']")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert "95％の範囲" in page.locator("main").inner_text()
        assert page.locator("#missing + ul li").count() == 4
        assert page.locator(".scale").nth(1).locator("li").count() == 5
        layers = page.evaluate("Object.keys(Officials.started[0].layers)")
        assert {"surface", "unsure", "sensors", "traps", "sites"} <= set(layers)
        for kind in ("pdf", "gpx", "csv"):
            with page.expect_download() as saved:
                page.locator(f"a[href^='/officials/sites.{kind}']").click()
            assert saved.value.suggested_filename.endswith(f".{kind}")
        page.goto(f"{url}/officials/sites/kept")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert page.get_by_text("残した計画はまだありません").count() == 1
    county.store.close()

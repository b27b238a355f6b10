"""The visit book on a phone and on paper: what was walked is there after the walk."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.field.test_my_traps import SIDEWAYS, SMALL
from tests.browser.field.test_patrol import STOPS
from tests.browser.field.valley import Valley, log_in, phone
from tests.browser.test_keyboard import check
from tests.browser.test_live_page import CONTRAST
from tests.support.servers import need, wait_for

pytestmark = pytest.mark.real


@pytest.fixture
def valley(tmp_path: Path) -> Iterator[Valley]:
    made = Valley(tmp_path, STOPS[:4])
    yield made
    made.store.close()


def test_a_visit_of_the_patrol_stands_in_the_book_and_in_its_pdf(
    browser: Browser, valley: Valley
) -> None:
    with valley.served() as url, phone(browser) as (context, page):
        log_in(page, url)
        page.get_by_role("link", name="今日の見回り").click()
        page.locator("[data-device=own-02]").get_by_role("button", name="見回りした").click()
        expect(page.locator("#patrol-done [data-device=own-02]")).to_have_count(1)
        wait_for(lambda: valley.store.read_now(lambda reader: reader.acts()), "the visit")
        page.get_by_role("link", name="見回り簿").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("見回り簿 2026-11")
        expect(page.locator(".calm")).to_contain_text(
            "センサーの通知（遠隔確認）は見回りではありません"
        )
        page.get_by_role("link", name="尾根 2号").click()
        row = page.locator("table.days tbody tr", has_text="11/23")
        expect(row).to_contain_text(re.compile("見回り(12:59|13:00)tanaka見回りした手で記録"))
        expect(page.locator("table.days tbody tr", has_text="11/22")).to_contain_text("見回りなし")
        address = page.get_by_role("link", name="PDF").get_attribute("href")
        pdf = context.request.get(f"{url}{address}").body()
        program = need(shutil.which("pdftotext"), "pdftotext")
        told = subprocess.run([program, "-layout", "-", "-"], input=pdf, capture_output=True)
        lines = [re.sub(r"\s", "", line) for line in told.stdout.decode().splitlines()]
        assert any(
            re.fullmatch("11/23月見回り(12:59|13:00)tanaka見回りした手で記録", s) for s in lines
        )


@pytest.mark.long
def test_the_book_is_for_thumbs_small_screens_and_the_dark(
    browser: Browser, valley: Valley
) -> None:
    with valley.served() as url:
        for options in ({}, {"viewport": {"width": 320, "height": 640}}, {"color_scheme": "dark"}):
            with phone(browser, **options) as (_, page):
                log_in(page, url)
                page.goto(f"{url}/visits")
                assert page.evaluate(SIDEWAYS) == 0
                assert page.evaluate(SMALL) == []
                ratio, words = page.evaluate(CONTRAST)
                assert ratio >= 4.5, words
                assert check(page) > 8

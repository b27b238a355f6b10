"""The installer's page in a real browser, on a phone and a desktop."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from dashboard.web.entry.passwords import hasher
from gateway.domain.people.person import UserRole
from tests.browser.test_live_page import CONTRAST
from tests.dashboard.arriving import EUI, Arriving
from tests.support.people import login


@pytest.fixture
def arriving_url(tmp_path: Path) -> Iterator[str]:
    place = Arriving(tmp_path).settle()
    place.demo_account = login("hana", UserRole.OFFICIAL, hasher.hash("secret-word"))
    with place.served() as url:
        yield url
    place.store.close()


def test_after_approval_the_held_messages_of_a_device_count(page: Page, arriving_url: str) -> None:
    page.goto(f"{arriving_url}/login?next=/pending")
    page.fill("input[name=name]", "hana")
    page.fill("input[name=password]", "secret-word")
    page.click("main button[type=submit]")
    page.wait_for_url(f"{arriving_url}/pending")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    ratio, words = page.evaluate(CONTRAST)
    assert ratio >= 4.5, words
    form = page.get_by_role("region", name=EUI)
    expect(form.get_by_label("型")).to_have_value("milesight-ws301")
    form.get_by_label("名前").fill("三井楽の沢 7号")
    form.get_by_role("button", name="承認する").click()
    expect(page.get_by_role("status")).to_contain_text("2 件を読みました")
    expect(page.get_by_role("row", name="三井楽の沢 7号")).to_contain_text("-112 dBm")
    page.get_by_role("button", name="すべて読み直す").click()
    expect(page.get_by_role("status")).to_contain_text("2 通を読み直し")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

"""The town's page of agreements in a real browser: a small phone, a desktop, the keyboard."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from gateway import app as service
from tests.browser.conftest import BOTH, watched
from tests.browser.people.accessible import faults
from tests.browser.region.test_region_pages import SMALL, shot
from tests.dashboard.place import NOW, serving
from tests.dashboard.rights.house import PASSWORD, build
from tests.support.samples import TOKYO

pytestmark = pytest.mark.real

TODAY = NOW.astimezone(TOKYO).date()


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A town of a region."""
    made = build(tmp_path_factory.mktemp("town"), region={"town": "goto"})
    with serving(service.pages(made, dict)) as (address, _):
        yield address
    made.store.close()


@pytest.fixture(params=BOTH)
def page(browser: Browser, url: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page in both sizes, for an official of the town."""
    for page in watched(browser, SMALL[request.param]):
        page.goto(f"{url}/login?next=/people")
        page.get_by_label("名前").fill("a-official")
        page.get_by_label("パスワード").fill(PASSWORD)
        page.get_by_role("button", name="入る").click()
        page.get_by_role("link", name="地域への提供の取り決め").click()
        yield page


def test_an_official_agrees_and_revokes_with_what_a_phone_shows(page: Page) -> None:
    expect(page.locator("h1")).to_have_text("地域への提供の取り決め")
    assert faults(page) == {}
    page.get_by_label("渡す相手の組織").fill("nagasaki-pref")
    expect(page.get_by_label("5 km の区画")).to_be_checked()
    page.get_by_label("1 km の区画").check()
    page.get_by_label("終わりの日").fill(f"{TODAY + timedelta(days=30)}")
    page.get_by_role("button", name="取り決める").click()
    expect(page.get_by_role("status").first).to_have_text("取り決めました。")
    expect(page.locator("main")).to_contain_text("1 km の区画まで。")
    assert faults(page) == {}
    shot(page, "town-agreements")
    page.get_by_role("button", name="取り消す nagasaki-pref").first.click()
    expect(page.locator("main")).to_contain_text("出ません。")
    expect(page.locator("table")).to_contain_text("取り消し")


def test_the_browser_itself_refuses_a_day_before_today(page: Page) -> None:
    page.get_by_label("渡す相手の組織").fill("nagasaki-pref")
    page.get_by_label("始まりの日").fill(f"{TODAY - timedelta(days=1)}")
    page.get_by_role("button", name="取り決める").click()
    assert page.evaluate("document.querySelector('[name=from_day]').validity.rangeUnderflow")

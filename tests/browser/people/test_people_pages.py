"""The pages of people, tokens and sessions in a real browser: a small phone, a desktop, the keyboard."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from dashboard.trapper.phone.offline_pages import OfflinePages
from dashboard.trapper.trap_page import TrapPage
from dashboard.web.entry.passwords import hasher
from dashboard.web.responses import Reply
from gateway.alerts.policy import Policy
from gateway.domain.people.person import Person, UserRole
from tests.browser.conftest import BOTH, SIZES, watched
from tests.browser.people.accessible import faults
from tests.browser.test_keyboard import check
from tests.dashboard.place import Place
from tests.support.people import keep, login

pytestmark = pytest.mark.real

PASSWORD = "あかるい猪垣 2026"
LONG = "とても長い名前の鳥獣被害対策実施隊 第二班 代理" * 2
SMALL: dict[str, ViewportSize] = {
    "phone": {"width": 360, "height": 800},
    "desktop": SIZES["desktop"],
}
PAGES = (
    "/people",
    "/people/new",
    "/people/of/hanaoka",
    "/people/of/boss",
    "/tokens",
    "/account",
    "/sign-in",
)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A town with an administrator, a trapper of an earlier version and long names."""
    place = Place(tmp_path_factory.mktemp("people"), host="0.0.0.0").settle()
    keep(
        place.store,
        login("boss", UserRole.ADMIN, hasher.hash(PASSWORD)),
        Person(name="hanaoka", title="花岡さん", role=UserRole.TRAPPER),
        Person(name=LONG[:64], title=LONG[:64], role=UserRole.DEPUTY, places=("岐宿", "no-such")),
        Person(name="kumiai", role=UserRole.VIEWER, groups=("第一班", "第二班")),
    )
    pages = TrapPage(
        place.store, place.feed, Reply(place.config), Policy(place.config, ()), place.clock
    )
    place.more = [*pages.routes(), *OfflinePages(place.store, pages.show).routes()]
    with place.served() as address:
        yield address
    place.store.close()


@pytest.fixture(params=BOTH)
def page(browser: Browser, url: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The administrator's page in both sizes."""
    pages = watched(browser, SMALL[request.param])
    page = next(pages)
    page.goto(f"{url}/login?next=/people")
    page.fill("input[name=name]", "boss")
    page.fill("input[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{url}/people")
    yield page
    next(pages, None)


@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_page_is_accessible_and_fits_the_screen(page: Page, url: str, language: str) -> None:
    for path in PAGES:
        page.goto(f"{url}{path}?lang={language}")
        assert faults(page) == {}, path


def test_every_control_is_reached_by_keyboard(page: Page, url: str) -> None:
    for path in PAGES:
        page.goto(f"{url}{path}")
        assert check(page) >= 8, path


def test_a_person_is_added_and_a_token_given_by_keyboard_alone(page: Page, url: str) -> None:
    size = page.viewport_size
    name = f"yamada-{size['width'] if size else 0}"
    page.goto(f"{url}/people/new")
    page.get_by_label("名前", exact=True).focus()
    page.keyboard.type(name)
    page.get_by_label("役割").select_option("trapper")
    page.get_by_label("担当の区域・わな", exact=True).fill("岐宿")
    page.get_by_role("button", name="保存する").press("Enter")
    expect(page.get_by_role("status")).to_be_visible()
    expect(page.get_by_role("row", name=name)).to_contain_text("岐宿")

    page.goto(f"{url}/tokens")
    page.get_by_label("プログラムの名前").fill(f"qgis-{name}")
    page.get_by_label("機器", exact=True).press("Space")
    page.get_by_role("button", name="作る").press("Enter")
    secret = page.locator(".secret").inner_text()
    assert secret.startswith("shishigaki_")
    assert faults(page) == {}
    page.goto(f"{url}/tokens")
    assert secret not in page.content()
    row = page.get_by_role("row", name=f"qgis-{name}")
    row.get_by_role("button").press("Enter")
    expect(page.get_by_role("status")).to_contain_text("取り消しました")
    expect(row).to_contain_text("取り消し")


@pytest.mark.parametrize(
    ("spoil", "rule"),
    [
        (
            "[...document.querySelectorAll('main label')].map(one => one.replaceWith(...one.children))",
            "nameless",
        ),
        (
            "document.querySelector('main button').style.cssText = 'all: unset; height: 12px'",
            "small",
        ),
        ("document.querySelector('main h1').remove()", "titles"),
        ("document.querySelector('main').style.width = '2000px'", "wide"),
    ],
)
def test_control_what_is_not_accessible_is_found(
    page: Page, url: str, spoil: str, rule: str
) -> None:
    page.goto(f"{url}/people/new")
    page.evaluate(spoil)
    assert rule in faults(page)

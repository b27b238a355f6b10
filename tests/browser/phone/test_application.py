"""The installable application: a new version replaces the old one, nobody sees another person's pages."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from dashboard.trapper.phone import worker
from dashboard.web import assets
from dashboard.web.browser import versions
from tests.browser.phone.rig import (
    PhonePlace,
    log_in,
    log_out,
    phone,
    prepared,
    record,
    taken_along,
)
from tests.support.servers import wait_for

pytestmark = pytest.mark.real

KEPT = """async () => {
  const found = {};
  for (const name of await caches.keys()) {
    found[name] = (await (await caches.open(name)).keys()).map((one) => one.url);
  }
  return found;
}"""
INSTALLABLE = """async () => {
  const told = await (await fetch(document.querySelector("link[rel=manifest]").href)).json();
  const pictures = await Promise.all(told.icons.map(async (icon) => {
    const picture = await createImageBitmap(await (await fetch(icon.src)).blob());
    return `${picture.width}x${picture.height}` === icon.sizes;
  }));
  const { scope } = await navigator.serviceWorker.ready;
  return { start: told.start_url, display: told.display, pictures, scope };
}"""


@pytest.fixture
def place(tmp_path: Path) -> Iterator[PhonePlace]:
    place = PhonePlace(tmp_path)
    yield place
    place.store.close()


def kept(page: Page) -> dict[str, list[str]]:
    """What the service worker keeps, by the name of the store."""
    found: dict[str, list[str]] = page.evaluate(KEPT)
    return found


def test_the_manifest_names_the_start_and_pictures_of_the_stated_size(
    browser: Browser, place: PhonePlace, tmp_path: Path
) -> None:
    with place.served() as url, phone(browser, tmp_path / "profile") as page:
        log_in(page, url, "hana")
        found = page.evaluate(INSTALLABLE)
        assert found == {
            "start": "/traps",
            "display": "standalone",
            "pictures": [True, True, True],
            "scope": f"{url}/",
        }


def is_gone(page: Page, files: str) -> bool:
    """Whether the browser dropped a version's files; it looks for a new version as at each visit."""
    page.evaluate("navigator.serviceWorker.ready.then((one) => one.update()).catch(() => null)")
    return files not in kept(page)


@pytest.mark.long
def test_a_new_version_of_the_program_replaces_the_old_one_and_what_it_had_kept(
    browser: Browser, place: PhonePlace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile, static = tmp_path / "profile", tmp_path / "static"
    with place.served() as url, phone(browser, profile) as page:
        log_in(page, url, "hana")
        taken_along(page)
        [before] = [name for name in kept(page) if name.startswith("files-")]
    upgrade(static, monkeypatch)
    with place.served(int(url.rsplit(":", 1)[1])), phone(browser, profile) as page:
        page.goto(f"{url}/traps")
        expect(page.locator("body")).to_have_css("outline-color", "rgb(1, 2, 3)")  # no old style
        wait_for(lambda: is_gone(page, before), "the files of the old version to go")
        [name] = [name for name in kept(page) if name.startswith("files-")]
        assert name != before
    with phone(browser, profile) as page:  # without signal: the new style, under the new address
        page.goto(f"{url}/traps")
        expect(page.locator("body")).to_have_css("outline-color", "rgb(1, 2, 3)")
    worker.script.cache_clear()
    versions.version_of.cache_clear()


def upgrade(static: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another version of the browser's files."""
    shutil.copytree(assets.STATIC, static)
    style = (assets.STATIC / "app.css").read_text(encoding="utf-8")
    (static / "app.css").write_text(style + "body { outline-color: rgb(1, 2, 3) !important; }")
    monkeypatch.setattr(assets, "STATIC", static)
    worker.script.cache_clear()
    versions.version_of.cache_clear()


def test_nobody_sees_the_pages_of_whoever_used_the_phone_before(
    browser: Browser, place: PhonePlace, tmp_path: Path
) -> None:
    profile = tmp_path / "profile"
    with place.served() as url, phone(browser, profile) as page:
        log_in(page, url, "hana")
        taken_along(page)
        assert "pages-hana" in kept(page), "the control"
        page.context.clear_cookies()
        log_in(page, url, "ken")
        wait_for(lambda: "pages-hana" not in kept(page), "the other person's pages to go")
        log_out(page)
        assert [name for name in kept(page) if name.startswith("pages-")] == []
    with phone(browser, profile) as page:
        page.goto(f"{url}/traps")
        expect(page.locator("h1")).to_contain_text("圏外です")
        expect(page.locator("body")).not_to_contain_text("岐宿の沢")


@pytest.mark.long
def test_a_log_out_without_signal_hides_everything_and_ends_the_session_with_the_next_signal(
    browser: Browser, place: PhonePlace, tmp_path: Path
) -> None:
    profile = tmp_path / "profile"
    url = prepared(place, browser, profile)
    with phone(browser, profile) as page:
        record(page, url, "trap-1", "captured")
        page.locator("form[action='/logout'] button").click()
        expect(page.locator("h1")).to_contain_text("圏外です")
        page.goto(f"{url}/traps")
        expect(page.locator("body")).not_to_contain_text("岐宿の沢")
    with place.served(int(url.rsplit(":", 1)[1])), phone(browser, profile) as page:
        page.goto(f"{url}/traps")
        page.wait_for_url(re.compile("/login"))
        assert place.acts() == []
        log_in(page, url, "hana")
        wait_for(place.acts, "the act that waited for its person")


@pytest.mark.long
def test_a_form_that_needs_signal_says_that_it_may_not_have_arrived(
    browser: Browser, place: PhonePlace, tmp_path: Path
) -> None:
    profile = tmp_path / "profile"
    url = prepared(place, browser, profile)
    with phone(browser, profile) as page:
        page.goto(f"{url}/traps/trap-1")
        page.evaluate(
            "() => { const form = document.querySelector('form[action=\"/logout\"]');"
            " form.action = '/account/sessions'; form.requestSubmit(); }"
        )
        expect(page.locator("h1")).to_contain_text("圏外です")
        expect(page.locator("main")).to_contain_text("確かめてください")


@pytest.mark.long
def test_a_page_of_a_trap_that_hears_nothing_says_how_old_it_is(
    browser: Browser, place: PhonePlace, tmp_path: Path
) -> None:
    with phone(browser, tmp_path / "profile") as page:
        with place.served() as url:
            log_in(page, url, "hana")
            page.clock.install()
            page.goto(f"{url}/traps/trap-1")
            page.clock.run_for(34_000)
            expect(page.locator("#age")).to_be_hidden()
            page.clock.run_for(60_000)
            expect(page.locator("#age")).to_be_hidden()  # the control: it hears the gateway
        page.clock.run_for(36_000)
        expect(page.locator("#age")).to_contain_text("古い表示")


@pytest.mark.long
def test_without_a_secure_context_the_page_says_why_and_its_forms_work(
    browser: Browser, place: PhonePlace, tmp_path: Path
) -> None:
    with place.served() as url, phone(browser, tmp_path / "profile") as page:
        page.add_init_script("Object.defineProperty(window, 'isSecureContext', { value: false })")
        log_in(page, url, "hana")
        expect(page.locator("#phone-plain")).to_be_visible()
        page.goto(f"{url}/phone")
        expect(page.locator("#facts")).to_contain_text("https")
        record(page, url, "trap-1", "captured")
        expect(page.locator(".tap-said")).to_contain_text("記録しました")
        assert [act.through for act in place.acts()] == ["page"]
        assert kept(page) == {}

"""Behind nginx and Caddy with TLS, as INSTALL.md says: people use the pages in a real browser."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from gateway.parts import links
from tests.browser.conftest import FLAGS, chromium
from tests.dashboard.rights.house import PASSWORD
from tests.faults.proxies.fronts import NAME
from tests.faults.proxies.test_fronts import Site
from tests.faults.proxies.test_fronts import site as site  # the same fixture for both folders

pytestmark = pytest.mark.real


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of a browser that knows where the public name is."""
    own = browser.browser_type.launch(
        executable_path=chromium(),
        args=[*FLAGS, f"--host-resolver-rules=MAP {NAME} 127.0.0.1"],
    )
    # The certificate is of our own making; whether it fits the name is tested beside the recipes.
    context = own.new_context(ignore_https_errors=True, locale="ja-JP")
    yield context.new_page()
    own.close()


@pytest.mark.long
def test_a_person_logs_in_sees_changes_and_downloads(site: Site, page: Page) -> None:
    page.goto(f"{site.front.url}/traps")
    assert page.url.startswith(f"{site.front.url}/login"), "nobody reads without a login"
    page.fill("input[name=name]", "a-official")
    page.fill("input[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{site.front.url}/traps")
    expect(page.get_by_text("受信中")).to_be_visible()  # the stream of changes arrives
    with page.expect_download() as download:
        page.evaluate("location.href = '/officials/papers.zip'")
    assert download.value.suggested_filename.endswith(".zip")


@pytest.mark.long
def test_a_one_tap_link_is_answered(site: Site, page: Page) -> None:
    reader = site.gateway.store.read_now
    alert = next(one for one in reader(lambda r: r.open_alerts()) if one.subject == "trap-own")
    page.goto(links(site.gateway).url(alert.id, "a-trapper", site.gateway.clock()))
    page.get_by_role("button", name="着きます").first.click()
    expect(page.locator("[role=status]").first).to_be_visible()
    answered = reader(lambda r: r.alert(alert.id))
    assert answered is not None
    assert answered.acknowledged_by == "a-trapper"

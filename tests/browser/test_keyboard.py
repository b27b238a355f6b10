"""Every page by keyboard alone: Tab reaches every control with a visible focus; keys move the map."""

import math
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from dashboard.live import updates
from dashboard.trapper.phone.offline_pages import OfflinePages
from dashboard.trapper.trap_page import TrapPage
from dashboard.web.entry.passwords import hasher
from dashboard.web.responses import Reply
from gateway.alerts.policy import Policy
from gateway.domain.model import Kind
from gateway.domain.people.person import UserRole
from tests.browser.keys import switch_on
from tests.dashboard.office.county import County
from tests.dashboard.office.siting.test_sites import QUERY
from tests.dashboard.place import ago, reading
from tests.support.people import login
from tests.support.servers import wait_for

pytestmark = pytest.mark.real

MAPS = {
    "/officials?month=2026-10": 1,
    "/officials?month=2026-10&against=year": 2,
    f"/officials/sites?{QUERY}": 1,
    "/officials/sheet?month=2026-10": 1,
    "/public": 1,
}
PAGES = (
    *MAPS,
    "/",
    "/traps",
    "/traps/trap-1",
    "/pending",
    "/officials/figures?month=2026-10",
    "/officials/papers?month=2026-10",
)

# Numbers every control that can be seen, what stands in an opened <details> too; from then on notes at each
# key's release where the focus is. (To ask after every key would take twice the time.)
NUMBER = """() => {
    for (const part of document.querySelectorAll("details")) part.open = true;
    const controls = document.querySelectorAll(
        "a[href], button, select, textarea, summary, input:not([type=hidden]), [tabindex='0']");
    // Radio buttons of one name are one stop: the chosen one, else the first; arrow keys reach the others.
    const stop = (one) => one.type !== "radio" || one === (one.form.querySelector(
        `input[name="${one.name}"]:checked`) || one.form.querySelector(`input[name="${one.name}"]`));
    const seen = [...controls].filter((one) => !one.disabled && stop(one)
        && (one.checkVisibility({ visibilityProperty: true }) || one.matches(".skip")));
    window.stops = {};
    document.addEventListener("keyup", () => {
        const one = document.activeElement;
        if (one.dataset.no === undefined) return;
        const drawn = one.type === "radio" ? one.nextElementSibling : one; // what is seen of it
        const style = getComputedStyle(drawn), box = one.getBoundingClientRect();
        window.stops[one.dataset.no] = {
            ring: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
            seen: box.right > 0 && box.bottom > 0 && box.left < innerWidth && box.top < innerHeight,
        };
    }, true);
    return seen.map((one, no) => { one.dataset.no = no; return one.outerHTML.slice(0, 160); });
}"""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A municipality with a sprung trap, an unknown device, and one official who may log in.

    Its time does not advance: an update of the page would remove the numbers from the controls.
    """
    county = County(tmp_path_factory.mktemp("county")).settle()
    county.demo_account = login("office", UserRole.ADMIN, hasher.hash("secret-word"))
    policy = Policy(county.config, ())
    trap = TrapPage(county.store, county.feed, Reply(county.config), policy, county.clock)
    county.more = [*trap.routes(), *OfflinePages(county.store, trap.show).routes()]
    county.hear(
        reading("trap-1", Kind.SPRUNG, ago(hours=5)), reading("stranger", Kind.JOIN, ago(hours=1))
    )
    with pytest.MonkeyPatch.context() as patch, county.served() as address:
        patch.setattr(updates, "MAX_AGE_S", math.inf)
        yield address
    county.store.close()


def opened(page: Page, url: str) -> None:
    """A page with its maps drawn."""
    answer = page.goto(url)
    assert answer
    assert answer.ok, url
    maps = next((n for path, n in MAPS.items() if url.endswith(path)), 0)
    if maps:
        page.wait_for_selector(f"body[data-maps='{maps}']")
    elif url.endswith("/"):
        page.wait_for_selector("body[data-coast=drawn]")


def log_in(page: Page, url: str) -> None:
    page.goto(f"{url}/login")
    page.locator("input[name=name]").focus()
    page.keyboard.type("office")
    page.keyboard.press("Tab")
    page.keyboard.type("secret-word")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{url}/")


def walk(page: Page, controls: int) -> dict[int, dict[str, bool]]:
    """Press Tab until every control was reached; some stops, such as the map, are no controls."""
    found: dict[str, dict[str, bool]] = {}
    for steps in (controls, 10, 10, 20):
        for _ in range(steps):
            page.keyboard.press("Tab")
        found = page.evaluate("window.stops")
        if len(found) == controls:
            break
    return {int(no): stop for no, stop in found.items()}


def check(page: Page) -> int:
    """Every control gets the focus, is visible and has a focus ring; returns the number of controls."""
    controls = page.evaluate(NUMBER)
    reached = walk(page, len(controls))
    assert [html for no, html in enumerate(controls) if no not in reached] == []
    assert [controls[no] for no, stop in reached.items() if not stop["ring"]] == []
    assert [controls[no] for no, stop in reached.items() if not stop["seen"]] == []
    return len(controls)


def test_tab_reaches_every_control_of_every_page(page: Page, url: str) -> None:
    page.goto(f"{url}/login")
    assert check(page) >= 8
    log_in(page, url)
    for path in PAGES:
        opened(page, url + path)
        assert check(page) >= 2, path


def test_control_the_check_finds_an_unreachable_or_invisible_control(
    desktop: Page, url: str
) -> None:
    opened(desktop, f"{url}/officials/papers?month=2026-10")
    desktop.evaluate(
        "document.querySelector('.tools a').addEventListener('focus', (e) => e.target.blur())"
    )
    with pytest.raises(AssertionError, match=r"papers\.xlsx"):
        check(desktop)
    opened(desktop, f"{url}/officials/papers?month=2026-10")
    desktop.evaluate("document.querySelector('.tools a').style.outline = 'none'")
    with pytest.raises(AssertionError, match=r"papers\.xlsx"):
        check(desktop)


def test_enter_opens_the_details_of_a_sensor_a_trap_and_a_square(desktop: Page, url: str) -> None:
    opened(desktop, f"{url}/officials?month=2026-10")
    for layer, mark, text in (
        (None, 'path[role=button][aria-label^="林道カメラ1"]', "カメラ日"),
        ("わな（状態）", '.pin[title="沢のわな1"]', "沢のわな1"),
        ("メッシュ別の率", 'path[role=button][aria-label*="4828763"]', "4828763"),
    ):
        if layer:
            switch_on(desktop, desktop.get_by_label(layer))
        desktop.locator(mark).first.press("Enter")
        popup = desktop.locator(".leaflet-popup").filter(has_text=text)
        expect(popup).to_be_visible()
        desktop.keyboard.press("Escape")
        expect(popup).to_have_count(0)


def test_arrow_keys_move_a_proposed_site_or_the_map_and_escape_undoes_it(
    desktop: Page, url: str
) -> None:
    opened(desktop, f"{url}/officials/sites?{QUERY}")
    where = "Officials.started[0].layers.sites.getLayers()[0].getLatLng()"
    centre = "Officials.started[0].map.getCenter().lat"
    home, middle = desktop.evaluate(where), desktop.evaluate(centre)
    site, loss = desktop.locator(".site").first, desktop.locator("#sites output").first
    for _ in range(3):
        site.press("ArrowUp")
    expect(loss).to_contain_text("％")
    moved = desktop.evaluate(where)
    assert (moved["lat"] - home["lat"]) * 111_320 == pytest.approx(150, abs=1)
    assert desktop.evaluate(centre) == middle, "the site moves, not the map"
    site.press("Escape")
    expect(loss).to_be_empty()
    assert desktop.evaluate(where) == home
    desktop.locator(".folium-map").press("ArrowUp")
    wait_for(lambda: desktop.evaluate(centre) > middle, "the map to move")

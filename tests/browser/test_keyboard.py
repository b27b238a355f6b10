"""Every page by keyboard alone: Tab reaches every control and shows where it is; keys work the map."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from dashboard import live
from dashboard.auth import hasher
from dashboard.reply import Reply
from dashboard.trappage import TrapPage
from gateway.account import Account, Rank
from gateway.model import Kind
from gateway.policy import Policy
from tests.browser.keys import switch_on
from tests.dashboard.place import ago, said
from tests.officials.county import County
from tests.officials.test_sites import QUERY
from tests.servers import wait_for

pytestmark = pytest.mark.real

MAPS = {
    "/officials?month=2026-10": 1,
    "/officials?month=2026-10&against=year": 2,
    f"/officials/sites?{QUERY}": 1,
    "/officials/sheet?month=2026-10": 1,
    "/public": 1,
}
PAGES = (
    *MAPS, "/", "/traps", "/traps/trap-1", "/pending",
    "/officials/figures?month=2026-10", "/officials/papers?month=2026-10",
)  # fmt: skip

# Numbers every control that can be seen; what stands in an opened <details> too.
NUMBER = """() => {
    for (const part of document.querySelectorAll("details")) part.open = true;
    const controls = document.querySelectorAll(
        "a[href], button, select, textarea, summary, input:not([type=hidden]), [tabindex='0']");
    const seen = [...controls].filter((one) => !one.disabled
        && (one.checkVisibility({ visibilityProperty: true }) || one.matches(".skip")));
    return seen.map((one, no) => { one.dataset.no = no; return one.outerHTML.slice(0, 160); });
}"""
FOCUSED = """() => {
    const one = document.activeElement;
    if (one.dataset.no === undefined) return null;
    const style = getComputedStyle(one), box = one.getBoundingClientRect();
    return {
        no: Number(one.dataset.no),
        ring: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
        seen: box.right > 0 && box.bottom > 0 && box.left < innerWidth && box.top < innerHeight,
    };
}"""


@pytest.fixture
def county(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[County]:
    """A municipality where a trap sprang, a stranger spoke, and one official may log in.

    Its time stands still, so pages are not told anew, which would take the numbers off the controls.
    """
    monkeypatch.setattr(live, "STALE_S", math.inf)
    county = County(tmp_path).settle()
    county.store.write_now(
        lambda tx: tx.put_account(Account("office", Rank.ADMIN, hasher.hash("secret-word")))
    )
    reply, settings = Reply(county.config), county.config.dashboard
    policy = Policy(county.config, ())
    trap = TrapPage(county.store, county.feed, reply, policy, settings, county.clock)
    county.more = trap.routes()
    county.hear(
        said("trap-1", Kind.SPRUNG, ago(hours=5)), said("stranger", Kind.JOIN, ago(hours=1))
    )
    yield county
    county.store.close()


@pytest.fixture
def address(county: County) -> Iterator[str]:
    with county.served() as url:
        yield url


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


def log_in(page: Page, address: str) -> None:
    page.goto(f"{address}/login")
    page.locator("input[name=name]").focus()
    page.keyboard.type("office")
    page.keyboard.press("Tab")
    page.keyboard.type("secret-word")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{address}/")


def walk(page: Page, steps: int) -> list[dict[str, Any]]:
    """What Tab reaches from the top of a page."""
    found = []
    for _ in range(steps):
        page.keyboard.press("Tab")
        found.append(page.evaluate(FOCUSED))
    return [one for one in found if one is not None]


def check(page: Page) -> int:
    """Every control gets the focus, in sight and with a ring around it; how many there are."""
    controls = page.evaluate(NUMBER)
    stops = walk(page, len(controls) + 40)
    reached = {stop["no"]: stop for stop in stops}
    assert [html for no, html in enumerate(controls) if no not in reached] == []
    assert [controls[no] for no, stop in reached.items() if not stop["ring"]] == []
    assert [controls[no] for no, stop in reached.items() if not stop["seen"]] == []
    return len(controls)


def test_tab_reaches_every_control_of_every_page(page: Page, address: str) -> None:
    page.goto(f"{address}/login")
    assert check(page) >= 8
    log_in(page, address)
    for path in PAGES:
        opened(page, address + path)
        assert check(page) >= 2, path


def test_the_check_finds_a_control_that_no_key_reaches_or_no_eye_finds(
    desktop: Page, address: str
) -> None:
    opened(desktop, f"{address}/officials/papers?month=2026-10")
    desktop.evaluate(
        "document.querySelector('.tools a').addEventListener('focus', (e) => e.target.blur())"
    )
    with pytest.raises(AssertionError, match="Excel"):
        check(desktop)
    opened(desktop, f"{address}/officials/papers?month=2026-10")
    desktop.evaluate("document.querySelector('.tools a').style.outline = 'none'")
    with pytest.raises(AssertionError, match="Excel"):
        check(desktop)


def test_enter_tells_what_a_sensor_a_trap_and_a_square_say(desktop: Page, address: str) -> None:
    opened(desktop, f"{address}/officials?month=2026-10")
    for layer, mark, said_of_it in (
        (None, 'path[role=button][aria-label^="林道カメラ1"]', "カメラ日"),
        ("わな（状態）", '.pin[title="沢のわな1"]', "沢のわな1"),
        ("メッシュ別の率", 'path[role=button][aria-label*="4828763"]', "4828763"),
    ):
        if layer:
            switch_on(desktop, desktop.get_by_label(layer))
        desktop.locator(mark).first.press("Enter")
        popup = desktop.locator(".leaflet-popup").filter(has_text=said_of_it)
        expect(popup).to_be_visible()
        desktop.keyboard.press("Escape")
        expect(popup).to_have_count(0)


def test_arrow_keys_move_the_map_and_a_proposed_site_and_escape_takes_it_back(
    desktop: Page, address: str
) -> None:
    opened(desktop, f"{address}/officials/sites?{QUERY}")
    where = "Officials.started[0].layers.sites.getLayers()[0].getLatLng()"
    centre = "Officials.started[0].map.getCenter().lat"
    home, middle = desktop.evaluate(where), desktop.evaluate(centre)
    site, told = desktop.locator(".site").first, desktop.locator("#sites output").first
    for _ in range(3):
        site.press("ArrowUp")
    expect(told).to_contain_text("％")
    moved = desktop.evaluate(where)
    assert (moved["lat"] - home["lat"]) * 111_320 == pytest.approx(150, abs=1)
    assert desktop.evaluate(centre) == middle, "the site moves, not the map"
    site.press("Escape")
    expect(told).to_be_empty()
    assert desktop.evaluate(where) == home
    desktop.locator(".folium-map").press("ArrowUp")
    wait_for(lambda: desktop.evaluate(centre) > middle, "the map to move")

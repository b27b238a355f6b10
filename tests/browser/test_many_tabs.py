"""Many pages in one browser, pages that are hidden, and pages that hear nothing."""

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from dashboard.live import pages as live_pages
from dashboard.live.streaming.open_streams import OpenStreams
from gateway.domain.model import Device, Kind, Role
from tests.browser.conftest import SIZES, watched
from tests.dashboard.place import Place, ago, reading
from tests.support.pace import patience_ms
from tests.support.servers import wait_for

pytestmark = pytest.mark.real

TABS = 10
ON_AIR = "#line[data-state=on]"
HIDE = """(hidden) => {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
  Object.defineProperty(document, "visibilityState",
    { configurable: true, get: () => (hidden ? "hidden" : "visible") });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
OF_BEFORE = "delete window.BroadcastChannel"  # pages that do not know of each other


@pytest.fixture
def streams(monkeypatch: pytest.MonkeyPatch) -> list[OpenStreams]:
    """The open streams of the dashboards that are served."""
    made: list[OpenStreams] = []

    def make() -> OpenStreams:
        made.append(OpenStreams())
        return made[-1]

    monkeypatch.setattr(live_pages, "OpenStreams", make)
    return made


@pytest.fixture
def context(streams: list[OpenStreams], browser: Browser, url: str) -> Iterator[BrowserContext]:
    """A browser of its own."""
    context = browser.new_context(viewport=SIZES["phone"], locale="ja-JP")
    yield context
    context.close()


def open_tabs(context: BrowserContext, url: str, count: int) -> list[Page]:
    tabs = [context.new_page() for _ in range(count)]
    for number, tab in enumerate(tabs):
        tab.goto(url + ("/traps", "/")[number % 2], timeout=patience_ms(10))
        expect(tab.locator(ON_AIR)).to_be_visible()
    return tabs


@pytest.mark.long
def test_ten_tabs_at_once_all_answer_and_all_learn_of_a_spring(
    context: BrowserContext, url: str, place: Place, streams: list[OpenStreams]
) -> None:
    tabs = open_tabs(context, url, TABS)
    wait_for(lambda: 0 < len(streams[0]) <= 3, "the other tabs to let go of the stream")
    place.hear(reading("trap-05", Kind.SPRUNG, ago(seconds=1)))
    for tab in tabs[-3:]:
        expect(tab.get_by_role("alert")).to_contain_text("岐宿の沢 5号", timeout=patience_ms(2))
    for tab in tabs[:-3]:
        expect(tab.get_by_role("alert")).to_contain_text("岐宿の沢 5号", timeout=patience_ms(20))
        expect(tab.locator("#line")).to_have_attribute("data-state", "on")


@pytest.mark.long
def test_tabs_that_all_keep_their_stream_leave_the_seventh_without_an_answer(
    context: BrowserContext, url: str
) -> None:
    """The control: what a browser does when nobody lets go."""
    context.add_init_script(OF_BEFORE)
    open_tabs(context, url, 6)
    with (
        contextlib.closing(context.new_page()) as seventh,
        pytest.raises(Exception, match="Timeout"),
    ):
        seventh.goto(url + "/traps", timeout=3_000)


def test_a_hidden_tab_lets_go_of_the_stream_and_catches_up_when_it_is_shown(
    context: BrowserContext, url: str, place: Place, streams: list[OpenStreams]
) -> None:
    (tab,) = open_tabs(context, url, 1)
    tab.evaluate(HIDE, True)
    wait_for(lambda: not len(streams[0]), "the hidden tab to let go")
    place.hear(reading("trap-07", Kind.SPRUNG, ago(seconds=1)))
    expect(tab.locator("#banner")).to_be_empty()
    tab.evaluate(HIDE, False)
    expect(tab.get_by_role("alert")).to_contain_text("岐宿の沢 7号", timeout=patience_ms(2))
    assert len(streams[0]) == 1


@pytest.mark.long
def test_a_tab_that_is_closed_makes_room_for_an_older_one(
    context: BrowserContext, url: str, streams: list[OpenStreams]
) -> None:
    tabs = open_tabs(context, url, 4)
    wait_for(lambda: len(streams[0]) == 3, "the first tab to let go")
    tabs[-1].close(run_before_unload=False)
    wait_for(lambda: len(streams[0]) == 2, "the closed tab's stream to end")
    wait_for(lambda: len(streams[0]) == 3, "the first tab to take a stream again", 30)


def test_a_page_that_receives_nothing_for_35_s_shows_how_old_it_is(
    desktop: Page, url: str, place: Place
) -> None:
    desktop.clock.install()
    desktop.goto(url + "/traps")
    expect(desktop.locator(ON_AIR)).to_be_visible()
    desktop.route("**/live?*", lambda route: None)  # asked again, nobody answers
    desktop.clock.fast_forward(30_000)
    expect(desktop.locator("#line")).to_have_text("受信中")
    desktop.clock.fast_forward(10_000)
    desktop.clock.run_for(2_000)
    expect(desktop.locator("#line")).to_have_text(
        "古い表示です（11/23 13:00 現在）。つながりしだい新しくします。"
    )
    desktop.unroute("**/live?*")
    place.hear(reading("trap-08", Kind.SPRUNG, ago(seconds=1)))
    desktop.clock.run_for(40_000)
    expect(desktop.locator(ON_AIR)).to_be_visible()
    expect(desktop.get_by_role("alert")).to_contain_text("岐宿の沢 8号")


@pytest.mark.long
def test_5000_devices_are_600_marks_and_numbers_that_open(browser: Browser, tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.store.write_now(
        lambda tx: tx.put_devices(
            Device(
                id=f"big-{n:04}",
                role=Role.TRAP,
                name=f"尾根 {n}号",
                lat=32.60 + (n % 70) / 900,
                lon=128.7 + n / 50_000,
            )
            for n in range(5_000)
        )
    )
    with place.served() as url:
        for page in watched(browser, SIZES["phone"]):
            page.goto(url + "/#big-4999")
            page.wait_for_selector("body[data-map=ready]")
            expect(page.locator(".leaflet-popup h3")).to_have_text("尾根 4999号")
            assert page.locator(".pin[data-device]").count() <= 601
            page.goto(url + "/")
            cell = page.locator(".pin.cell").first
            expect(cell).to_have_attribute("title", re.compile(r"^\d+台。ひらく$"))
            before = page.locator(".pin[data-device]").count()
            cell.focus()
            page.keyboard.press("Enter")
            expect(page.locator(".pin[data-device]").nth(before)).to_be_attached()
    place.store.close()


def test_the_list_is_searched_and_paged_by_hand(browser: Browser, tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.store.write_now(
        lambda tx: tx.put_devices(
            Device(id=f"t{n:03}", role=Role.TRAP, name=f"尾根 {n}号") for n in range(250)
        )
    )
    context = browser.new_context(
        viewport=SIZES["phone"], locale="ja-JP", java_script_enabled=False
    )
    with place.served() as url:
        page = context.new_page()
        page.goto(url + "/traps")
        page.get_by_role("link", name="次へ").click()
        expect(page.get_by_text("250台中 101–200")).to_be_visible()
        page.get_by_label("名前・番号・地区でさがす").fill("尾根 24")
        page.get_by_role("button", name="さがす").click()
        expect(page.locator("tbody tr")).to_have_count(13)  # 24, 124, 224, 240 to 249
        page.get_by_role("link", name="すべて表示").click()
        expect(page.locator("tbody tr")).to_have_count(100)
        context.close()
    place.store.close()

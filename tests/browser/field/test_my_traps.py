"""The trapper's list on a cheap phone: short, large enough for a thumb, readable in the dark."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from dashboard.live.need import Need
from dashboard.web import assets
from dashboard.web.browser.phone_words import ON_EVERY_PAGE
from gateway.domain.model import ActionKind, Kind, TrapAction
from gateway.ingest.people import actions
from tests.browser.field.valley import OWN, Valley, log_in, phone
from tests.browser.test_live_page import CONTRAST, open_map
from tests.dashboard.place import ago, reading
from tests.support.servers import wait_for

pytestmark = pytest.mark.real

MOST_SCREENS, SCREEN_PX = 5, 800
MOST_BYTES = 25_000  # of the first load, as sent
# What a thumb cannot hit; what is folded up is unfolded first.
SMALL = """() => {
  for (const part of document.querySelectorAll("details")) part.open = true;
  const all = [...document.querySelectorAll("a[href], button, summary, input:not([type=hidden])")];
  return all.filter((one) => {
    const box = one.getBoundingClientRect();
    return box.right > 0 && box.width && (box.width < 48 || box.height < 48);
  }).map((one) => one.outerHTML.slice(0, 120));
}"""
SIDEWAYS = "document.documentElement.scrollWidth - innerWidth"


@pytest.fixture(scope="module")
def valley(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valley]:
    made = Valley(tmp_path_factory.mktemp("valley"))
    yield made
    made.store.close()


@pytest.fixture(scope="module")
def url(valley: Valley) -> Iterator[str]:
    with valley.served() as address:
        yield address


@pytest.fixture
def page(browser: Browser, url: str) -> Iterator[Page]:
    with phone(browser) as (_, made):
        log_in(made, url)
        yield made


def test_sixty_traps_take_at_most_five_screens_with_rows_and_targets_for_a_thumb(
    page: Page,
) -> None:
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(60)
    heights = rows.evaluate_all("all => all.map((one) => one.getBoundingClientRect().height)")
    assert min(heights) >= 56
    height = page.evaluate("document.documentElement.scrollHeight")
    print(f"\n60 traps: {height} px")
    assert height <= MOST_SCREENS * SCREEN_PX
    assert rows.locator(".record").count() == 60, "one big action each"
    assert page.evaluate(SMALL) == []


def test_the_page_of_one_trap_is_for_a_thumb_too_and_the_camera_is_one_tap_away(
    page: Page, url: str
) -> None:
    row = page.locator("tr[data-key=own-20]")
    row.locator("summary").click()
    row.get_by_role("link", name="写真をとる").click()
    expect(page.locator("#photo input[capture]")).to_be_in_viewport()
    assert page.evaluate(SIDEWAYS) == 0
    assert [one for one in page.evaluate(SMALL) if "type=" not in one] == []


@pytest.mark.long
def test_on_a_slow_line_the_list_can_be_used_within_seven_seconds(
    browser: Browser, url: str
) -> None:
    with phone(browser) as (context, page):
        log_in(page, url)
        cookies = context.cookies()
    with phone(browser) as (context, page):
        context.add_cookies(cookies)  # type: ignore[arg-type]
        wire = context.new_cdp_session(page)
        wire.send("Network.enable")
        slow = {"latency": 2_000, "downloadThroughput": 50_000, "uploadThroughput": 50_000}
        wire.send("Network.emulateNetworkConditions", {"offline": False, **slow})
        began = time.monotonic()
        page.goto(f"{url}/traps", wait_until="load")
        took = time.monotonic() - began
        expect(page.locator("tbody tr")).to_have_count(60)
        print(f"\nat 2 s and 50 kB/s: {took:.1f} s")
        assert took < 7


def test_control_a_smaller_target_is_found(page: Page) -> None:
    page.locator("tbody .record").first.evaluate("one => { one.style.minHeight = '40px'; }")
    assert len(page.evaluate(SMALL)) == 1


def test_own_traps_first_the_others_on_request_and_never_their_exact_places(page: Page) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text("自分のわな")
    assert "岐宿の沢" not in page.inner_text("main")
    page.get_by_role("link", name="ほかのわなも").click()
    expect(page.locator("tbody tr")).not_to_have_count(60)
    text = page.content()
    assert "5km-" in text or "5 km" in text
    assert "岐宿の沢" not in text
    assert page.locator("tbody tr", has_text="5 km").locator("a[href^='geo:']").count() == 0


def test_an_update_keeps_the_list_to_own_traps(page: Page, valley: Valley) -> None:
    page.wait_for_selector("#line[data-state=on]")
    valley.hear(reading("own-30", Kind.SPRUNG, ago(minutes=3)))
    expect(page.locator("tbody tr").first).to_contain_text("尾根 30号")
    expect(page.locator("tbody tr")).to_have_count(60)
    valley.hear(reading("own-30", Kind.SET, ago(minutes=2)))


@pytest.mark.long
def test_nothing_goes_sideways_at_320_px_and_with_text_of_twice_the_size(
    browser: Browser, url: str
) -> None:
    with phone(browser, viewport={"width": 320, "height": 640}) as (_, page):
        log_in(page, url)
        assert page.evaluate(SIDEWAYS) == 0
    with phone(browser) as (_, page):
        log_in(page, url)
        page.evaluate("document.documentElement.style.fontSize = '225%'")
        assert page.evaluate(SIDEWAYS) == 0
        cut = page.locator("tbody a, tbody strong, tbody em").evaluate_all(
            "all => all.filter((one) => one.checkVisibility()"
            " && one.clientWidth && one.scrollWidth > one.clientWidth + 1)"
            ".map((one) => one.outerHTML)"
        )
        assert cut == []


@pytest.mark.long
def test_what_is_dark_can_be_read(browser: Browser, url: str) -> None:
    with phone(browser, color_scheme="dark") as (_, page):
        log_in(page, url)
        for path in ("/traps", "/traps?show=all", "/traps/own-01"):
            page.goto(url + path)
            page.evaluate("document.querySelectorAll('details').forEach((one) => one.open = true)")
            ratio, words = page.evaluate(CONTRAST)
            assert ratio >= 4.5, (path, words)
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert ground != "rgb(245, 244, 238)", "it is dark"
        page.evaluate("document.querySelector('h1').style.color = '#16201b'")
        assert page.evaluate(CONTRAST)[0] < 4.5, "control: dark words on a dark ground are found"


def test_the_first_load_is_at_most_25_kb_compressed(browser: Browser, url: str) -> None:
    with phone(browser) as (context, page):
        log_in(page, url)
        cookies = context.cookies()
    with phone(browser) as (context, page):
        context.add_cookies(cookies)  # type: ignore[arg-type]
        wire = context.new_cdp_session(page)
        wire.send("Network.enable")
        addresses: dict[str, str] = {}
        sizes: dict[str, float] = {}

        def ended(told: dict[str, Any]) -> None:
            path = addresses.get(told["requestId"], "?")
            sizes[path] = sizes.get(path, 0) + told["encodedDataLength"]

        def sent(told: dict[str, Any]) -> None:
            addresses[told["requestId"]] = urlsplit(told["request"]["url"]).path

        wire.on("Network.requestWillBeSent", sent)
        wire.on("Network.loadingFinished", ended)
        page.goto(f"{url}/traps", wait_until="load")
        page.wait_for_selector("#line[data-state=on]")
        total = sum(sizes.values())
        print(f"\nfirst load: {total:.0f} bytes: {sizes}")
        assert len(sizes) >= 4
        assert total <= MOST_BYTES


def test_acts_work_without_javascript(browser: Browser, url: str, valley: Valley) -> None:
    with phone(browser, java_script_enabled=False) as (_, page):
        log_in(page, url)
        page.fill("input[type=search]", "尾根 41号")
        page.get_by_role("button", name="さがす").click()
        row = page.locator("tbody tr")
        expect(row).to_have_count(1)
        row.locator(".record").click()
        page.get_by_role("button", name="見回りした").click()
        expect(page.locator(".tap-said")).to_contain_text("記録しました")

        def is_done() -> bool:  # changes without an alert are shown within two seconds
            page.goto(f"{url}/traps?q=41号")
            return "済 11/23 13:00" in page.locator("tbody tr").inner_text()

        wait_for(is_done, "the visit to be shown")
        expect(page.locator("tbody tr")).not_to_contain_text("見回り未")


def test_a_row_says_who_goes_there_and_since_when_of_its_own_state(
    page: Page, valley: Valley, url: str
) -> None:
    valley.hear(reading("own-07", Kind.SPRUNG, ago(hours=1)))
    [alert] = valley.store.read_now(lambda r: r.open_alerts_about("own-07"))
    valley.store.write_now(
        lambda tx: actions.acknowledge(tx, alert.id, "sato", valley.policy, valley.now)
    )
    valley.hear(reading("own-08", Kind.HEARTBEAT, ago(minutes=45), battery_pct=9.0))
    visit = TrapAction(
        id="v",
        device="own-08",
        deed=ActionKind.VISITED,
        at=ago(minutes=5),
        by="tanaka",
        recorded_at=valley.now,
    )
    valley.store.write_now(lambda tx: actions.record(tx, visit, valley.policy, valley.now))
    page.goto(f"{url}/traps?q=尾根")
    sprung, low = (page.locator(f"tr[data-key=own-{n}]") for n in ("07", "08"))
    expect(sprung).to_contain_text("対応中 sato")
    expect(sprung.locator(".since")).to_contain_text("11/23 12:00")
    expect(low).to_contain_text("電池わずか 9 %")
    expect(low.locator(".since")).to_contain_text("11/23 12:15")  # not when it was armed
    expect(low).to_contain_text("済 11/23 12:55")
    keys = page.locator("tbody tr").evaluate_all("all => all.map((one) => one.dataset.need)")
    assert keys == sorted(keys, key=[*Need].index)
    assert {"sprung", "visit", "battery"} <= {*keys}


def test_the_way_is_one_link_in_a_map_application_or_the_browser(page: Page) -> None:
    row = page.locator("tbody tr", has_text="尾根 5号")
    row.locator("summary").click()
    at = f"{OWN[4].lat:.5f},{OWN[4].lon:.5f}"
    expect(row.get_by_role("link", name="地図アプリ")).to_have_attribute("href", f"geo:0,0?q={at}")
    address = row.get_by_role("link", name="Googleマップ").get_attribute("href")
    assert address == f"https://www.google.com/maps/dir/?api=1&destination={at}"


def test_the_maps_popup_leads_to_recording_and_tells_the_sites_time(
    browser: Browser, tmp_path: Path
) -> None:
    valley = Valley(tmp_path)
    with (
        valley.served() as url,
        phone(browser, timezone_id="America/New_York", viewport={"width": 900, "height": 800}) as (
            _,
            page,
        ),
    ):
        log_in(page, url)
        open_map(page, url)
        page.goto(f"{url}/#own-05")
        popup = page.locator(".leaflet-popup")
        expect(popup.locator("h3")).to_have_text("三井楽高崎の尾根 5号")
        expect(popup).to_contain_text("11/20 13:00")  # in New York it was still the 19th, 23:00
        expect(popup.get_by_role("link", name="地図アプリ")).to_have_attribute(
            "href", f"geo:0,0?q={OWN[4].lat:.5f},{OWN[4].lon:.5f}"
        )
        popup.get_by_role("link", name="記録する").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("三井楽高崎の尾根 5号")
    valley.store.close()


def test_every_page_has_the_words_that_its_script_says() -> None:
    script = (assets.STATIC / "phone/page.js").read_text(encoding="utf-8")
    assert set(re.findall(r'"(phone\.[a-z_.]+)"', script)) <= {*ON_EVERY_PAGE}

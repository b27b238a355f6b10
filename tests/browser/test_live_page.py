"""The live pages in a real Chromium, phone and desktop: seen, moved, announced, reached by keys."""

import re
import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from gateway.domain.model import Kind
from tests.browser.conftest import SIZES, watched
from tests.browser.keys import switch_on
from tests.dashboard.place import CAMERAS, HOSTILE, TRAPS, Place, ago, reading
from tests.support.pace import patience_ms

pytestmark = pytest.mark.real

MARK = "[data-device='{}']"
ON_AIR = "#line[data-state=on]"

# The least contrast of any visible text with the ground it stands on (WCAG 2.2, relative luminance).
CONTRAST = """() => {
  const part = (c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
  const ground = (e) => {
    for (; e; e = e.parentElement) {
      const c = rgb(getComputedStyle(e).backgroundColor);
      if (c.length === 3 || c[3] === 1) return c;
    }
    return [255, 255, 255];
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const e = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !e.getClientRects().length || e.closest("svg, script")) continue;
    const [a, b] = [light(rgb(getComputedStyle(e).color)), light(ground(e))].sort((x, y) => y - x);
    found.push([(a + 0.05) / (b + 0.05), e.textContent.trim().slice(0, 40)]);
  }
  return found.sort((x, y) => x[0] - y[0])[0];
}"""


def open_map(page: Page, url: str, path: str = "/") -> None:
    """Open the map and wait until it is drawn and on the air."""
    page.goto(url + path)
    page.wait_for_selector("body[data-map=ready]")
    page.wait_for_selector(ON_AIR)


def drawn(page: Page, device: str) -> str:
    """Which mark a device has on the map."""
    return page.locator(f"{MARK.format(device)} use").get_attribute("href") or ""


def test_every_device_has_the_mark_of_its_state(page: Page, url: str) -> None:
    open_map(page, url)
    assert page.locator(".pin").count() == len(TRAPS) + len(CAMERAS)
    marks = {
        "trap-03": "#mark-trap-sprung",
        "trap-02": "#mark-trap-low",
        "trap-05": "#mark-trap-armed",
        "trap-11": "#mark-trap-unknown",
        "cam-02": "#mark-detector-seen",
        "cam-01": "#mark-detector-watching",
        "cam-08": "#mark-detector-unknown",
    }
    assert {device: drawn(page, device) for device in marks} == marks
    for href in marks.values():
        expect(page.locator(f"symbol{href}")).to_have_count(1)
    expect(page.locator(MARK.format("trap-03"))).to_have_attribute(
        "aria-label", "岐宿の沢 3号 わな：作動"
    )


def test_a_map_of_one_device_is_centred_on_it(browser: Browser, tmp_path: Path) -> None:
    alone = Place(tmp_path)
    alone.store.write_now(lambda tx: tx.put_devices(TRAPS[:1]))
    with alone.served() as url:
        for page in watched(browser, SIZES["phone"]):
            open_map(page, url)
            assert page.locator(".pin").count() == 1
            expect(page.locator(MARK.format("trap-01"))).to_be_in_viewport()
    alone.store.close()


def test_the_coastline_is_drawn_without_any_other_host(page: Page, url: str) -> None:
    with page.expect_response("**/map/coast.geojson") as answer:
        open_map(page, url)
    assert answer.value.status == 200
    page.wait_for_selector(".leaflet-coast-pane canvas")
    land = page.evaluate(
        "() => { const c = document.querySelector('.leaflet-coast-pane canvas');"
        " const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;"
        " let n = 0; for (let i = 3; i < d.length; i += 4) n += d[i] > 0; return n / (d.length / 4); }"
    )
    assert 0.05 < land < 0.95, "some land, some sea"
    expect(page.locator(".leaflet-tile")).to_have_count(0)
    expect(page.get_by_text("GSHHG (LGPL)")).to_be_visible()


def test_a_sprung_trap_appears_on_an_open_page_within_a_second(
    page: Page, url: str, place: Place
) -> None:
    open_map(page, url)
    assert drawn(page, "trap-05") == "#mark-trap-armed"
    expect(page.locator("#banner")).to_be_empty()
    started = time.monotonic()
    place.hear(reading("trap-05", Kind.SPRUNG, ago(seconds=1)))
    page.wait_for_selector("#banner:has-text('岐宿の沢 5号')")
    page.wait_for_selector(
        f"{MARK.format('trap-05')} use[href='#mark-trap-sprung']", state="attached"
    )
    took_s = time.monotonic() - started
    assert took_s < 1.0
    banner = page.get_by_role("alert")
    expect(banner).to_contain_text("新しい警報")
    expect(banner).to_contain_text("わなが作動")
    expect(page.locator("[data-panel=alerts] .level-capture")).to_have_count(3)
    expect(page.locator("[data-panel=events] li").first).to_contain_text("岐宿の沢 5号")
    banner.get_by_role("button", name="閉じる").click()
    expect(page.locator("#banner")).to_be_empty()


def test_unfolded_alerts_stay_unfolded_and_focused_after_an_update(
    desktop: Page, url: str, place: Place
) -> None:
    place.hear(*(reading(trap.id, Kind.SPRUNG, ago(minutes=9)) for trap in TRAPS[5:10]))
    open_map(desktop, url)
    more = desktop.locator("[data-panel=alerts] summary")
    last = desktop.locator("[data-panel=alerts] [data-alert]").last
    expect(last).not_to_be_visible()
    more.focus()
    desktop.keyboard.press("Enter")
    expect(last).to_be_visible()
    place.hear(reading("trap-05", Kind.SPRUNG, ago(seconds=1)))
    desktop.wait_for_selector("#banner:has-text('岐宿の沢 5号')")
    expect(last).to_be_visible()
    expect(more).to_be_focused()


def test_the_alert_of_a_reset_trap_ends_without_an_announcement(
    desktop: Page, url: str, place: Place
) -> None:
    open_map(desktop, url)
    place.hear(reading("trap-03", Kind.SET, ago(seconds=1)))
    expect(desktop.locator("[data-panel=alerts] .level-capture")).to_have_count(1)
    expect(desktop.locator(f"{MARK.format('trap-03')} use")).to_have_attribute(
        "href", "#mark-trap-armed"
    )
    expect(desktop.locator("#banner")).to_be_empty()


def test_the_list_of_traps_reorders_itself(page: Page, url: str, place: Place) -> None:
    page.goto(url + "/traps")
    page.wait_for_selector(ON_AIR)
    expect(page.locator("tbody tr").first).to_contain_text("岐宿の沢 3号")
    place.hear(reading("trap-06", Kind.SPRUNG, ago(hours=9)))
    expect(page.locator("tbody tr").first).to_contain_text("岐宿の沢 6号")
    expect(page.get_by_role("alert")).to_contain_text("岐宿の沢 6号")


def test_html_in_a_device_name_is_shown_as_text_in_list_banner_and_pop_up(
    desktop: Page, url: str, place: Place
) -> None:
    open_map(desktop, url)
    place.hear(reading("trap-04", Kind.SET, ago(minutes=2)))
    place.hear(reading("trap-04", Kind.SPRUNG, ago(minutes=1)))
    expect(desktop.get_by_role("alert")).to_contain_text(HOSTILE)
    desktop.locator(MARK.format("trap-04")).click()
    expect(desktop.locator(".leaflet-popup h3")).to_have_text(HOSTILE)


def test_a_link_of_the_list_leads_to_the_trap_on_the_map(page: Page, url: str) -> None:
    page.goto(url + "/traps")
    page.get_by_role("link", name="岐宿の沢 2号").click()
    expect(page.locator(".leaflet-popup h3")).to_have_text("岐宿の沢 2号")
    expect(page.locator(".leaflet-popup")).to_contain_text("電池わずか")


def test_enter_opens_the_details_of_a_focused_device(desktop: Page, url: str) -> None:
    open_map(desktop, url)
    desktop.locator(MARK.format("trap-03")).focus()
    desktop.keyboard.press("Enter")
    expect(desktop.locator(".leaflet-popup h3")).to_have_text("岐宿の沢 3号")


def test_the_focus_stays_on_its_link_when_the_list_changes(
    desktop: Page, url: str, place: Place
) -> None:
    desktop.goto(url + "/traps")
    desktop.wait_for_selector(ON_AIR)
    desktop.locator("tbody a", has_text="岐宿の沢 7号").focus()
    place.hear(reading("trap-08", Kind.SPRUNG, ago(seconds=1)))
    expect(desktop.locator("#banner")).to_contain_text("岐宿の沢 8号")
    assert desktop.evaluate("document.activeElement.textContent") == "岐宿の沢 7号"


@pytest.mark.parametrize("path", ["/", "/traps", "/pending", "/login"])
def test_pages_fit_the_screen_and_can_be_read(page: Page, url: str, path: str) -> None:
    page.goto(url + path)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    ratio, words = page.evaluate(CONTRAST)
    assert ratio >= 4.5, words
    assert page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)") >= 18


def test_the_language_can_be_changed_and_is_remembered(desktop: Page, url: str) -> None:
    open_map(desktop, url)
    desktop.get_by_role("link", name="English").click()
    expect(desktop.get_by_role("heading", name="Alerts")).to_be_visible()
    desktop.goto(url + "/traps")
    expect(desktop.get_by_role("heading", name="Traps")).to_be_visible()
    expect(desktop.locator("tbody tr").first).to_contain_text("Sprung")


def test_the_layer_of_rates_can_be_switched_on(desktop: Page, url: str) -> None:
    open_map(desktop, url)
    switch_on(desktop, desktop.get_by_label("出没率（100台日あたり）"))
    expect(desktop.get_by_label("わなと検知器", exact=True)).to_be_checked()
    desktop.wait_for_function(  # the canvas is painted with the browser's next frame
        "() => { const c = document.querySelector('.leaflet-overlay-pane canvas');"
        " const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;"
        " return d.some((v, i) => i % 4 === 3 && v > 0); }"
    )


@pytest.mark.long
def test_tiles_are_requested_only_after_the_reader_switched_them_on(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    place = Place(tmp_path_factory.mktemp("tiles"), tiles="gsi").settle()
    requested: list[str] = []
    errors: list[str] = []
    pixel = bytes.fromhex(
        "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
        "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
    )

    def answer(route: Route) -> None:
        requested.append(route.request.url)
        route.fulfill(body=pixel, content_type="image/png")

    context = browser.new_context(viewport=SIZES["desktop"], locale="ja-JP")
    context.route(re.compile("^https?://(?!127)"), answer)
    page = context.new_page()
    page.on("console", lambda entry: errors.append(entry.text) if entry.type == "error" else None)
    with place.served() as url:
        open_map(page, url)
        assert requested == []
        switch_on(page, page.get_by_label("地理院地図 標準"))
        page.wait_for_selector(".leaflet-tile-loaded")
        assert all(one.startswith("https://cyberjapandata.gsi.go.jp/xyz/std/") for one in requested)
        expect(page.get_by_text("地理院タイル")).to_be_visible()
        page.reload()
        page.wait_for_selector(".leaflet-tile-loaded")
    context.close()
    place.store.close()
    assert errors == []


@pytest.mark.long
def test_the_page_shows_that_the_gateway_is_unreachable_and_when_it_is_back(
    browser: Browser, place: Place
) -> None:
    context = browser.new_context(viewport=SIZES["phone"], locale="ja-JP")
    page = context.new_page()
    with place.served() as url:
        open_map(page, url)
    port = int(url.rsplit(":", 1)[1])
    expect(page.locator("#line")).to_contain_text("つながっていません")
    place.hear(reading("trap-07", Kind.SPRUNG, ago(seconds=1)))
    with place.served(port):
        expect(page.locator("#line")).to_have_text("受信中", timeout=patience_ms(15))
        expect(page.get_by_role("alert")).to_contain_text("岐宿の沢 7号")
    context.close()


def test_without_devices_the_map_says_so_and_shows_the_country(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    empty = Place(tmp_path_factory.mktemp("empty"))
    with empty.served() as url:
        for page in watched(browser, SIZES["desktop"]):
            open_map(page, url)
            expect(page.get_by_text("まだ位置のわかる機器がありません。")).to_be_visible()
            expect(page.get_by_text("開いている警報はありません。")).to_be_visible()
    empty.store.close()

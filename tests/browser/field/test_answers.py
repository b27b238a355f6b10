"""An answer on a cheap phone with two seconds to the gateway: once, taken back, corrected, for a thumb."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from dashboard.trapper.one_tap import OneTap
from dashboard.web.responses import Reply
from gateway.alerts.links import Links
from gateway.domain.model import AlertStatus, Kind, TrapAction
from tests.browser.field.valley import OWN, Valley, phone
from tests.dashboard.place import ago, reading
from tests.support.pace import patience_ms

pytestmark = pytest.mark.real

TRAP = OWN[6].id
LATENCY_MS = 2_000
LINKS = Links("s" * 32, "http://gateway.example", days=14)


@pytest.fixture
def valley(tmp_path: Path) -> Iterator[Valley]:
    made = Valley(tmp_path, OWN[:8])
    reply = Reply(made.config)
    page = OneTap(made.store, made.feed, reply, made.policy, LINKS, made.clock)
    made.more = [*made.more, *page.routes()]
    made.hear(reading(TRAP, Kind.SPRUNG, ago(minutes=5)))
    yield made
    made.store.close()


def message_link(valley: Valley, url: str) -> str:
    """The address in the message that the trapper got."""
    [alert] = valley.store.read_now(lambda r: r.open_alerts_about(TRAP))
    path = LINKS.url(alert.id, "tanaka", valley.now).removeprefix("http://gateway.example")
    return url + path


def acts(valley: Valley) -> list[TrapAction]:
    return valley.store.read_now(lambda r: r.acts(TRAP))


def slow(context: BrowserContext, page: Page) -> None:
    """As over a radio link: two seconds to the gateway, 50 kB/s."""
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    session.send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": LATENCY_MS,
            "downloadThroughput": 50_000,
            "uploadThroughput": 50_000,
        },
    )


def test_a_double_tap_is_one_act_and_the_same_message_records_two_hours_later(
    valley: Valley, browser: Browser
) -> None:
    with valley.served() as url:
        address = message_link(valley, url)
        with phone(browser, has_touch=True) as (context, page):
            slow(context, page)
            page.goto(address)
            page.get_by_role("button", name="あと30分で着きます").dblclick()
            expect(page.locator(".tap-said")).to_contain_text(
                "記録しました", timeout=patience_ms(30)
            )
        [alert] = valley.store.read_now(lambda r: r.open_alerts_about(TRAP))
        assert (alert.status, alert.answers) == (AlertStatus.ACKNOWLEDGED, 1)

        valley.later(hours=2)  # the tab is gone; the trapper opens the same message
        with phone(browser, has_touch=True) as (context, page):
            slow(context, page)
            page.goto(address)
            page.get_by_role("button", name="空はじき").dblclick()
            expect(page.locator(".tap-said")).to_contain_text(
                "記録しました", timeout=patience_ms(30)
            )
            assert len(acts(valley)) == 1


def test_what_was_recorded_is_taken_back_or_corrected_with_a_thumb(
    valley: Valley, browser: Browser
) -> None:
    with valley.served() as url, phone(browser) as (_, page):
        page.goto(message_link(valley, url))
        page.get_by_role("button", name="空はじき").click()
        undo = page.get_by_role("button", name="取り消す")
        box = undo.bounding_box()
        assert box
        assert box["height"] >= 48
        assert box["y"] + box["height"] <= 800, (
            "seen without scrolling, for the seconds that it works"
        )
        undo.click()
        expect(page.locator(".recorded")).to_contain_text("取り消し済み")
        assert valley.store.read_now(lambda r: r.open_alerts_about(TRAP)) != []

        page.goto(message_link(valley, url) + "?again")
        for width in (360, 320):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


@pytest.mark.long
def test_a_correction_shows_both_and_counts_once(valley: Valley, browser: Browser) -> None:
    with valley.served() as url, phone(browser) as (_, page):
        address = message_link(valley, url)
        page.goto(address)
        page.get_by_role("button", name="空はじき").click()
        expect(page.locator(".tap-said")).to_contain_text("記録しました")
        valley.later(hours=9)
        page.goto(address)
        page.get_by_text("訂正する").first.click()
        form = page.locator(".recorded details[open]")
        form.get_by_label("内容").select_option("non_target")
        form.get_by_label("獣の種類").select_option("raccoon_dog")
        form.get_by_role("button", name="訂正する").click()
        expect(page.locator(".recorded")).to_contain_text("訂正済み")
        expect(page.locator(".recorded")).to_contain_text("錯誤捕獲")
        for part in ("select", "input:not([type=hidden])", "button", "summary"):
            small = page.evaluate(
                """(part) => [...document.querySelectorAll("main " + part)].filter((one) => {
                  const box = one.getBoundingClientRect();
                  return box.width && box.height < 44;
                }).map((one) => one.outerHTML.slice(0, 90))""",
                part,
            )
            assert small == []
        counted = valley.store.read_now(lambda r: r.period_reads.acts(ago(days=9), valley.now))
        one = next(act for act in counted if act.device == TRAP)
        first = next(act for act in acts(valley) if act.id == one.replaces)
        assert (one.deed.value, one.species, one.at) == ("non_target", "raccoon_dog", first.at)

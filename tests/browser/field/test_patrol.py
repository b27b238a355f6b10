"""A morning's patrol with a phone: a simulated walk ticks off the traps, and what was missed is told."""

from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from gateway.domain.geo.local_plane import from_metres
from gateway.domain.model import ActionKind, Device, Kind, TrapAction
from tests.browser.field.test_my_traps import SIDEWAYS, SMALL
from tests.browser.field.valley import OWN, Valley, log_in, phone
from tests.browser.test_keyboard import check
from tests.browser.test_live_page import CONTRAST
from tests.dashboard.place import ago, reading
from tests.support.servers import wait_for

pytestmark = pytest.mark.real

STOPS = OWN[:14]
MISSED = (STOPS[4], STOPS[9])
HOME = (32.699, 128.679)


@pytest.fixture
def valley(tmp_path: Path) -> Iterator[Valley]:
    made = Valley(tmp_path, STOPS)
    yield made
    made.store.close()


def stand(context: BrowserContext, lat: float, lon: float, accuracy_m: float = 10.0) -> None:
    context.set_geolocation({"latitude": lat, "longitude": lon, "accuracy": accuracy_m})


def beside(trap: Device, east_m: float) -> tuple[float, float]:
    assert trap.lat is not None
    assert trap.lon is not None
    return from_metres(east_m, 0.0, trap.lat, trap.lon)


def visits(valley: Valley) -> list[TrapAction]:
    return valley.store.read_now(lambda reader: reader.acts())[::-1]


def start(context: BrowserContext, page: Page, url: str) -> None:
    context.grant_permissions(["geolocation"], origin=url)
    stand(context, *HOME)
    log_in(page, url)
    page.goto(f"{url}/patrol")
    page.get_by_role("button", name="現在地を使って").click()
    expect(page.locator("#patrol[data-ordered=here]")).to_have_count(1)


def test_a_walk_ticks_off_twelve_traps_and_tells_the_two_that_were_missed(
    browser: Browser, valley: Valley
) -> None:
    with valley.served() as url, phone(browser) as (context, page):
        start(context, page, url)
        order = page.locator("#patrol > li").evaluate_all("all => all.map((o) => o.dataset.device)")
        assert sorted(order) == sorted(one.id for one in STOPS)
        by_id = {one.id: one for one in STOPS}
        walked = [by_id[id_] for id_ in order if by_id[id_] not in MISSED]
        for trap in walked:
            stand(context, *beside(trap, 120.0))  # on the way: not there yet
            stand(context, *beside(trap, 20.0))
            expect(page.locator(f"#patrol-done [data-device='{trap.id}']")).to_have_count(1)
        expect(page.locator("#patrol > li")).to_have_count(2)
        page.get_by_role("button", name="見回りを終える").click()
        told = page.locator("#patrol-said")
        expect(told).to_contain_text("まだ 2 台")
        for one in MISSED:
            expect(told).to_contain_text(one.name)
        expect(page.locator("#patrol-count")).to_contain_text("14 台中 12 台済み")
        found = visits(valley)
        assert sorted(one.device for one in found) == sorted(one.id for one in walked)
        assert {(one.deed, one.through, one.by) for one in found} == {
            (ActionKind.VISITED, "gps", "tanaka")
        }
        assert all(one.position and one.position.accuracy_m == 10.0 for one in found)
        page.reload()
        expect(page.locator("#patrol > li")).to_have_count(2)
        expect(page.locator("#patrol-done > li")).to_have_count(12)


@pytest.mark.long
def test_control_without_nearness_nothing_is_ticked(browser: Browser, valley: Valley) -> None:
    with valley.served() as url, phone(browser) as (context, page):
        start(context, page, url)
        said = page.locator("#patrol-said")
        stand(context, *beside(STOPS[0], -60.0))
        stand(context, *beside(STOPS[0], 0.0), accuracy_m=80.0)
        expect(said).to_contain_text("誤差が 80 m")
        stand(context, *beside(STOPS[0], -900.0))
        expect(page.locator("#patrol > li").first.locator(".far")).not_to_be_empty()
        assert visits(valley) == []


@pytest.mark.long
def test_who_passes_a_trap_without_reaching_it_is_told(browser: Browser, valley: Valley) -> None:
    with valley.served() as url, phone(browser) as (context, page):
        start(context, page, url)
        west = STOPS[7]  # no other trap west of it
        for metres in (-150.0, -80.0, -400.0):
            stand(context, *beside(west, metres))
            expect(page.locator(f"[data-device='{west.id}'] .far")).to_have_text(
                f"{-metres:.0f} m 先"
            )
        expect(page.locator("#patrol-said")).to_contain_text("通り過ぎました")
        assert visits(valley) == []


def test_a_tap_is_recorded_as_a_tap_once_and_a_spring_needs_its_outcome(
    browser: Browser, valley: Valley
) -> None:
    valley.hear(reading("own-03", Kind.SPRUNG, ago(minutes=9)))
    with valley.served() as url, phone(browser) as (_, page):
        log_in(page, url)
        page.goto(f"{url}/patrol")
        first = page.locator("#patrol > li").first
        expect(first).to_contain_text("尾根 3号")
        expect(first.get_by_role("button", name="見回りした")).to_have_count(0)
        expect(first.get_by_role("link", name="結果を記録")).to_be_visible()
        row = page.locator("[data-device=own-07]")
        row.get_by_role("button", name="見回りした").dblclick()
        expect(page.locator("#patrol-done [data-device=own-07]")).to_have_count(1)
        wait_for(lambda: visits(valley), "the visit")
        assert [(one.device, one.through) for one in visits(valley)] == [("own-07", "tap")]
        assert visits(valley)[0].position is None


@pytest.mark.long
def test_without_javascript_a_visit_is_a_form(browser: Browser, valley: Valley) -> None:
    with valley.served() as url, phone(browser, java_script_enabled=False) as (_, page):
        log_in(page, url)
        page.goto(f"{url}/patrol")
        row = page.locator("li.stop", has_text="尾根 7号")
        row.get_by_role("button", name="見回りした").click()
        expect(page.locator(".stops-done")).to_contain_text("尾根 7号")
        assert [(one.device, one.through) for one in visits(valley)] == [("own-07", "tap")]


def test_without_signal_the_visit_waits_and_is_sent_once(browser: Browser, valley: Valley) -> None:
    with valley.served() as url, phone(browser) as (context, page):
        start(context, page, url)
        context.set_offline(True)
        page.locator("[data-device=own-05]").get_by_role("button", name="見回りした").click()
        expect(page.locator("#patrol-done [data-device=own-05] .unsent")).to_have_count(1)
        assert visits(valley) == []
        context.set_offline(False)
        wait_for(lambda: visits(valley), "the visit to be sent")
        expect(page.locator("#patrol-done [data-device=own-05] .unsent")).to_have_count(0)
        assert [one.device for one in visits(valley)] == ["own-05"]


@pytest.mark.long
def test_the_page_is_for_thumbs_small_screens_and_the_dark(
    browser: Browser, valley: Valley
) -> None:
    with valley.served() as url:
        for options in ({}, {"viewport": {"width": 320, "height": 640}}, {"color_scheme": "dark"}):
            with phone(browser, **options) as (_, page):
                log_in(page, url)
                page.goto(f"{url}/patrol")
                assert page.evaluate(SIDEWAYS) == 0
                assert page.evaluate(SMALL) == []
                ratio, words = page.evaluate(CONTRAST)
                assert ratio >= 4.5, words
                first = page.locator("li.stop").first.bounding_box()
                second = page.locator("li.stop").nth(1).bounding_box()
                assert first
                assert second
                assert first["height"] > second["height"], "the next trap is big"
                assert check(page) > len(STOPS), "every control by keyboard"


def test_the_stops_are_a_gpx_route_in_their_order(browser: Browser, valley: Valley) -> None:
    with valley.served() as url, phone(browser) as (context, page):
        log_in(page, url)
        page.goto(f"{url}/patrol")
        shown = page.locator("li.stop h2 bdi").all_inner_texts()
        answer = context.request.get(f"{url}/patrol.gpx")
        assert "attachment" in answer.headers["content-disposition"]
        root = ElementTree.fromstring(answer.text())
        name = "{http://www.topografix.com/GPX/1/1}name"
        route = root.find("{http://www.topografix.com/GPX/1/1}rte")
        assert route is not None
        points = route.findall("{http://www.topografix.com/GPX/1/1}rtept")
        assert [one.findtext(name) for one in points] == shown
        first = next(one for one in STOPS if one.name == shown[0])
        assert float(points[0].attrib["lat"]) == pytest.approx(first.lat, abs=1e-6)

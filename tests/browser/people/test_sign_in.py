"""From the sheet of paper to the traps, on a small phone, with nothing typed."""

import re
from pathlib import Path

import segno
from playwright.sync_api import Browser, expect

from dashboard.trapper.phone.offline_pages import OfflinePages
from dashboard.trapper.trap_page import TrapPage
from dashboard.web.entry.passwords import hasher
from dashboard.web.responses import Reply
from gateway.alerts.policy import Policy
from gateway.domain.people.person import Person, UserRole
from tests.browser.conftest import SIZES, watched
from tests.dashboard.client import Client
from tests.dashboard.place import Place
from tests.support.people import keep, login

PASSWORD = "あかるい猪垣 2026"
LEAST_BUTTON_PX = 48


def test_from_the_sheet_to_the_list_of_traps_with_nothing_typed(
    tmp_path: Path, browser: Browser
) -> None:
    place = Place(tmp_path, host="0.0.0.0", secret="s" * 32).settle()
    keep(
        place.store,
        login("office", UserRole.OFFICIAL, hasher.hash(PASSWORD)),
        Person(name="花岡 わな", role=UserRole.TRAPPER, places=("trap-02", "trap-03")),
    )
    pages = TrapPage(
        place.store, place.feed, Reply(place.config), Policy(place.config, ()), place.clock
    )
    place.more = [*pages.routes(), *OfflinePages(place.store, pages.show).routes()]
    with place.served() as url:
        office = watched(browser, SIZES["desktop"])
        desk = next(office)
        desk.goto(f"{url}/login?next=/sign-in")
        desk.fill("input[name=name]", "office")
        desk.fill("input[name=password]", PASSWORD)
        desk.click("main button")
        desk.locator("section", has_text="花岡").locator("button").click()
        address = desk.locator(".sheet-url").inner_text()
        drawn = desk.locator(".sheet-code path").get_attribute("d")
        assert f'd="{drawn}"' in segno.make(address, error="m", micro=False).svg_inline()
        width = desk.locator(".sheet-code svg").bounding_box()
        assert width
        assert width["width"] >= 200, "60 mm on paper"

        typed: list[str] = []
        phone = watched(browser, {"width": 360, "height": 800})
        thumb = next(phone)
        thumb.expose_function("typed", lambda key: typed.append(key))
        thumb.add_init_script("addEventListener('keydown', (event) => typed(event.key))")
        thumb.goto(address)
        button = thumb.locator(".tap-go")
        box = button.bounding_box()
        assert box
        assert box["height"] >= LEAST_BUTTON_PX
        assert box["y"] + box["height"] <= 800, "without scrolling"
        button.click()
        expect(thumb).to_have_url(re.compile("/traps$"))
        own = thumb.locator("main [data-panel=traps]")
        expect(own).to_contain_text("岐宿の沢 2号")
        expect(own).to_contain_text("岐宿の沢 3号")
        expect(own.get_by_text("岐宿の沢 5号")).to_have_count(0)
        for path in ("/", "/api/devices.geojson", "/traps?show=all"):
            told = thumb.request.get(f"{url}{path}").text()
            assert "岐宿の沢 2号" in told
            assert "岐宿の沢 5号" not in told, path
        assert thumb.request.get(f"{url}/traps/trap-05").status == 404
        assert typed == []
        assert Client(url).post(address.removeprefix(url)).status_code == 404, "used up"
        for one in (office, phone):
            next(one, None)
    place.store.close()

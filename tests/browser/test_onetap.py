"""An alert's whole way: sensor, gateway, message, thumb on a phone, every open page. All of it real."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, expect

from dashboard.web.entry.passwords import hasher
from gateway.domain.model import Device, Role
from gateway.domain.people.person import UserRole
from gateway.store import Store
from tests.browser.conftest import SIZES, watched
from tests.gateway.alerts.channels.provider import OK, providing
from tests.support.people import keep, login
from tests.support.samples import TOKYO
from tests.support.servers import Mosquitto, wait_for
from tests.support.service import Sensor, Service, native, retained_message

pytestmark = pytest.mark.real

TRAP = Device(id="trap-07", role=Role.TRAP, name="三井楽-07", lat=32.7, lon=128.7)
CAMERA = Device(id="cam-01", role=Role.DETECTOR, lat=32.72, lon=128.75)
PEOPLE = """
[alerts]
line_url = "{line}"
[[people]]
name = "tanaka"
channels = ["line:TOKEN@U{zeros}"]
"""
LEAST_BUTTON_PX = 48


def service(folder: Path, broker: Mosquitto, line_url: str) -> Service:
    """A gateway that phones can reach, with one account."""
    made = Service(
        folder, broker.port, TRAP, CAMERA, extra=PEOPLE.format(line=line_url, zeros="0" * 32)
    )
    text = made.config.read_text()
    public = f'[dashboard]\npublic_url = "{made.url}"\ntiles = "none"'
    made.config.write_text(text.replace("[dashboard]", public))
    store = Store(made.database, TOKYO)
    keep(store, login("office", UserRole.OFFICIAL, hasher.hash("secret-word")))
    store.close()
    return made


def test_an_alert_is_answered_from_the_link_and_every_page_shows_it(
    tmp_path: Path, mosquitto: Mosquitto, browser: Browser
) -> None:
    with (
        providing(lambda _: OK) as provider,
        service(tmp_path / "gw", mosquitto, provider.url) as gw,
    ):
        status = "shishigaki/v1/goto/gateway/status"
        wait_for(
            lambda: retained_message(mosquitto.port, status) == b"online",
            "the gateway to listen",
            30,
        )
        office, phone = watched(browser, SIZES["desktop"]), watched(browser, SIZES["phone"])
        page, thumb = next(office), next(phone)
        page.goto(f"{gw.url}/login?next=/")
        page.fill("input[name=name]", "office")
        page.fill("input[name=password]", "secret-word")
        page.click("main button[type=submit]")
        expect(page.locator("#line[data-state=on]")).to_be_visible()

        sensor = Sensor(mosquitto.port)
        sensor.flush(sensor.send(*native("trap-07", "trap.sprung", 1)))
        sensor.close()
        expect(page.locator("[data-alert]")).to_contain_text("三井楽-07")
        wait_for(lambda: provider.taken, "the message")
        text: str = provider.taken[0].json["messages"][0]["text"]
        title, line, link = text.split("\n")
        assert len(f"{title} {line}") < 70
        assert "32.7" not in text
        assert urlsplit(link).path.startswith("/a/")

        thumb.goto(link)
        expect(thumb.locator("h1")).to_have_text("わなが作動")
        button = thumb.get_by_role("button", name="あと1時間で着きます")
        box = button.bounding_box()
        assert box
        assert box["height"] >= LEAST_BUTTON_PX
        assert thumb.evaluate("document.documentElement.scrollWidth <= innerWidth")
        expect(page.locator("[data-alert].status-acknowledged")).to_have_count(0)
        button.click()
        expect(thumb.locator(".tap-said")).to_contain_text("記録しました")
        expect(page.locator("[data-alert].status-acknowledged")).to_contain_text("tanaka")

        thumb.get_by_role("radio", name="イノシシ").check(force=True)
        thumb.get_by_role("button", name="捕獲を記録する").click()
        expect(thumb.locator(".tap-said")).to_contain_text("記録しました")
        expect(page.locator("[data-alert]")).to_have_count(0)

        page.goto(f"{gw.url}/traps")
        page.get_by_role("link", name="記録する").click()
        expect(page.locator(".tap-line")).to_contain_text("捕獲確認")
        thumb.goto(f"{gw.url}/login?next=/traps")
        thumb.fill("input[name=name]", "office")
        thumb.fill("input[name=password]", "secret-word")
        thumb.click("main button[type=submit]")
        expect(thumb.locator("tr.condition-captured")).to_have_count(1)
        page.get_by_role("button", name="止め刺し済").click()
        expect(page.locator(".tap-said")).to_contain_text("記録しました")
        expect(thumb.locator("tr.condition-dispatched")).to_have_count(1)  # without a reload
        for one in (office, phone):
            next(one, None)

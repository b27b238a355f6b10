"""Push messages in the installed application: asked for by a button, shown to their person only."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from gateway.alerts.channels import ChannelOptions
from gateway.alerts.channels.table import open_channel
from tests.browser.phone.rig import PhonePlace, log_in, log_out, phone, taken_along
from tests.gateway.alerts.channels.notifications import NOTIFICATION
from tests.gateway.alerts.channels.provider import OK, providing
from tests.gateway.alerts.channels.push_browser import PushBrowser
from tests.support.servers import wait_for

pytestmark = pytest.mark.real

# Chromium has no push service here: a subscription as the browser would make it, at our stand-in.
SUBSCRIBES = """(() => {
  const told = { endpoint: "%s", keys: %s };
  let one = null;
  PushManager.prototype.subscribe = async ({ applicationServerKey }) => {
    if (applicationServerKey.length !== 65) throw new Error("no key");
    const unsubscribe = async () => { one = null; return true; };
    one = { endpoint: told.endpoint, toJSON: () => told, unsubscribe };
    return one;
  };
  PushManager.prototype.getSubscription = async () => one;
})()"""
# A browser without a screen shows no messages: what the worker wants to show is noted instead.
NOTES = """() => {
  self.shown = [];
  self.registration.showNotification = async (title, more) => {
    self.shown.push([title, more.body, more.data.to, more.tag]);
  };
}"""


@pytest.fixture
def place(tmp_path: Path) -> Iterator[PhonePlace]:
    place = PhonePlace(tmp_path)
    yield place
    place.store.close()


def deliver(page: Page, url: str, told: object) -> None:
    """What the browser's push service does with a message."""
    wire = page.context.new_cdp_session(page)
    found: list[str] = []
    wire.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda event: found.extend(one["registrationId"] for one in event["registrations"]),
    )
    wire.send("ServiceWorker.enable")
    wait_for(lambda: found or page.evaluate("1") == 0, "the worker's registration")
    wire.send(
        "ServiceWorker.deliverPushMessage",
        {"origin": url, "registrationId": found[-1], "data": json.dumps(told)},
    )


def test_a_phone_asks_for_messages_gets_one_and_shows_it_to_its_person_only(
    browser: Browser, place: PhonePlace, tmp_path: Path
) -> None:
    own = PushBrowser()
    with (
        providing(lambda _: OK) as service,
        place.served() as url,
        phone(browser, tmp_path / "profile") as page,
    ):
        page.context.grant_permissions(["notifications"])
        script = SUBSCRIBES % (f"{service.url}/send/1", json.dumps(own.keys()))
        page.context.add_init_script(script)
        log_in(page, url, "hana")
        taken_along(page)
        page.goto(f"{url}/phone")
        page.get_by_role("button", name="この電話に知らせる").click()
        expect(page.locator("#push-said")).to_have_text("この電話に通知を送ります。")
        person = place.store.read_now(lambda reader: reader.people.find("hana"))
        assert person is not None
        assert [one.url for one in person.channels] == ["webpush:"]

        options = ChannelOptions(push=place.push_browsers, recipient="hana")

        async def send() -> str:
            return await open_channel("webpush:", options).send(NOTIFICATION)

        assert place.loop is not None
        asyncio.run_coroutine_threadsafe(send(), place.loop).result(20)
        told = own.read(service.calls[0].body)
        [worker] = page.context.service_workers
        worker.evaluate(NOTES)
        deliver(page, url, told)
        wait_for(lambda: worker.evaluate("self.shown.length") == 1, "the message")
        message = ["わなが作動", NOTIFICATION.text, "/traps/trap-01", "key-1"]
        assert worker.evaluate("self.shown") == [message]  # the tag: a repeat takes its place

        log_out(page)
        assert place.store.read_now(lambda reader: reader.push.of("hana")) == []
        log_in(page, url, "ken")
        deliver(page, url, told)
        wait_for(lambda: worker.evaluate("self.shown.length") == 2, "the late message")
        assert worker.evaluate("self.shown[1]") == ["Shishigaki", "", "/traps", "key-1"]


@pytest.mark.long
def test_a_phone_that_no_longer_wants_messages_is_forgotten(
    browser: Browser, place: PhonePlace, tmp_path: Path
) -> None:
    with place.served() as url, phone(browser, tmp_path / "profile") as page:
        page.context.grant_permissions(["notifications"])
        script = SUBSCRIBES % ("http://127.0.0.1:9/send/1", json.dumps(PushBrowser().keys()))
        page.context.add_init_script(script)
        log_in(page, url, "hana")
        page.goto(f"{url}/phone")
        page.get_by_role("button", name="この電話に知らせる").click()
        page.get_by_role("button", name="この電話への通知をやめる").click()
        expect(page.locator("#push-said")).to_have_text("この電話への通知をやめました。")
        person = place.store.read_now(lambda reader: reader.people.find("hana"))
        assert person is not None
        assert person.channels == ()
        assert place.store.read_now(lambda reader: reader.push.of("hana")) == []

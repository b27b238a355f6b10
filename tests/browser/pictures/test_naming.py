"""Pictures are named by the keyboard in real Chromium, at a person's pace, a burst at once, with an undo."""

import asyncio
import hashlib
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from gateway import app as service
from gateway.domain.pictures.picture import PictureSource
from gateway.ingest.pictures import taking
from gateway.ingest.pictures.arrival import Arrival, CameraFacts
from tests.dashboard.place import NOW, serving
from tests.dashboard.rights.house import PASSWORD, build
from tests.support import pictures
from tests.support.pace import patience_ms, slowness
from tests.support.servers import wait_for

pytestmark = pytest.mark.real
LOOK_S = 1.0  # that a person looks at a burst before the key
IN_BURST = 5
MOST_S = 180.0  # for 300 pictures


@pytest.fixture
def gateway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[service.Gateway]:
    monkeypatch.setattr(taking, "MOST_WAITING", 1_000)
    made = build(tmp_path)
    yield made
    made.store.close()


def fill(gateway: service.Gateway, number: int) -> None:
    """So many pictures of one camera, in bursts; the newest first on the page."""

    async def work() -> None:
        desk = gateway.pictures.taker
        for one in range(number):
            data = pictures.picture(width=320, height=240, shade=one)
            burst, place = divmod(one, IN_BURST)
            local = NOW - timedelta(minutes=2 * burst, seconds=-place)
            arrival = Arrival(
                "cam-own",
                hashlib.sha256(data).hexdigest(),
                len(data),
                PictureSource.UPLOAD,
                CameraFacts(local.isoformat()),
            )
            with desk.files.arriving() as arriving:
                arriving.write(data)
                arriving.end()
                await desk.take(arrival, arriving.path)
        await gateway.pictures.maker._all_waiting()
        await gateway.pictures.picture_reader.end()

    with ThreadPoolExecutor(1) as thread:  # the browser has a loop of its own in this one
        thread.submit(lambda: asyncio.run(work())).result()


def opened(browser: Browser, url: str) -> Page:
    page = browser.new_context(viewport={"width": 1366, "height": 860}, locale="ja-JP").new_page()
    page.set_default_timeout(patience_ms(20))
    page.goto(f"{url}/login?next=/pictures")
    page.locator("input[name=name]").fill("a-official")
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("main button[type=submit]").click()
    expect(page.locator("#shown")).to_be_visible()
    return page


def names(gateway: service.Gateway) -> dict[str | None, int]:
    """How many events have which name by people."""
    rows = gateway.store.read_now(
        lambda reader: list(
            reader._execute("SELECT species, count(*) FROM picture GROUP BY species")
        )
    )
    return dict(rows)


def name_all(page: Page, bursts: int) -> float:
    """Name every burst by a key, as a person would; how long it took, in seconds."""
    began = time.monotonic()
    for burst in range(bursts):
        expect(page.locator("#naming")).to_be_visible()
        wait_for(lambda: page.evaluate("document.getElementById('shown').complete"), "the picture")
        time.sleep(LOOK_S)
        page.keyboard.press(str(1 + burst % 9))
    expect(page.locator("#naming-done")).to_be_visible()
    expect(page.locator("#pictures-left")).to_contain_text(" 0枚")
    return time.monotonic() - began


def test_30_pictures_are_named_by_keys_and_a_wrong_key_is_undone(
    browser: Browser, gateway: service.Gateway
) -> None:
    fill(gateway, 30)
    with serving(service.pages(gateway, dict)) as (url, _):
        page = opened(browser, url)
        expect(page.locator("#film img")).to_have_count(IN_BURST)
        first = page.locator("#shown").get_attribute("src")
        page.keyboard.press("0")  # nothing: a mistake
        expect(page.locator("#shown")).not_to_have_attribute("src", first or "")
        page.keyboard.press("u")
        expect(page.locator("#shown")).to_have_attribute("src", first or "")
        page.keyboard.press("e")
        expect(page.locator("#evidence")).to_have_attribute("aria-pressed", "true")
        name_all(page, 30 // IN_BURST)
        page.context.close()
    assert names(gateway) == dict.fromkeys(
        ("boar", "deer", "monkey", "bear", "raccoon", "civet"), IN_BURST
    )
    evidence = gateway.store.read_now(
        lambda reader: next(iter(reader._execute("SELECT sum(evidence) FROM picture")))[0]
    )
    assert evidence == IN_BURST


@pytest.mark.long
def test_300_pictures_are_named_by_the_keyboard_in_three_minutes(
    browser: Browser, gateway: service.Gateway
) -> None:
    fill(gateway, 300)
    with serving(service.pages(gateway, dict)) as (url, _):
        page = opened(browser, url)
        took_s = name_all(page, 300 // IN_BURST)
        page.context.close()
    assert sum(names(gateway).values()) == 300
    assert None not in names(gateway)
    print(f"300 pictures in {took_s:.0f} s")
    assert took_s < MOST_S * slowness()

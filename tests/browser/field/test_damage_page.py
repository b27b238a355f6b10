"""The form of damage on a phone, in real Chromium: the place by a button, photos made smaller."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Geolocation, expect

from gateway import app as service
from gateway.domain.traps.photo import Photo
from tests.dashboard.place import NOW, serving
from tests.dashboard.rights.house import PASSWORD, build
from tests.support import pictures

pytestmark = pytest.mark.real

WAIT_MS = 20_000
PLACE: Geolocation = {"latitude": 32.690312, "longitude": 128.762491, "accuracy": 12}


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[service.Gateway]:
    made = build(tmp_path)
    yield made
    made.store.close()


def test_the_button_fills_the_place_and_a_photo_goes_with_the_record(
    browser: Browser, gateway: service.Gateway, tmp_path: Path
) -> None:
    photo = tmp_path / "field.jpg"
    photo.write_bytes(pictures.picture(width=2400, height=1800))
    said: list[str] = []
    with serving(service.pages(gateway, dict)) as (url, _):
        context = browser.new_context(
            viewport={"width": 360, "height": 800},
            has_touch=True,
            locale="ja-JP",
            geolocation=PLACE,
            permissions=["geolocation"],
        )
        page = context.new_page()
        page.set_default_timeout(WAIT_MS)
        page.on("console", lambda line: said.append(line.text))
        page.goto(f"{url}/login?next=/damage")
        page.locator("input[name=name]").fill("a-trapper")
        page.locator("input[name=password]").fill(PASSWORD)
        page.locator("main button[type=submit]").click()
        page.locator("input[name=crop]").fill("水稲")
        page.get_by_role("button", name="今いる所").tap()
        expect(page.locator("input[name=lat]")).to_have_value("32.690312", timeout=WAIT_MS)
        page.locator(".shoot input").set_input_files(photo)
        expect(page.locator(".shot-list li button")).to_have_count(1, timeout=WAIT_MS)
        page.get_by_role("button", name="記録する", exact=True).tap()
        expect(page.locator(".tap-said")).to_contain_text("記録しました", timeout=WAIT_MS)
        context.close()
    day = NOW.date()
    years = (day.replace(year=day.year - 1), day.replace(year=day.year + 1))
    [one] = gateway.store.read_now(lambda reader: reader.damage.between(*years))
    kept: list[Photo] = gateway.store.read_now(lambda reader: reader.photos.all())
    assert (one.lat, one.lon, one.crop) == (32.690312, 128.762491, "水稲")
    assert [(photo.sent_sha256, photo.width) for photo in kept] == [(one.photos[0], 1600)]
    assert not [line for line in said if "Content Security Policy" in line]

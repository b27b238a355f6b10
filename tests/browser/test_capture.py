"""The form of a capture in real Chromium: few taps, no keyboard, small photos, the place only when asked."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect

from gateway import app as service
from gateway.domain.model import TrapAction
from gateway.domain.traps.photo import Photo
from gateway.domain.traps.trap_action import Position
from gateway.parts import links
from tests.dashboard.place import NOW, serving
from tests.dashboard.rights.house import build
from tests.support import pictures
from tests.support.pace import patience_ms

pytestmark = pytest.mark.real

CAMERA_TAPS = 2  # the shutter, and "use this photo": in the phone's own camera
MOST_TAPS = 6
NOTIFICATION = 1  # the tap on the link in the message
LEAST_PX = 48
WAIT_S = 20.0  # on a quiet machine
PHONE = {"width": 360, "height": 800}
COUNTING = """
window.taps = 0; window.keys = 0;
addEventListener("click", (event) => { if (event.isTrusted && event.detail) window.taps += 1; }, true);
addEventListener("keydown", () => { window.keys += 1; }, true);
"""
FIELDS = [
    {
        "key": "part",
        "ja": "切り取った部位",
        "en": "Body part",
        "kind": "choice",
        "choices": ["尾", "耳"],
    },
    {"key": "buried", "ja": "埋設した", "kind": "yes-no"},
]


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[service.Gateway]:
    made = build(
        tmp_path,
        people=[{"name": "a-trapper", "channels": ["console:"]}],
        paperwork={"fields": FIELDS},
    )
    yield made
    made.store.close()


@pytest.fixture
def link(gateway: service.Gateway) -> Iterator[str]:
    """The address in the message about a trap that has sprung."""
    alerts = gateway.store.read_now(lambda r: r.open_alerts_about("trap-own"))
    token = links(gateway).token(alerts[0].id, "a-trapper", NOW)
    with serving(service.pages(gateway, dict)) as (url, _):
        yield f"{url}/a/{token}"


@contextmanager
def phone(browser: Browser, **settings: Any) -> Iterator[Page]:
    """A phone's page without console errors; it counts taps and keys."""
    context = browser.new_context(
        **{
            "viewport": PHONE,
            "locale": "ja-JP",
            "timezone_id": "Asia/Tokyo",
            "has_touch": True,
            "is_mobile": True,
            **settings,
        }
    )
    with watched(context) as page:
        yield page


@contextmanager
def watched(context: BrowserContext) -> Iterator[Page]:
    context.add_init_script(COUNTING)
    context.set_default_timeout(patience_ms(WAIT_S))
    page, errors = context.new_page(), list[str]()
    page.on("console", lambda entry: errors.append(entry.text) if entry.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert [one for one in errors if "status of 422" not in one] == []  # the answer of one test


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A photo as a phone takes it: 12 megapixels, with its time and its place."""
    path = tmp_path_factory.mktemp("photo") / "IMG_0001.jpg"
    path.write_bytes(pictures.picture("JPEG", 4000, 3000))
    return path


def records(gateway: service.Gateway) -> list[TrapAction]:
    return gateway.store.read_now(lambda r: r.acts("trap-own"))


def kept(gateway: service.Gateway) -> list[Photo]:
    return gateway.store.read_now(lambda r: r.photos.all())


def shoot(page: Page, photo: Path) -> None:
    """Tap the camera's button; the camera gives this photo."""
    with page.expect_file_chooser() as chooser:
        page.locator(".shoot input").tap()
    chooser.value.set_files(photo)
    expect(page.locator(".shot-list canvas")).to_have_count(1, timeout=patience_ms(WAIT_S))


def test_from_the_notification_to_a_recorded_capture_with_a_photo_are_six_taps_and_no_key(
    browser: Browser, gateway: service.Gateway, link: str, photo: Path
) -> None:
    with phone(browser) as page:
        page.goto(link)
        shoot(page, photo)
        page.get_by_role("radio", name="イノシシ").tap()
        taps = page.evaluate("taps") + 1  # the next tap leaves the page
        keys, sent = page.evaluate("keys"), bytes(page.evaluate(FIRST_FILE))
        page.get_by_role("button", name="捕獲を記録する").tap()
        expect(page.locator(".tap-said")).to_contain_text("写真 1 枚を保存しました")
        assert NOTIFICATION + CAMERA_TAPS + taps <= MOST_TAPS
        assert keys == 0
    [act] = records(gateway)
    [stored] = kept(gateway)
    assert (act.by, act.species, act.count, act.at) == ("a-trapper", "boar", 1, NOW)
    assert act.photos == (stored.sent_sha256,)
    assert stored.taken == "2026-11-28T06:10:00", "the time that the camera wrote came along"
    assert stored.sent_bytes == len(sent) < photo.stat().st_size / 2
    assert pictures.SECRET in photo.read_bytes(), "control: the camera's file tells the place"
    assert pictures.SECRET not in sent, "what the phone sends does not"
    with Image.open(io.BytesIO(sent)) as shown:
        assert shown.size == (1600, 1200)


def test_without_javascript_the_plain_form_records_the_capture_with_its_photo(
    browser: Browser, gateway: service.Gateway, link: str, photo: Path
) -> None:
    with phone(browser, java_script_enabled=False) as page:
        page.goto(link)
        page.locator(".shoot input").set_input_files(photo)
        page.get_by_role("radio", name="ニホンジカ").check(force=True)
        page.get_by_role("button", name="捕獲を記録する").click()
        expect(page.locator(".tap-said")).to_contain_text("写真 1 枚を保存しました")
    [act] = records(gateway)
    [stored] = kept(gateway)
    assert (act.species, act.photos) == ("deer", (stored.sent_sha256,))
    assert (stored.width, stored.height) == (1600, 1200)
    assert stored.sent_bytes == photo.stat().st_size


def test_everything_the_form_asks_arrives(
    browser: Browser, gateway: service.Gateway, link: str
) -> None:
    place = {"latitude": 32.69, "longitude": 128.76, "accuracy": 14}
    with phone(browser, geolocation=place, permissions=["geolocation"]) as page:
        page.goto(link)
        page.get_by_text("ほかの獣").tap()
        page.get_by_role("radio", name="ヌートリア").tap()
        page.locator("select[name=count]").select_option("3")
        page.get_by_role("radio", name="メス").tap()
        page.get_by_role("radio", name="幼獣").tap()
        page.locator("select[name='field.part']").select_option("尾")
        page.get_by_role("radio", name="はい").tap()
        page.get_by_text("時刻（今").tap()
        page.get_by_label("時刻（入れなければ今）").fill("2026-11-23T06:10")
        page.get_by_label("体重（kg）").fill("6.5")
        page.get_by_role("button", name="ここの場所を付ける").tap()
        expect(page.locator(".place [role=status]")).to_contain_text("誤差 約14 m")
        page.get_by_role("button", name="錯誤捕獲として記録する").tap()
        expect(page.locator(".tap-said")).to_contain_text("記録しました")
    [act] = records(gateway)
    assert (act.deed, act.species, act.count, act.sex, act.age) == (
        "non_target",
        "nutria",
        3,
        "female",
        "young",
    )
    assert (act.weight_kg, act.fields) == (6.5, {"part": "尾", "buried": "yes"})
    assert act.at.isoformat() == "2026-11-22T21:10:00+00:00"
    assert act.position == Position(32.69, 128.76, 14.0)


@pytest.mark.long
def test_the_place_is_never_taken_without_a_tap_and_a_refusal_is_told(
    browser: Browser, gateway: service.Gateway, link: str
) -> None:
    place = {"latitude": 32.69, "longitude": 128.76, "accuracy": 14}
    with phone(browser, geolocation=place, permissions=[]) as page:
        page.goto(link)
        page.get_by_text("時刻（今").tap()
        page.get_by_role("button", name="ここの場所を付ける").tap()
        expect(page.locator(".place [role=status]")).to_contain_text("許されていません")
    with phone(browser, geolocation=place, permissions=["geolocation"]) as page:
        page.goto(link)
        page.get_by_role("radio", name="イノシシ").tap()
        page.get_by_role("button", name="捕獲を記録する").tap()
        expect(page.locator(".tap-said")).to_contain_text("記録しました")
    assert [act.position for act in records(gateway)] == [None]


def test_a_kind_of_photo_that_the_browser_cannot_read_is_sent_as_it_is_and_one_can_be_removed(
    browser: Browser, gateway: service.Gateway, link: str, tmp_path: Path
) -> None:
    heic, script = tmp_path / "a.heic", tmp_path / "b.jpg"
    heic.write_bytes(pictures.picture("HEIF"))
    script.write_bytes(pictures.SVG)
    with phone(browser) as page:
        page.goto(link)
        page.locator(".gallery input").set_input_files([heic, script])
        expect(page.locator(".shot-list li")).to_have_count(2)
        page.get_by_role("button", name="外す 写真 2").tap()
        expect(page.locator(".shot-list li")).to_have_count(1)
        page.get_by_role("radio", name="イノシシ").tap()
        page.get_by_role("button", name="捕獲を記録する").tap()
        expect(page.locator(".tap-said")).to_contain_text("写真 1 枚を保存しました")
    assert [one.kind for one in kept(gateway)] == ["heif"]


def test_a_field_that_cannot_be_used_is_named_and_nothing_filled_in_is_lost(
    browser: Browser, gateway: service.Gateway, link: str, photo: Path
) -> None:
    with phone(browser) as page:
        page.goto(link)
        shoot(page, photo)
        page.get_by_role("radio", name="ニホンジカ").tap()
        page.get_by_text("時刻（今").tap()
        page.get_by_label("時刻（入れなければ今）").fill("2020-01-01T06:10")
        page.get_by_role("button", name="捕獲を記録する").tap()
        expect(page.locator(".tap-said")).to_contain_text("時刻が読めない")
        assert records(gateway) == []
        expect(page.get_by_role("radio", name="ニホンジカ")).to_be_checked()
        page.get_by_label("時刻（入れなければ今）").fill("")
        page.get_by_role("button", name="捕獲を記録する").tap()
        expect(page.locator(".tap-said")).to_contain_text("記録しました")
    [act] = records(gateway)
    assert (act.species, len(act.photos), len(kept(gateway))) == ("deer", 1, 1)


@pytest.mark.long
@pytest.mark.parametrize("width", [320, 360])
@pytest.mark.parametrize("zoom", [1, 2])
def test_no_part_of_the_form_is_wider_than_the_phone_and_targets_are_large(
    browser: Browser, link: str, photo: Path, width: int, zoom: int
) -> None:
    with phone(browser, viewport={"width": width, "height": 800}) as page:
        page.goto(link)
        page.evaluate(
            "zoom => { document.documentElement.style.fontSize = `${112.5 * zoom}%`; }", zoom
        )
        for summary in page.locator(".capture details summary").all():
            summary.tap()
        shoot(page, photo)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        small = page.evaluate(SMALL_TARGETS, LEAST_PX)
        assert small == []


FIRST_FILE = """
async () => [...new Uint8Array(await document.querySelector(".gallery input").files[0].arrayBuffer())]
"""
SMALL_TARGETS = """
least => [...document.querySelectorAll(".tap button, .tap .pick, .tap select, .tap summary, .tap input")]
  .filter((one) => one.offsetParent && one.type !== "hidden" && one.type !== "radio")
  .map((one) => ({ one, box: one.getBoundingClientRect() }))
  .filter(({ box }) => Math.min(box.height, box.width) < least - 0.5)
  .map(({ one, box }) => `${one.tagName} ${one.className} ${one.name || ""} ${box.width} x ${box.height}`)
"""


def test_a_keyboard_reaches_and_changes_every_choice(
    browser: Browser, gateway: service.Gateway, link: str
) -> None:
    with phone(browser, is_mobile=False, has_touch=False) as page:
        page.goto(link)
        page.get_by_role("radio", name="イノシシ").focus()
        page.keyboard.press("ArrowDown")
        expect(page.get_by_role("radio", name="ニホンジカ")).to_be_checked()
        seen = set()
        for _ in range(40):
            page.keyboard.press("Tab")
            seen.add(
                page.evaluate("document.activeElement.name || document.activeElement.className")
            )
        assert {"count", "sex", "age", "field.part", "field.buried", "do"} <= seen
        page.get_by_role("button", name="捕獲を記録する").press("Enter")
        expect(page.locator(".tap-said")).to_contain_text("記録しました")
    assert [act.species for act in records(gateway)] == ["deer"]

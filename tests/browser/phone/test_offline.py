"""The phone without signal, in a real Chromium with a lasting profile: shown, recorded, killed, sent once."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, expect

from dashboard.trapper.phone.acts import PROMPT
from gateway.domain.model import ActionKind
from tests.browser.phone.rig import (
    PhonePlace,
    kill,
    log_in,
    log_out,
    phone,
    prepared,
    press,
    record,
    started,
    taken_along,
)
from tests.support.pace import patience_ms
from tests.support.servers import wait_for

pytestmark = pytest.mark.real


@pytest.fixture
def place(tmp_path: Path) -> Iterator[PhonePlace]:
    place = PhonePlace(tmp_path)
    yield place
    place.store.close()


def photo_of(folder: Path) -> Path:
    """A picture as a camera makes it, larger than what is sent."""
    path = folder / "boar.jpg"
    Image.effect_noise((2_400, 1_800), 80).convert("RGB").save(path, quality=90)
    return path


@pytest.mark.long
def test_a_cold_start_without_signal_shows_the_list_the_map_and_each_trap_with_their_age(
    browser: Browser, place: PhonePlace, tmp_path: Path
) -> None:
    profile = tmp_path / "profile"
    url = prepared(place, browser, profile)
    with phone(browser, profile) as page:  # started again; the gateway is out of reach
        page.goto(f"{url}/traps")
        expect(page.locator("main")).to_contain_text("岐宿の沢 1号")
        expect(page.locator("#line")).to_contain_text("古い表示")
        page.goto(f"{url}/traps/trap-1")
        expect(page.locator("h1")).to_have_text("岐宿の沢 1号")
        expect(page.locator("#age")).to_contain_text("古い表示")
        page.goto(url)
        page.wait_for_selector("body[data-map=ready]")
        page.wait_for_selector("body[data-coast=drawn]")
        expect(page.locator("[data-device=trap-1]")).to_be_visible()
        expect(page.locator("#line")).to_contain_text("古い表示")


def test_acts_without_signal_outlive_the_browser_and_another_person_and_are_sent_once_in_order(
    browser: Browser, place: PhonePlace, tmp_path: Path
) -> None:
    profile = tmp_path / "profile"
    url = prepared(place, browser, profile)
    port, before = int(url.rsplit(":", 1)[1]), datetime.now(UTC)
    page = started(browser, profile).pages[0]
    record(page, url, "trap-1", "captured", photo_of(tmp_path))
    expect(page.locator(".tap-said")).to_contain_text("この電話に入れました")
    press(page, "dispatched")  # the page offers what may follow, in its order
    record(page, url, "trap-2", "false_spring")
    expect(page.locator("#waiting")).to_have_text("送信待ち 3")
    kill(profile)
    after = datetime.now(UTC)
    with place.served(port), phone(browser, profile) as page:
        page.context.clear_cookies()  # hana's session is gone; ken takes the phone
        log_in(page, url, "ken")
        expect(page.locator("main")).to_contain_text("岐宿の沢 1号")
        expect(page.locator("#waiting")).to_be_hidden()
        page.goto(f"{url}/phone")
        expect(page.locator("#queue")).to_be_empty()
        assert place.acts() == [], "nothing is sent in another person's name"
        log_out(page)
        expect(page.locator("#phone-left")).to_be_visible()
        log_in(page, url, "hana")
        wait_for(lambda: len(place.acts()) == 3, "the acts to be sent")
        expect(page.locator("#waiting")).to_be_hidden(timeout=patience_ms(20))
    found = place.acts()
    assert [(act.device, act.deed.value, act.by) for act in found] == [
        ("trap-1", "captured", "hana"),
        ("trap-1", "dispatched", "hana"),
        ("trap-2", "false_spring", "hana"),
    ]
    [photo] = found[0].photos
    assert place.store.read_now(lambda reader: reader.photos.find(photo)) is not None
    assert before <= found[0].at <= found[1].at <= found[2].at <= after + PROMPT


@pytest.mark.long
def test_an_answer_that_is_lost_after_the_commit_makes_no_second_act(
    browser: Browser, place: PhonePlace, tmp_path: Path
) -> None:
    with place.served() as url, phone(browser, tmp_path / "profile") as page:
        log_in(page, url, "hana")
        taken_along(page)
        place.answers_lost = 2
        record(page, url, "trap-1", "captured")
        wait_for(lambda: place.answers_lost == 0 or page.reload(), "both answers to be lost")
        assert len(place.acts()) == 1, "the gateway has recorded it"
        page.goto(f"{url}/phone")
        expect(page.locator("#queue li[data-state=done]")).to_have_count(1)
        expect(page.locator("#waiting")).to_be_hidden()
    assert place.asked >= 3
    assert len(place.acts()) == 1


@pytest.mark.long
def test_what_somebody_else_recorded_meanwhile_is_shown_and_the_person_decides(
    browser: Browser, place: PhonePlace, tmp_path: Path
) -> None:
    profile = tmp_path / "profile"
    url = prepared(place, browser, profile)
    with phone(browser, profile) as page:
        record(page, url, "trap-1", "captured")
        record(page, url, "trap-2", "captured")
        record(page, url, "trap-3", "captured")
    for trap in ("trap-1", "trap-2"):
        place.act(trap, ActionKind.FALSE_SPRING, "ken")
    with place.served(int(url.rsplit(":", 1)[1])), phone(browser, profile) as page:
        page.goto(f"{url}/phone")
        expect(page.locator("#queue li[data-state=conflict]")).to_have_count(2)
        expect(page.locator("#waiting")).to_have_text("確認が必要 2")
        first = page.locator("#queue li[data-state=conflict]").first
        expect(first).to_contain_text("ken")
        expect(first).to_contain_text("空はじき")
        assert [act.by for act in place.acts()] == ["ken", "ken", "hana"], "nothing is overwritten"
        first.get_by_role("button", name="訂正として送る").click()
        expect(page.locator("#queue li[data-state=conflict]")).to_have_count(1)
        page.locator("#queue").get_by_role("button", name="やめる").click()
        expect(page.locator("#waiting")).to_be_visible()  # one tap deletes nothing
        page.locator("#queue").get_by_role("button", name="本当にやめる").click()
        expect(page.locator("#waiting")).to_be_hidden()
    last = place.acts()[-1]
    assert (last.by, last.deed, last.replaces) == ("hana", ActionKind.CAPTURED, place.acts()[0].id)
    assert len(place.acts()) == 4

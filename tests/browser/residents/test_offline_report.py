"""A resident's report without signal in a real Chromium: kept, sent once, merged, answered, seen as done."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace
from playwright.sync_api import Browser, Page, expect

from dashboard.public.residents import resident_routes
from gateway.alerts.policy import Policy
from gateway.clock import Clock, utc_now
from gateway.config.residents.reports import Reports
from gateway.domain.reports.life import ReportChange, Wish
from gateway.domain.reports.report import Report
from gateway.domain.resident_reports import SightingKind
from gateway.ingest.photos.keeping import PhotoKeeper
from gateway.ingest.reports import changing, taking
from tests.dashboard.place import Place
from tests.support.pace import patience_ms
from tests.support.pictures import SECRET, picture
from tests.support.servers import wait_for

pytestmark = pytest.mark.real
LAT, LON = 32.695123, 128.841257
KEPT = """async () => {
  const ready = await navigator.serviceWorker.ready;
  for (const name of await caches.keys()) {
    if (await (await caches.open(name)).match("/report")) return Boolean(ready.active);
  }
  return false;
}"""
HASH = "() => ReportSend.sha256('abc').map((one) => (one >>> 0).toString(16).padStart(8, '0')).join('')"


class ReportPlace(Place):
    """A place in the present that takes residents' reports."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        photos = replace(self.config.photos, folder=str(folder / "photos"))
        self.config = replace(self.config, photos=photos, reports=Reports(enabled=True))
        self.policy = Policy(self.config, ())
        self.keeper = PhotoKeeper(self.store, self.config, self.clock)
        self.more = resident_routes(
            self.store, self.feed, self.policy, self.config, self.clock, self.keeper
        )

    @property
    def clock(self) -> Clock:
        """The machine's clock, as the browser has it."""
        return utc_now

    def reports(self) -> list[Report]:
        """What arrived, the newest first."""
        return self.store.read_now(lambda reader: reader.reports.newest())

    def report(self, id_: str) -> None:
        """Another resident saw the same."""
        now = utc_now()
        one = Report(
            id=id_,
            kind=SightingKind.SIGHTING,
            species="boar",
            at=now,
            lat=LAT + 0.001,
            lon=LON,
            received_at=now,
        )
        self.store.write_now(lambda tx: taking.take(tx, one, "", self.policy, now))

    def close_report(self, id_: str, text: str) -> None:
        """An official answers."""
        wish = Wish(ReportChange.CLOSE, "yamada", utc_now(), text)
        self.store.write_now(lambda tx: changing.act(tx, id_, wish, self.policy))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[ReportPlace]:
    place = ReportPlace(tmp_path)
    yield place
    place.store.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A resident's phone, which knows where it is."""
    context = browser.new_context(
        viewport={"width": 360, "height": 740},
        locale="ja-JP",
        timezone_id="Asia/Tokyo",
        geolocation={"latitude": LAT, "longitude": LON, "accuracy": 12},
        permissions=["geolocation"],
    )
    context.set_default_timeout(patience_ms(15))
    yield context.new_page()
    context.close()


def fill(page: Page, folder: Path) -> None:
    """What a resident does at the road."""
    photo = folder / "boar.jpg"
    photo.write_bytes(picture())
    page.locator(".pick", has_text=re.compile("^見た$")).click()
    page.select_option("select[name=species]", "boar")
    page.click("#here")
    expect(page.locator("#placed")).to_contain_text("12m")
    page.fill("textarea", "通学路にいた")
    page.set_input_files("input[type=file]", photo)
    page.click(".go")


def test_a_report_without_signal_is_sent_once_later_merged_answered_and_seen_as_done(
    page: Page, place: ReportPlace, tmp_path: Path
) -> None:
    with place.served() as url:
        page.goto(f"{url}/report")
        wait_for(lambda: page.evaluate(KEPT), "the form to be kept", 30)
        known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        assert page.evaluate(HASH) == known, "the script's own SHA-256"
    page.goto(f"{url}/report")  # the gateway is out of reach
    fill(page, tmp_path)
    expect(page.locator("#said")).to_contain_text("この端末に保存しました")
    page.goto(f"{url}/report")
    expect(page.locator("#mine li")).to_have_attribute("data-state", "waiting")
    place.report("1" * 32)
    with place.served(int(url.rsplit(":", 1)[1])):
        page.evaluate("window.dispatchEvent(new Event('online'))")
        expect(page.locator("#mine li")).to_have_attribute("data-state", "done")
        page.evaluate("window.dispatchEvent(new Event('online'))")
        place.report("2" * 32)
        sent = next(one for one in place.reports() if len(set(one.id)) > 1)
        assert len(place.reports()) == 3
        assert (sent.lat, sent.lon, sent.accuracy_m) == (LAT, LON, 12.0)
        assert {one.head for one in place.reports()} == {"", "1" * 32}
        [photo] = sent.photos
        kept = place.store.read_now(lambda reader: reader.photos.find(photo))
        assert kept
        assert SECRET not in (place.keeper.files.read(kept.kept_sha256) or SECRET)
        place.close_report("1" * 32, "追い払いました。ありがとうございます。")
        page.click("#mine a")
        expect(page.locator(".status")).to_have_text("済")
        expect(page.locator("main")).to_contain_text("追い払いました")
        expect(page.locator("main")).to_contain_text("3 件")
        assert str(LAT) not in page.content()

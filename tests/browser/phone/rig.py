"""A trapper's phone in a real Chromium with a profile of its own, and the gateway's pages that it reaches."""

import contextlib
import os
import re
import signal
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from msgspec.structs import replace
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect
from playwright.sync_api import Error as PlaywrightError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.trapper.phone.acts import Acts
from dashboard.trapper.phone.offline_pages import OfflinePages
from dashboard.trapper.phone.push import PushPages
from dashboard.trapper.photos import PhotoPages
from dashboard.trapper.trap_page import TrapPage
from dashboard.web.entry.passwords import hasher
from dashboard.web.responses import Reply
from gateway.alerts.channels.push_browsers import StoredPushBrowsers
from gateway.alerts.links import Links
from gateway.alerts.policy import Policy
from gateway.clock import Clock, utc_now
from gateway.domain.model import ActionKind, Device, Kind, Role, TrapAction
from gateway.domain.people.person import UserRole
from gateway.ingest.people import actions
from gateway.ingest.photos.keeping import PhotoKeeper
from tests.browser.conftest import FLAGS
from tests.dashboard.place import Place, reading
from tests.support.pace import patience_ms
from tests.support.people import keep, login
from tests.support.servers import wait_for

SIZE: ViewportSize = {"width": 360, "height": 800}
WORD = "secret-word-1"


def traps(number: int) -> tuple[Device, ...]:
    """Traps along a stream."""
    return tuple(
        Device(
            id=f"trap-{n}",
            role=Role.TRAP,
            name=f"岐宿の沢 {n}号",
            lat=32.70 + 0.001 * n,
            lon=128.75 + 0.002 * n,
        )
        for n in range(1, number + 1)
    )


TRAPS = traps(4)


class PhonePlace(Place):
    """A place in the present with two trappers who may log in and record."""

    def __init__(self, folder: Path, devices: Sequence[Device] = TRAPS, map_pack: str = "") -> None:
        super().__init__(folder, map_pack=map_pack)
        photos = replace(self.config.photos, folder=str(folder / "photos"))
        self.config = replace(self.config, photos=photos)
        hashed = hasher.hash(WORD)
        keep(self.store, *(login(name, UserRole.TRAPPER, hashed) for name in ("hana", "ken")))
        self.policy = Policy(self.config, ())
        reply = Reply(self.config)
        keeper = PhotoKeeper(self.store, self.config, self.clock)
        trap = TrapPage(self.store, self.feed, reply, self.policy, self.clock, keeper)
        links = Links("secret")
        pictures = PhotoPages(self.store, keeper, reply, self.policy, links, self.clock)
        acts = Acts(self.store, self.feed, reply, self.policy, self.clock)
        self.push_browsers = StoredPushBrowsers(self.store, "https://wall.example")
        services = ("127.0.0.1:*",)
        push = PushPages(self.store, self.push_browsers, services, reply, self.clock)
        self.asked = self.answers_lost = 0
        self._record = acts.record
        posting = Route("/acts", self.record, methods=["POST"])
        self.more = [
            *push.routes(),
            posting,
            *pictures.routes(),
            *OfflinePages(self.store, trap.show, map_pack).routes(),
            *trap.routes(),
        ]
        self.store.write_now(lambda tx: tx.put_devices(devices))
        start = utc_now() - timedelta(hours=2)
        self.hear(*(reading(one.id, Kind.SET, start) for one in devices))
        self.hear(
            *(reading(one.id, Kind.SPRUNG, start + timedelta(hours=1)) for one in devices[:3])
        )

    @property
    def clock(self) -> Clock:
        """The machine's clock, as the browser has it."""
        return utc_now

    async def record(self, request: Request) -> Response:
        """What the gateway does; the connection may break before its answer is whole."""
        self.asked += 1
        answer = await self._record(request)
        if self.answers_lost:
            self.answers_lost -= 1
            answer.headers["content-length"] = "9000"
        return answer

    def acts(self) -> list[TrapAction]:
        """What is recorded, in the order of recording."""
        return sorted(
            self.store.read_now(lambda reader: reader.acts()), key=lambda one: one.recorded_at
        )

    def act(self, device: str, deed: ActionKind, by: str) -> None:
        """Somebody records something by other means."""
        now = datetime.now(UTC)
        act = TrapAction(
            id=uuid4().hex,
            device=device,
            deed=deed,
            at=now,
            by=by,
            recorded_at=now,
        )
        self.store.write_now(lambda tx: actions.record(tx, act, self.policy, now))


@contextlib.contextmanager
def phone(browser: Browser, profile: Path) -> Iterator[Page]:
    """A page of the phone's browser; what the profile holds stays for the next time."""
    context = started(browser, profile)
    try:
        yield context.pages[0]
    finally:
        with contextlib.suppress(PlaywrightError):  # a test may have killed it
            context.close()


def started(browser: Browser, profile: Path) -> BrowserContext:
    """The phone's browser, on a screen of 360 x 800."""
    context = browser.browser_type.launch_persistent_context(
        str(profile),
        executable_path="/usr/bin/chromium",
        args=FLAGS,
        viewport=SIZE,
        locale="ja-JP",
        timezone_id="Asia/Tokyo",
    )
    context.set_default_timeout(patience_ms(15))
    return context


def kill(profile: Path) -> None:
    """kill -9 to every process of the phone's browser, as when the battery is taken out."""
    numbers = [int(one.name) for one in Path("/proc").iterdir() if one.name.isdigit()]
    found = [pid for pid in numbers if _is_of(pid, profile)]
    assert found
    for pid in found:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not any(_is_of(pid, profile) for pid in found), "the browser to be gone")
    (profile / "SingletonLock").unlink(missing_ok=True)


def _is_of(pid: int, profile: Path) -> bool:
    with contextlib.suppress(OSError):
        return f"--user-data-dir={profile}" in Path(f"/proc/{pid}/cmdline").read_text()
    return False


def log_in(page: Page, url: str, name: str) -> None:
    """Log in and open the list of traps."""
    page.goto(f"{url}/login?next=/traps")
    page.fill("input[name=name]", name)
    page.fill("input[name=password]", WORD)
    page.click("main button[type=submit]")
    page.wait_for_url(f"{url}/traps")


def log_out(page: Page) -> None:
    """Log out by the button in the header."""
    page.locator("form[action='/logout'] button").click()
    page.wait_for_url(re.compile("/login"))


TAKEN = """async (addresses) => {
  for (const name of await caches.keys()) {
    if (!name.startsWith("pages-")) continue;
    const cache = await caches.open(name);
    const found = await Promise.all(addresses.map((one) => cache.match(one)));
    if (found.every(Boolean)) return true;
  }
  return false;
}"""


def taken_along(page: Page, *more: str, deadline_s: float = 30) -> None:
    """Wait until the phone has the list, the map and the traps' pages."""
    wanted = ["/traps", "/", "/map/coast.geojson", "/traps/trap-1", *more]
    wait_for(lambda: page.evaluate(TAKEN, wanted), "the pages to be taken along", deadline_s)


def prepared(place: PhonePlace, browser: Browser, profile: Path) -> str:
    """hana has logged in once, and her phone has taken everything along; gives the address."""
    with place.served() as url, phone(browser, profile) as page:
        log_in(page, url, "hana")
        taken_along(page)
    return url


def record(page: Page, url: str, trap: str, deed: str, photo: Path | None = None) -> None:
    """Open a trap's page and record something there."""
    page.goto(f"{url}/traps/{trap}")
    press(page, deed, photo)


def press(page: Page, deed: str, photo: Path | None = None) -> None:
    """Press the button of an action; of an animal also its species, perhaps with a photo."""
    button = page.locator(f"#content button[name=do][value={deed}]").first
    if deed == "captured":
        if not page.locator("details.capture[open]").count():
            page.locator("details.capture > summary").click()
        if photo:
            page.locator(".gallery input[type=file]").set_input_files(photo)
            expect(page.locator(".shot-list button")).to_have_count(1)
        page.locator(".capture-form .pick", has_text="イノシシ").first.click()
    button.click()
    expect(page.locator(".tap-said")).not_to_have_attribute("data-phone", "sending")

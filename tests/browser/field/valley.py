"""A trapper with 60 traps of their own and twelve of somebody else, and a phone of 360 x 800."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from msgspec.structs import replace
from playwright.sync_api import Browser, BrowserContext, Page

from dashboard.trapper.patrol.pages import PatrolPages
from dashboard.trapper.phone.acts import Acts
from dashboard.trapper.phone.offline_pages import OfflinePages
from dashboard.trapper.trap_page import TrapPage
from dashboard.web.entry.passwords import hasher
from dashboard.web.responses import Reply
from gateway.alerts.policy import Policy
from gateway.config.thresholds import Limits
from gateway.domain.model import Device, Kind, Role
from gateway.domain.people.person import Person, UserRole
from tests.dashboard.place import Place, ago, reading
from tests.support.people import keep

PHONE = {"width": 360, "height": 800}
PASSWORD = "くらいよみちにわなひとつ"
OWN = tuple(
    Device(
        id=f"own-{n:02}",
        role=Role.TRAP,
        name=f"三井楽高崎の尾根 {n}号",
        area="三井楽",
        lat=32.70 + 0.002 * (n % 8),
        lon=128.68 + 0.0021 * (n // 8),
        trap_type="snare",
    )
    for n in range(1, 61)
)


class Valley(Place):
    """The place, whose pages show and take what a trapper does."""

    def __init__(
        self, folder: Path, own: Sequence[Device] = OWN, rules: Limits | None = None
    ) -> None:
        super().__init__(folder)
        self.config = replace(self.config, rules=rules or Limits())
        self.settle()
        self.store.write_now(lambda tx: tx.put_devices(own))
        self.hear(*(reading(t.id, Kind.SET, ago(days=3), battery_pct=88.0) for t in own))
        self.hear(*(reading(t.id, Kind.HEARTBEAT, ago(hours=2), battery_pct=80.0) for t in own))
        self.person = Person(
            name="tanaka",
            role=UserRole.TRAPPER,
            places=("三井楽",),
            password_hash=hasher.hash(PASSWORD),
        )
        keep(self.store, self.person)
        self.policy = Policy(self.config, people={"tanaka": self.person})
        reply = Reply(self.config)
        given = (self.store, self.feed, reply, self.policy, self.clock)
        trap = TrapPage(*given)
        self.more = [
            *Acts(*given).routes(),
            *trap.routes(),
            *PatrolPages(*given).routes(),
            *OfflinePages(self.store, trap.show).routes(),
        ]

    def later(self, **span: float) -> None:
        """Time passes."""
        self.now = self.now + timedelta(**span)


def log_in(page: Page, url: str) -> None:
    """The trapper logs in."""
    page.goto(f"{url}/login?next=/traps")
    page.fill("input[name=name]", "tanaka")
    page.fill("input[name=password]", PASSWORD)
    page.click("main button[type=submit]")
    page.wait_for_url(f"{url}/traps")


@contextmanager
def phone(browser: Browser, **options: Any) -> Iterator[tuple[BrowserContext, Page]]:
    """A phone; an error on its console fails the test, unless it is that there is no signal."""
    given: dict[str, Any] = {"viewport": PHONE, "locale": "ja-JP", "timezone_id": "Asia/Tokyo"}
    context = browser.new_context(**given | options)
    page, errors = context.new_page(), list[str]()
    page.on("console", lambda entry: errors.append(entry.text) if entry.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield context, page
    context.close()
    assert [one for one in errors if "ERR_INTERNET_DISCONNECTED" not in one] == []

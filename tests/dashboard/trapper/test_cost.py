"""The page of one trap and the one-tap page cost the same with 5,000 devices as with 50."""

import itertools
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.applications import Starlette

from dashboard.trapper.one_tap import OneTap
from dashboard.trapper.trap_page import TrapPage
from dashboard.web.responses import Reply
from gateway.alerts.links import Links
from gateway.alerts.policy import Policy
from gateway.config import check
from gateway.domain.model import Device, Kind, Role, Standing
from gateway.domain.people.person import UserRole
from gateway.ingest.messages.batch import absorb
from gateway.store.feed import Feed
from tests.dashboard.trapper.test_trap_page import As
from tests.gateway.alerts.site import PEOPLE, Site, reading_with
from tests.support.asgi import Phone
from tests.support.people import login
from tests.support.samples import decode, message

FEW, MANY = 50, 5_000
ROUNDS, REQUESTS = 7, 4
MOST = 2.0  # times the cost with few devices; a page that reads all devices costs over 10 times
SECRET = "0123456789abcdef" * 2

Page = Callable[[], None]


def village(folder: Path, count: int) -> Site:
    """A site of `count` traps, all of them sprung: each with a state and an open alert."""
    names = [f"trap-{no:04}" for no in range(count)]
    devices = [
        Device(id=name, role=Role.TRAP, standing=Standing.APPROVED, heartbeat_s=3600)
        for name in names
    ]
    site = Site(folder, devices=devices)
    silence = Policy(check({}))  # nobody to notify: only the alerts matter here
    for kind, minutes in ((Kind.SET, 0), (Kind.SPRUNG, 5)):
        site.minutes = minutes
        messages = [message(reading_with(name, kind, minutes, {})) for name in names]
        site.store.write_now(
            lambda tx, messages=messages: absorb(tx, messages, decode, site.now, silence)  # type: ignore[misc]
        )
    return site


def trap_page(site: Site) -> Page:
    routes = TrapPage(site.store, Feed(), Reply(check({})), site.policy, lambda: site.now).routes()
    phone = Phone(As(Starlette(routes=routes), login("tanaka", UserRole.TRAPPER, "x")))

    def ask() -> None:
        answer = phone.get("/traps/trap-0007")
        assert answer.status_code == 200
        assert "trap-0007" in answer.text
        assert 'value="acknowledge"' in answer.text

    return ask


def visit(site: Site) -> Page:
    """Recording an action: a transaction and the page that follows it."""
    routes = TrapPage(site.store, Feed(), Reply(check({})), site.policy, lambda: site.now).routes()
    phone = Phone(As(Starlette(routes=routes), login("tanaka", UserRole.TRAPPER, "x")))
    forms = itertools.count()

    def ask() -> None:
        site.minutes += 1
        answer = phone.post("/traps/trap-0009", {"do": "visited", "once": str(next(forms))})
        assert answer.status_code == 200

    return ask


def one_tap(site: Site) -> Page:
    links = Links(SECRET, "https://example.jp")
    routes = OneTap(
        site.store, Feed(), Reply(check({"people": PEOPLE})), site.policy, links, lambda: site.now
    ).routes()
    alert = site.open()["trap_sprung", "trap-0007"]
    address = links.url(alert.id, "tanaka", site.now).removeprefix("https://example.jp")
    phone = Phone(Starlette(routes=routes))

    def ask() -> None:
        answer = phone.get(address)
        assert answer.status_code == 200
        assert 'value="acknowledge"' in answer.text

    return ask


def all_devices(site: Site) -> Page:
    """The control: what a page costs that reads every device and its state."""

    def ask() -> None:
        assert site.store.read_now(lambda reader: reader.devices())
        assert site.store.read_now(lambda reader: reader.states())

    return ask


def cpu_s(page: Page) -> float:
    began = time.process_time()
    for _ in range(REQUESTS):
        page()
    return time.process_time() - began


def ratio(few: Page, many: Page) -> float:
    """Cost of `many` divided by that of `few`: the least of several rounds, taken in turn."""
    rounds = [(cpu_s(few), cpu_s(many)) for _ in range(ROUNDS)]
    return min(m for _, m in rounds) / min(f for f, _ in rounds)


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Site]:
    found: dict[int, Site] = {}
    for count in (FEW, MANY):
        found[count] = village(tmp_path_factory.mktemp(f"village-{count}"), count)
    return found


@pytest.mark.parametrize("page", [trap_page, one_tap, visit])
def test_one_traps_page_costs_with_5000_devices_what_it_costs_with_50(
    sites: dict[int, Site], page: Callable[[Site], Page]
) -> None:
    measured = ratio(page(sites[FEW]), page(sites[MANY]))
    assert measured < MOST, f"5,000 devices cost {measured:.1f} times as much as 50"


def test_a_page_that_reads_all_devices_would_be_noticed(sites: dict[int, Site]) -> None:
    assert ratio(all_devices(sites[FEW]), all_devices(sites[MANY])) > 5 * MOST

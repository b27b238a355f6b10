"""A trap's page for whoever is logged in: same answers as one tap, by rank, from our own page only."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboard.trapper.trap_page import TrapPage
from dashboard.web.responses import Reply
from gateway.config import check
from gateway.domain.model import AlertStatus, Kind, TrapState
from gateway.domain.people.permissions import Access, Visitor, access_of
from gateway.domain.people.person import Person, UserRole
from gateway.domain.trap_lifecycle import last_known
from gateway.store.feed import Feed
from tests.gateway.alerts.site import Site
from tests.support.asgi import Answer, Phone
from tests.support.people import login

HANA = login("hana", UserRole.TRAPPER, "x")
GUEST = login("guest", UserRole.VIEWER, "x")
FITTER = login("fitter", UserRole.INSTALLER, "x")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    site.hear("trap-01", Kind.SET, 0)
    site.hear("trap-01", Kind.SPRUNG, 5)
    yield site
    site.store.close()


class As:
    """Stands for the gate: says who asks."""

    def __init__(self, app: ASGIApp, account: Person | None) -> None:
        self._app, self._account = app, account
        self._access = access_of(account, on_duty=True) if account else Access(Visitor.LOCAL)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(
            {**scope, "state": {"account": self._account, "access": self._access}}, receive, send
        )


def phone(site: Site, account: Person | None) -> Phone:
    page = TrapPage(site.store, Feed(), Reply(check({})), site.policy, lambda: site.now)
    return Phone(As(Starlette(routes=page.routes()), account))


def alert_of(site: Site) -> Any:
    return site.store.read_now(lambda r: r.latest_alerts())[0]


def once(answer: Answer) -> str:
    return answer.text.split('name="once" value="')[1].split('"')[0]


def test_a_trapper_acknowledges_and_records_on_the_traps_page(site: Site) -> None:
    hana = phone(site, HANA)
    shown = hana.get("/traps/trap-01")
    assert "三井楽-01" in shown.text
    answer = hana.post("/traps/trap-01", {"do": "acknowledge", "alert": alert_of(site).id})
    assert "hana さんが対応しています" in answer.text
    found = alert_of(site)
    assert (found.status, found.acknowledged_by, found.through) == (
        AlertStatus.ACKNOWLEDGED,
        "hana",
        "page",
    )
    wanted = {"do": "captured", "species": "boar", "count": "2", "once": once(shown)}
    for _ in range(2):  # a thumb that taps twice records once
        hana.post("/traps/trap-01", wanted)
    [act] = site.store.read_now(lambda r: r.acts("trap-01"))
    assert (act.by, act.species, act.count, act.through) == ("hana", "boar", 2, "page")
    assert last_known(site.state()).state is TrapState.CAPTURED
    assert site.open() == {}


def test_a_viewer_does_not_learn_which_traps_there_are(site: Site) -> None:
    guest = phone(site, GUEST)
    assert guest.get("/traps/trap-01").status_code == 404
    assert guest.get("/traps/no-such").status_code == 404
    assert guest.post("/traps/trap-01", {"do": "captured", "once": "1"}).status_code == 404
    assert site.store.read_now(lambda r: r.acts()) == []


@pytest.mark.parametrize("account", [FITTER, None])
def test_without_an_account_of_the_rank_the_page_shows_and_changes_nothing(
    site: Site, account: Person | None
) -> None:
    guest = phone(site, account)
    assert "<form" not in guest.get("/traps/trap-01").text.split("<main")[1]
    assert guest.post("/traps/trap-01", {"do": "captured", "once": "1"}).status_code == 403
    assert site.store.read_now(lambda r: r.acts()) == []


def test_a_transition_that_the_table_lacks_is_refused_with_its_reason(site: Site) -> None:
    answer = phone(site, HANA).post("/traps/trap-01", {"do": "removed", "once": "1"})
    assert answer.status_code == 409
    assert "先に結果" in answer.text


@pytest.mark.parametrize("device", ["cam-01", "nothing"])
def test_only_traps_have_a_page(site: Site, device: str) -> None:
    assert phone(site, HANA).get(f"/traps/{device}").status_code == 404

"""The one-tap page: opening a link changes nothing, one POST acts once."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette

from dashboard.trapper.one_tap import OneTap
from dashboard.web.responses import Reply
from gateway.alerts.links import BadTicketError, Links
from gateway.config import check
from gateway.domain import trap_lifecycle
from gateway.domain.model import AlertStatus, Kind, TrapState
from gateway.store.feed import Feed
from tests.gateway.alerts.site import PEOPLE, Site, at
from tests.support.asgi import Phone

LINKS = Links("s" * 32, "https://wall.example", days=3)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    site.hear("trap-01", Kind.SET, 0)
    site.hear("trap-01", Kind.SPRUNG, 5)
    yield site
    site.store.close()


@pytest.fixture
def phone(site: Site) -> Phone:
    page = OneTap(
        site.store, Feed(), Reply(check({"people": PEOPLE})), site.policy, LINKS, lambda: site.now
    )
    return Phone(Starlette(routes=page.routes()))


def link(site: Site, person: str = "tanaka") -> str:
    [alert] = site.open().values()
    return LINKS.url(alert.id, person, site.now)


def alert_of(site: Site) -> Any:
    return site.store.read_now(lambda r: r.latest_alerts())[0]


def test_opening_the_link_shows_and_changes_nothing(site: Site, phone: Phone) -> None:
    address = link(site)
    for ask in (phone.get, phone.head, phone.get):
        answer = ask(address)
        assert answer.status_code == 200
    text = phone.get(address).text
    assert "わなが作動" in text
    assert "三井楽-01" in text
    assert "私が対応します" in text
    assert alert_of(site).status is AlertStatus.OPEN
    assert "32." not in text.split("<main")[1], "no coordinates on the page"


def test_one_tap_acknowledges_and_the_link_is_used_up(site: Site, phone: Phone) -> None:
    address = link(site)
    first = phone.post(address, data={"do": "acknowledge"})
    assert first.status_code == 200
    assert "記録しました" in first.text
    alert = alert_of(site)
    assert (alert.status, alert.acknowledged_by, alert.through) == (
        AlertStatus.ACKNOWLEDGED, "tanaka", "one-tap",
    )  # fmt: skip
    again = phone.post(address, data={"do": "captured"})
    assert again.status_code == 409
    assert "使用済み" in again.text
    assert site.store.read_now(lambda r: r.acts()) == []


def test_after_acknowledging_the_page_offers_the_outcome(site: Site, phone: Phone) -> None:
    answer = phone.post(link(site), data={"do": "acknowledge"})
    following = answer.text.split('action="')[1].split('"')[0]
    done = phone.post(
        following,
        data={
            "do": "captured",
            "species": "boar",
            "count": "2",
            "sex": "male",
            "weight": "20-40kg",
        },
    )
    assert done.status_code == 200
    [act] = site.store.read_now(lambda r: r.acts())
    assert (act.by, act.species, act.count, act.sex, act.weight_class) == (
        "tanaka", "boar", 2, "male", "20-40kg",
    )  # fmt: skip
    assert trap_lifecycle.told(site.state()).state is TrapState.CAPTURED
    assert alert_of(site).status is AlertStatus.RESOLVED


@pytest.mark.parametrize(
    "fields",
    [{"do": "nonsense"}, {}, {"do": "captured", "count": "-1"}, {"do": "captured", "count": "x"},
     {"do": "captured", "species": "dragon"}, {"do": "captured", "sex": "?"},
     {"do": "captured", "weight": "heavy"}, {"do": "armed"}],
)  # fmt: skip
def test_what_no_form_offers_changes_nothing_and_leaves_the_link(
    site: Site, phone: Phone, fields: dict[str, str]
) -> None:
    address = link(site)
    assert phone.post(address, data=fields).status_code == 409
    assert site.store.read_now(lambda r: r.acts()) == []
    assert phone.post(address, data={"do": "acknowledge"}).status_code == 200


def test_an_illegal_outcome_is_refused_with_its_reason(site: Site, phone: Phone) -> None:
    answer = phone.post(link(site), data={"do": "paused"})
    assert answer.status_code == 409
    assert "先に結果" in answer.text


def test_a_link_expires(site: Site, phone: Phone) -> None:
    address = link(site)
    site.minutes += timedelta(days=3, minutes=1) / timedelta(minutes=1)
    assert phone.get(address).status_code == 410
    assert phone.post(address, data={"do": "acknowledge"}).status_code == 410


def test_a_link_of_somebody_who_left_is_worth_nothing(site: Site, phone: Phone) -> None:
    assert phone.get(link(site, "yamada")).status_code == 404


def test_a_forged_or_cut_link_is_worth_nothing(site: Site, phone: Phone) -> None:
    token = LINKS.token("a", "tanaka", site.now)
    for broken in (token[:-1], token[1:], "x", Links("other").token("a", "tanaka", site.now)):
        with pytest.raises(BadTicketError):
            LINKS.read(broken)
        assert phone.get(f"/a/{broken}").status_code == 404


def test_without_a_public_address_messages_carry_no_link() -> None:
    assert Links("secret").url("a", "tanaka", at(0)) == ""


def test_the_page_speaks_english_to_those_who_ask(site: Site, phone: Phone) -> None:
    text = phone.get(link(site), headers={"Accept-Language": "en"}).text
    assert "I will see to it" in text
    assert "Trap sprung" in text

"""The mails of warnings through a real mail server: once each, with one-click ending, without a place."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from gateway.alerts.nearby.mail_texts import MailTexts
from gateway.alerts.nearby.mailer import FAULT_AFTER, NearbyMailer
from gateway.domain.alerts.lifecycle import DeliveryStatus
from gateway.domain.geo.areas import parse
from gateway.domain.model import Kind
from tests.gateway.alerts.nearby.test_planning import (
    FARMER,
    HOMES,
    LAT,
    LON,
    SETTINGS,
    SHAPE,
    living,
    planned,
    publish,
    subscribe,
    take,
)
from tests.gateway.alerts.site import Site
from tests.gateway.domain.reports.test_life import REPORT
from tests.support.replies.mail_server import MailServer, mail_server
from tests.support.samples import CAMERA, T0, TOKYO, TRAP

ADDRESS = "farmer@field.example"


@pytest.fixture(scope="module")
def server() -> Iterator[MailServer]:
    with mail_server() as made:
        yield made


@pytest.fixture
def site(tmp_path: Path, server: MailServer) -> Iterator[Site]:
    server.mails.clear()
    server.refuses = False
    mail = f"mailto://127.0.0.1:{server.port}?from=wall@town.example"
    settings = SETTINGS | {"reports": {"enabled": True, "mail": mail, "mails_per_h": 5}}
    camera = replace(CAMERA, lat=LAT, lon=LON)
    made = Site(tmp_path, settings, (TRAP, camera), [parse(HOMES, SHAPE.encode())])
    yield made
    made.store.close()


def mailer(site: Site) -> NearbyMailer:
    texts = MailTexts("https://wall.example", "五島市", TOKYO)
    return NearbyMailer(site.store, site.policy, texts, lambda: site.now)


def run(one: NearbyMailer) -> int:
    return asyncio.run(one.once())


def test_a_warning_arrives_once_says_how_to_end_it_and_tells_no_exact_place(
    site: Site, server: MailServer
) -> None:
    subscribe(site, living(800), living(3_000))
    take(site, REPORT)
    first = mailer(site)
    assert [run(first), run(first), run(mailer(site))] == [1, 0, 0]
    [mail] = server.mails
    end = "https://wall.example/report/warnings/u/farmer0"
    assert mail["List-Unsubscribe"] == f"<{end}>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["To"] == ADDRESS
    text = server.text()
    assert "イノシシ" in text
    assert end in text
    assert "確かめていません" in text
    whole = mail.as_string() + text
    assert not [part for part in (f"{LAT}"[:6], f"{LON}"[:7], "090-", REPORT.note) if part in whole]


def test_a_mail_that_asks_for_the_confirmation_names_its_link_and_nothing_else(
    site: Site, server: MailServer
) -> None:
    asked = replace(FARMER, confirmed_at=None)
    site.store.write_now(lambda tx: tx.warnings.put(asked))
    site.store.write_now(lambda tx: tx.warnings.add_mail(asked.id, "", T0, DeliveryStatus.WAITING))
    assert run(mailer(site)) == 1
    assert f"/report/warnings/s/{FARMER.token}" in server.text()


def test_a_server_that_takes_nothing_is_a_fault_and_gets_the_mail_later(
    site: Site, server: MailServer
) -> None:
    subscribe(site, *[FARMER] * FAULT_AFTER)
    take(site, REPORT)
    one, server.refuses = mailer(site), True
    assert run(one) == 0
    assert one.faults() == {"nearby": str(FAULT_AFTER)}
    assert planned(site) == {"waiting": FAULT_AFTER}
    server.refuses = False
    site.minutes = 1
    assert run(one) == FAULT_AFTER
    assert one.faults() == {}


def test_a_warning_that_could_not_be_sent_for_hours_is_not_sent_any_more(
    site: Site, server: MailServer
) -> None:
    subscribe(site, FARMER)
    take(site, REPORT)
    site.minutes = 400
    assert run(mailer(site)) == 0
    assert planned(site) == {"dead": 1}
    assert server.mails == []


@pytest.mark.parametrize(("species", "sent"), [("deer", 0), ("boar", 1)])
def test_a_warning_that_waited_beyond_somebodys_hours_is_sent_only_if_it_is_of_danger(
    site: Site, server: MailServer, species: str, sent: int
) -> None:
    subscribe(site, replace(FARMER, hours="07-10"))  # it is 9 in the morning
    take(site, replace(REPORT, species=species))
    publish(site, REPORT.id)
    server.refuses = True
    assert run(mailer(site)) == 0
    assert planned(site) == {"waiting": 1}
    server.refuses, site.minutes = False, 90
    assert run(mailer(site)) == sent
    assert planned(site) == {"sent" if sent else "dead": 1}


def test_all_mails_of_an_hour_are_bounded(site: Site, server: MailServer) -> None:
    subscribe(site, *[FARMER] * 8)
    take(site, REPORT)
    one = mailer(site)
    assert run(one) == 5
    assert run(one) == 0
    site.minutes = 61
    assert run(one) == 3


def test_a_bear_that_a_camera_saw_near_homes_is_told_once_and_none_from_before_the_first_look(
    site: Site, server: MailServer
) -> None:
    subscribe(site, FARMER)
    one = mailer(site)
    site.hear("cam-01", Kind.DETECTION, 0, species="boar")
    assert run(one) == 0
    site.hear("cam-01", Kind.DETECTION, 5, species="bear")
    assert [run(one), run(one)] == [1, 0]
    text = server.text()
    assert "三井楽" in text
    assert "cam-01" not in text


def test_what_nobody_confirmed_is_forgotten(site: Site) -> None:
    subscribe(site, replace(FARMER, confirmed_at=None), FARMER)
    site.minutes = timedelta(days=3).total_seconds() / 60
    asyncio.run(mailer(site).forget())
    assert site.store.read_now(lambda reader: reader.warnings.count()) == 1

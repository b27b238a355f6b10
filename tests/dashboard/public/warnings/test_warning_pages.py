"""Asking for warnings: confirmed by the mailed link, ended by one tap, no way to flood others."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from gateway import app as service
from gateway.domain.reports.warning import MOST_OF_MAIL, Subscription
from gateway.store.reports.warnings import DueMail
from tests.dashboard.client import Client
from tests.dashboard.public.report.conftest import Time
from tests.dashboard.rights.house import browsers, build

PLACE = ("32.695123", "128.841257")
FORM = {
    "mail": "Farmer@field.example",
    "lat": PLACE[0],
    "lon": PLACE[1],
    "radius_m": "1000",
    "species": "boar",
    "hours": "00-24",
}


@pytest.fixture(scope="module")
def time() -> Time:
    return Time()


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory, time: Time) -> Iterator[service.Gateway]:
    reports = {"enabled": True, "mail": "mailto://127.0.0.1:9"}
    public = {"tiles": "none", "public_url": "https://wall.example"}
    made = build(tmp_path_factory.mktemp("warnings"), reports=reports, dashboard=public)
    made.clock = time
    yield made
    made.store.close()


@pytest.fixture(scope="module")
def client(gateway: service.Gateway) -> Iterator[Client]:
    with browsers(service.pages(gateway, dict)) as found:
        yield found["anybody"]


@pytest.fixture(autouse=True)
def fresh(gateway: service.Gateway, time: Time) -> None:
    """Each test begins without subscriptions, in another hour."""
    time.now += timedelta(hours=2)
    gateway.store.write_now(lambda tx: tx.execute("DELETE FROM subscription"))
    gateway.store.write_now(lambda tx: tx.execute("DELETE FROM warning_mail"))


def mails(gateway: service.Gateway, now: datetime) -> list[DueMail]:
    return gateway.store.write_now(lambda tx: tx.warnings.due(now, 99))


def kept(gateway: service.Gateway) -> list[Subscription]:
    return gateway.store.read_now(lambda reader: reader.warnings.of_mail(FORM["mail"]))


def asked(gateway: service.Gateway, client: Client) -> Subscription:
    assert client.post("/report/warnings", FORM).status_code == 200
    [one] = kept(gateway)
    return one


def test_nothing_begins_before_the_button_behind_the_mailed_link_is_pressed(
    gateway: service.Gateway, client: Client, time: Time
) -> None:
    one = asked(gateway, client)
    [mail] = mails(gateway, time.now)
    assert mail.cause is None
    address = f"/report/warnings/s/{one.token}"
    page = client.get(address)
    assert "受け取る" in page.text
    assert kept(gateway)[0].confirmed_at is None, "mail programs open links by themselves"
    assert PLACE[0][:6] not in page.text
    assert FORM["mail"] not in page.text
    assert client.post(address).status_code == 200
    found = kept(gateway)[0]
    assert found.confirmed_at == time.now
    assert (found.radius_m, found.species) == (1_000, ("boar",))


def test_a_mail_program_ends_it_with_one_post_from_anywhere(
    gateway: service.Gateway, client: Client
) -> None:
    one = asked(gateway, client)
    headers = {"origin": "https://mail.example", "user-agent": "Mozilla/5.0"}
    body = {"List-Unsubscribe": "One-Click"}
    answer = client.post(f"/report/warnings/u/{one.token}", body, headers=headers)
    assert answer.status_code == 200
    assert kept(gateway) == []
    assert client.post(f"/report/warnings/u/{one.token}", body).status_code == 200, (
        "again: the same"
    )


def test_the_link_in_the_mail_ends_it_with_one_tap_but_not_by_being_opened(
    gateway: service.Gateway, client: Client
) -> None:
    one = asked(gateway, client)
    address = f"/report/warnings/u/{one.token}"
    page = client.get(address).text
    assert len(kept(gateway)) == 1
    assert re.findall(r'action="([^"]+)"', page) == [address]
    client.post(address)
    assert kept(gateway) == []
    assert "やめました" in client.get(address).text


def test_control_another_act_from_elsewhere_is_refused(
    gateway: service.Gateway, client: Client
) -> None:
    one = asked(gateway, client)
    headers = {"origin": "https://mail.example"}
    answer = client.post(f"/report/warnings/s/{one.token}", headers=headers)
    assert answer.status_code == 403
    assert kept(gateway)[0].confirmed_at is None


def test_nobody_can_flood_an_address_with_mails_and_the_answer_does_not_tell_who_asked(
    gateway: service.Gateway, client: Client, time: Time
) -> None:
    answers = {client.post("/report/warnings", FORM).text for _ in range(5)}
    assert len(answers) == 1
    assert len(mails(gateway, time.now)) == 1
    for _ in range(5):
        time.now += timedelta(hours=1, minutes=1)
        client.post("/report/warnings", FORM)
    assert len(kept(gateway)) == MOST_OF_MAIL
    for n in range(20):
        last = client.post("/report/warnings", FORM | {"mail": f"a{n}@field.example"})
    assert last.status_code == 429


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("mail", "farmer"),
        ("mail", "a@b.example?cc=x@y.example"),
        ("mail", "a@b.example\r\nBcc: x@y.example"),
        ("mail", "a,b@c.example"),
        ("lat", ""),
        ("lat", "nan"),
        ("radius_m", "299"),
        ("radius_m", "１０００"),
        ("radius_m", "99999999"),
        ("hours", "25-26"),
    ],
)
def test_what_cannot_be_right_is_refused_in_words(
    gateway: service.Gateway, client: Client, field: str, value: str
) -> None:
    answer = client.post("/report/warnings", FORM | {field: value})
    assert answer.status_code == 422
    assert 'id="said" role="status">' in answer.text
    assert kept(gateway) == []


@pytest.mark.parametrize("token", ["x", "0" * 64])
def test_a_link_that_is_none_confirms_nothing(client: Client, token: str) -> None:
    assert client.get(f"/report/warnings/s/{token}").status_code == 404
    assert client.post(f"/report/warnings/s/{token}").status_code == 404


def test_without_a_mail_server_there_is_no_such_page(tmp_path: Path) -> None:
    gateway = build(tmp_path, reports={"enabled": True})
    with browsers(service.pages(gateway, dict)) as found:
        assert found["anybody"].get("/report/warnings").status_code == 404
        assert "/report/warnings" not in found["anybody"].get("/report").text
    gateway.store.close()

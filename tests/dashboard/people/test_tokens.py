"""The page of tokens: an administrator gives and ends them; a secret is shown once."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from gateway import app as service
from gateway.domain.people.api_token import ApiToken, hash_of
from tests.dashboard.client import Answer, Client
from tests.dashboard.place import NOW
from tests.dashboard.rights.house import browsers, build

SECRET = re.compile(r"shishigaki_[\w-]{43}")
FORM = {"name": "qgis", "role": "viewer", "scope": "devices", "days": "30", "places": ""}


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[service.Gateway]:
    made = build(tmp_path)
    yield made
    made.store.close()


@pytest.fixture
def readers(gateway: service.Gateway) -> Iterator[dict[str, Client]]:
    with browsers(service.pages(gateway, dict)) as found:
        yield found


def given(admin: Client, **changed: str) -> Answer:
    return admin.post("/tokens", FORM | changed)


def tokens(gateway: service.Gateway) -> list[ApiToken]:
    return gateway.store.read_now(lambda reader: reader.tokens.all())


def asks(client: Client, secret: str) -> int:
    header = {"authorization": f"Bearer {secret}"}
    return Client(f"http://{client.host}").get("/api/v1/devices", headers=header).status_code


def test_a_token_is_shown_once_and_opens_what_was_ticked(
    gateway: service.Gateway, readers: dict[str, Client]
) -> None:
    admin = readers["admin"]
    page = given(admin)
    [secret] = SECRET.findall(page.text)
    assert page.headers["cache-control"] == "no-store"
    assert asks(admin, secret) == 200
    for path in ("/tokens", "/people"):
        assert not SECRET.search(admin.get(path).text)
    assert hash_of(secret) not in admin.get("/tokens").text
    [token] = tokens(gateway)
    assert (token.name, token.role, token.scopes) == ("qgis", "viewer", ("devices",))
    assert token.expires_at == NOW + timedelta(days=30)


def test_a_revoked_token_opens_nothing_and_both_acts_are_in_the_audit(
    gateway: service.Gateway, readers: dict[str, Client]
) -> None:
    admin = readers["admin"]
    [secret] = SECRET.findall(given(admin).text)
    assert admin.post("/tokens/revoke", {"name": "qgis"}).status_code == 303
    assert asks(admin, secret) == 401
    assert admin.post("/tokens/revoke", {"name": "qgis"}).status_code == 409
    ended, made = gateway.store.read_now(lambda reader: reader.people.changes(2))
    assert (ended.what, made.what) == ("token_revoked", "token_added")
    assert {ended.by, made.by} == {"a-admin"}
    assert "qgis" in made.fields[0].after
    assert secret not in repr(made)
    assert "トークンを発行" in admin.get("/people", {"lang": "ja"}).text


@pytest.mark.parametrize(
    "changed",
    [
        {"name": ""},
        {"name": "x" * 65},
        {"name": "\u202e"},
        {"role": "admin"},
        {"role": "deputy"},
        {"role": "boss"},
        {"scope": "people"},
        {"days": "0"},
        {"days": "731"},
        {"days": "999999999999999999"},
        {"days": "x"},
        {"days": "-1"},
        {"role": "trapper"},
    ],
)
def test_a_token_that_may_not_be_is_refused_with_a_reason_and_without_a_secret(
    gateway: service.Gateway, readers: dict[str, Client], changed: dict[str, str]
) -> None:
    page = given(readers["admin"], **changed)
    assert page.status_code == 409
    assert 'role="alert"' in page.text
    assert not SECRET.search(page.text)
    assert tokens(gateway) == []


def test_a_form_that_is_sent_twice_makes_one_token(
    gateway: service.Gateway, readers: dict[str, Client]
) -> None:
    assert given(readers["admin"]).status_code == 200
    again = given(readers["admin"])
    assert (again.status_code, SECRET.search(again.text)) == (409, None)
    assert len(tokens(gateway)) == 1


@pytest.mark.parametrize("name", ["official", "installer", "trapper", "viewer", "resident"])
def test_only_administrators_give_tokens(
    gateway: service.Gateway, readers: dict[str, Client], name: str
) -> None:
    assert given(readers["admin"]).status_code == 200
    assert given(readers[name], name="mine").status_code == 403
    assert readers[name].post("/tokens/revoke", {"name": "qgis"}).status_code == 403
    page = readers[name].get("/tokens")
    assert (page.status_code == 200) is (name == "official")
    assert 'action="/tokens' not in page.text
    assert [one.revoked_at for one in tokens(gateway)] == [None]


def test_the_page_tells_when_a_token_was_last_used(tmp_path: Path) -> None:
    gateway = build(tmp_path)
    with browsers(service.pages(gateway, dict)) as found:
        [secret] = SECRET.findall(given(found["admin"]).text)
        assert "まだ" in found["admin"].get("/tokens", {"lang": "ja"}).text
        assert asks(found["admin"], secret) == 200
    [token] = tokens(gateway)
    assert token.used_at == NOW, "written when the pages end, if not before"
    with browsers(service.pages(gateway, dict)) as found:
        page = found["admin"].get("/tokens", {"lang": "ja"}).text
        assert f'<time datetime="{NOW.isoformat()}"' in page
    gateway.store.close()

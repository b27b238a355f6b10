"""Sessions: what ends one, who sees which, and that they hold while the disk refuses."""

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from itsdangerous import URLSafeTimedSerializer
from starlette.requests import Request

from dashboard.web import auth
from dashboard.web.entry.passwords import hasher, is_long_enough
from dashboard.web.entry.sessions import Sessions
from gateway.clock import utc_now
from gateway.domain.people.person import UserRole
from gateway.domain.people.session import IDLE, LONGEST, MOST_EACH, browser_label, token_id
from gateway.store.connection import DiskError
from tests.dashboard.client import Client
from tests.dashboard.place import Place
from tests.support.people import keep, login, take_out

PASSWORD, NEW = "あかるい猪垣 2026", "もっとあかるい猪垣 2027"
HANA = login("hana", UserRole.TRAPPER, hasher.hash(PASSWORD))
TARO = login("taro", UserRole.TRAPPER, hasher.hash(PASSWORD))
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Mobile Safari/604.1"


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Place]:
    """A place with two people who may log in."""
    place = Place(tmp_path, host="0.0.0.0", secret="s" * 32)
    keep(place.store, HANA, TARO)
    yield place
    place.store.close()


@pytest.fixture
def url(guarded: Place) -> Iterator[str]:
    """Its pages."""
    with guarded.served() as address:
        yield address


def logged_in(url: str, name: str = "hana", password: str = PASSWORD) -> Client:
    client = Client(url)
    form = {"name": name, "password": password}
    assert (
        client.post("/login", form, headers={"user-agent": PHONE, "origin": url}).status_code == 303
    )
    return client


def is_in(client: Client) -> bool:
    return client.get("/api/traps").status_code == 200


def copy(client: Client, url: str) -> Client:
    """Somebody who has stolen the cookies."""
    thief = Client(url)
    thief.cookies = dict(client.cookies)
    return thief


def ids(place: Place, name: str = "hana") -> list[str]:
    return [one.id for one in place.store.read_now(lambda reader: reader.sessions.all(name))]


def test_a_cookie_replayed_after_logout_opens_nothing(url: str) -> None:
    client = logged_in(url)
    thief = copy(client, url)
    assert is_in(thief)
    client.post("/logout")
    assert not is_in(thief)
    thief.post("/logout")
    assert not is_in(thief)


def test_a_cookie_of_an_earlier_version_opens_nothing(url: str) -> None:
    client = Client(url)
    signer = URLSafeTimedSerializer("s" * 32, salt="session")
    client.cookies[auth.COOKIE] = str(signer.dumps(["hana", HANA.password_hash[-12:]]))
    assert not is_in(client)
    assert client.get("/traps").headers["location"] == "/login?next=/traps"


def test_the_database_holds_no_token(url: str, guarded: Place) -> None:
    token = logged_in(url).cookies[auth.COOKIE]
    for path in Path(guarded.store.path).parent.glob("place.db*"):
        assert token.encode() not in path.read_bytes()
    client = Client(url)
    client.cookies[auth.COOKIE] = ids(guarded)[0]
    assert not is_in(client)


def test_each_log_in_is_a_session_and_one_browser_has_one(url: str, guarded: Place) -> None:
    client = logged_in(url)
    first = client.cookies[auth.COOKIE]
    client.post("/login", {"name": "hana", "password": PASSWORD})
    assert client.cookies[auth.COOKIE] != first
    assert len(ids(guarded)) == 1
    logged_in(url)
    assert len(ids(guarded)) == 2


def test_the_page_lists_ones_own_sessions_and_ends_one_or_the_others(
    url: str, guarded: Place
) -> None:
    phone, office, taro = logged_in(url), logged_in(url), logged_in(url, "taro")
    page = office.get("/account").text
    assert page.count('name="session"') == 2 + 2
    assert "iPhone, Safari" in page
    own = guarded.store.read_now(lambda r: r.sessions.find(token_id(office.cookies[auth.COOKIE])))
    assert own is not None
    other = next(one for one in ids(guarded) if one != own.id)
    assert taro.post("/account/sessions", {"session": other}).status_code == 303
    assert is_in(phone), "nobody ends another person's session"
    office.post("/account/sessions", {"session": other})
    assert (is_in(phone), is_in(office)) == (False, True)
    phone = logged_in(url)
    office.post("/account/sessions", {"session": "others"})
    assert (is_in(phone), is_in(office), is_in(taro)) == (False, True, True)
    office.post("/account/sessions", {"session": "all"})
    assert not is_in(office)


def test_a_new_password_ends_the_other_sessions_and_keeps_this_one(url: str) -> None:
    phone, office = logged_in(url), logged_in(url)
    form = {"old": PASSWORD, "new": NEW, "again": NEW}
    assert office.post("/account/password", form).headers["location"] == "/account?said=password"
    assert (is_in(phone), is_in(office)) == (False, True)
    assert is_in(logged_in(url, password=NEW))


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"old": "wrong"}, 403),
        ({"again": "x"}, 400),
        *(({"new": one, "again": one}, 400) for one in ("", "x" * 11, "x" * 129)),
    ],
)
def test_a_password_is_not_changed_by(url: str, change: dict[str, str], status: int) -> None:
    client = logged_in(url)
    form = {"old": PASSWORD, "new": NEW, "again": NEW, **change}
    assert client.post("/account/password", form).status_code == status
    assert is_in(logged_in(url))


@pytest.mark.parametrize(
    ("password", "is_enough"),
    [
        ("x" * 12, True),
        ("x" * 11, False),
        ("x" * 128, True),
        ("x" * 129, False),
        ("猪" * 12, True),
        ("🐗" * 12, True),
        ("x          y", False),
        ("さむい 朝に 山へ行く。", True),
        ("さむい 朝に 山へ行く", False),
        (" " * 20, False),
    ],
)
def test_a_new_password_has_12_to_128_characters(password: str, *, is_enough: bool) -> None:
    assert is_long_enough(password) is is_enough


def test_an_older_shorter_password_still_logs_in(url: str) -> None:
    assert not is_long_enough(PASSWORD)
    assert is_in(logged_in(url))


def test_the_present_password_cannot_be_guessed_at_the_form(url: str) -> None:
    client = logged_in(url)
    form = {"old": "x", "new": NEW, "again": NEW}
    answers = [client.post("/account/password", form).status_code for _ in range(7)]
    assert answers == [403] * 5 + [429] * 2


def test_a_password_set_on_the_command_line_ends_every_session(url: str, guarded: Place) -> None:
    client = logged_in(url)
    keep(guarded.store, login("hana", UserRole.TRAPPER, hasher.hash(NEW)))
    assert not is_in(client)


def test_somebody_of_the_same_name_does_not_inherit_sessions(url: str, guarded: Place) -> None:
    client = logged_in(url)
    assert take_out(guarded.store, "hana")
    keep(guarded.store, HANA)
    assert not is_in(client)
    assert ids(guarded) == []


def test_a_session_ends_when_it_is_not_used_and_after_a_year(url: str, guarded: Place) -> None:
    client, idle = logged_in(url), logged_in(url)
    begun = guarded.now
    while guarded.now - begun < LONGEST:
        assert is_in(client)
        guarded.now += IDLE - timedelta(days=1)
    assert not is_in(client)
    assert not is_in(idle)


def test_one_person_has_no_more_sessions_than_the_limit(url: str, guarded: Place) -> None:
    clients = []
    for _ in range(MOST_EACH + 2):
        clients.append(logged_in(url))
        guarded.now += timedelta(seconds=1)
    assert [is_in(client) for client in clients] == [False] * 2 + [True] * MOST_EACH


def test_the_command_lists_and_ends_sessions_while_the_pages_run(url: str, guarded: Place) -> None:
    guarded.now = utc_now()
    first, second, taro = logged_in(url), logged_in(url), logged_in(url, "taro")
    listed = msgspec.json.decode(sessions(guarded, "list", "--json").stdout)
    assert sorted(row["person"] for row in listed) == ["hana", "hana", "taro"]
    assert {row["browser"] for row in listed} == {"iPhone, Safari"}
    ended = next(row["id"] for row in listed if row["person"] == "taro")
    assert sessions(guarded, "revoke", ended).returncode == 0
    assert (is_in(first), is_in(taro)) == (True, False)
    assert sessions(guarded, "revoke", "--person", "hana").returncode == 0
    assert (is_in(first), is_in(second)) == (False, False)
    token = guarded.store.write_now(lambda tx: tx.sessions.make_link("taro", "boss", utc_now(), 1))
    assert sessions(guarded, "revoke", "--all").returncode == 0
    link = guarded.store.read_now(lambda reader: reader.sessions.link(token_id(token)))
    assert link is None, "a link that nobody opened would log in after all"
    wrong = sessions(guarded, "revoke", "0" * 12)
    assert (wrong.returncode, "known: none" in wrong.stderr) == (1, True)
    assert sessions(guarded, "revoke").returncode == 1


def sessions(place: Place, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command on the place's database."""
    config = Path(place.store.path).with_suffix(".toml")
    config.write_text(f'[store]\npath = "{place.store.path}"\n', encoding="utf-8")
    command = [sys.executable, "-m", "gateway.cli", "sessions", *arguments, "-c", str(config)]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def test_while_the_disk_refuses_log_in_and_log_out_hold_and_are_written_later(
    guarded: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    asyncio.run(_refusing(guarded, monkeypatch))


async def _refusing(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Sessions(place.store, place.clock)
    request = Request({"type": "http", "headers": []})
    before = await made.begin(request, HANA)

    async def refuse(_: Callable[[Any], Any]) -> None:
        raise DiskError("full")

    with monkeypatch.context() as patched:
        patched.setattr(place.store, "write", refuse)
        during = await made.begin(request, HANA)
        assert await made.find(during)
        assert len(await made.of("hana")) == 2
        await made.end_all("hana", but=token_id(during))
        assert await made.find(before) is None
        await made.write()
        assert await made.find(before) is None
    assert await Sessions(place.store, place.clock).find(before), "control: not written yet"
    await made.write()
    later = Sessions(place.store, place.clock)
    assert await later.find(before) is None
    assert await later.find(during)


def test_when_a_session_was_used_is_written_at_the_end(guarded: Place) -> None:
    with guarded.served() as url:
        client = logged_in(url)
        guarded.now += timedelta(hours=3)
        assert is_in(client)
    [session] = guarded.store.read_now(lambda reader: reader.sessions.all())
    assert session.seen - session.created == timedelta(hours=3)


@pytest.mark.parametrize(
    ("user_agent", "label"),
    [
        (PHONE, "iPhone, Safari"),
        ("Mozilla/5.0 (Linux; Android 14) Chrome/126.0 Mobile Safari/537.36", "Android, Chrome"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/126 Safari/537.36 Edg/126.0", "Windows, Edge"),
        (
            "Mozilla/5.0 (Linux; Android 14; wv) Chrome/126 Safari/537 Line/14.1/IAB",
            "Android, LINE",
        ),
        ("<script>alert(1)</script>\u202e", ""),
        ("", ""),
    ],
)
def test_a_browser_is_named_from_a_table_never_by_its_own_text(user_agent: str, label: str) -> None:
    assert browser_label(user_agent) == label

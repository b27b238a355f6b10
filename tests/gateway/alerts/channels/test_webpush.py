"""Web Push: only the browser can read it, only the gateway can have sent it, gone browsers are forgotten."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag

from gateway.alerts.channels import ChannelOptions, UndeliveredError
from gateway.alerts.channels.push_browsers import StoredPushBrowsers
from gateway.alerts.channels.table import open_channel
from gateway.alerts.channels.webpush import content
from gateway.clock import utc_now
from gateway.domain.people.person import UserRole
from gateway.domain.people.push import MOST_EACH, PushError, PushSubscription, check
from gateway.domain.people.session import Session
from gateway.store import Store
from tests.gateway.alerts.channels.notifications import NOTIFICATION
from tests.gateway.alerts.channels.provider import (
    BROKEN,
    FULL,
    OK,
    PAGE,
    PORTAL,
    Answer,
    Call,
    Provider,
    providing,
)
from tests.gateway.alerts.channels.push_browser import PushBrowser, claims
from tests.support.people import keep, login
from tests.support.samples import TOKYO

NOW = utc_now()
GONE: Answer = (410, {}, b"")
SERVICES = ("127.0.0.1:*", "*.push.example")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "push.db", TOKYO)
    keep(store, login("hana", UserRole.TRAPPER, "x"))
    for one in ("s1", "s2"):
        session = Session(one, "hana", NOW, NOW, "", "x")
        store.write_now(lambda tx, session=session: tx.sessions.put(session))  # type: ignore[misc]
    yield store
    store.close()


def subscribed(
    store: Store, browser: PushBrowser, endpoint: str, session: str = "s1"
) -> PushSubscription:
    one = PushSubscription("hana", session, endpoint, created=NOW, **browser.keys())
    check(one, SERVICES)
    store.write_now(lambda tx: tx.push.put(one))
    return one


def send(store: Store, provider: Provider) -> tuple[str, list[Call]]:
    """What the channel says, and what the push service got."""
    desk = StoredPushBrowsers(store, "https://wall.example")
    options = ChannelOptions(push=desk, recipient="hana", timeout_s=3.0)

    async def run() -> str:
        return await open_channel("webpush:", options).send(NOTIFICATION)

    try:
        return asyncio.run(run()), provider.calls
    except UndeliveredError as failure:
        return f"{'permanent' if failure.permanent else 'again'}: {failure.answer}", provider.calls


def left(store: Store) -> list[PushSubscription]:
    return store.read_now(lambda reader: reader.push.of("hana"))


def test_a_message_can_be_read_by_its_browser_only(store: Store) -> None:
    browser, other = PushBrowser(), PushBrowser()
    with providing(lambda _: OK) as provider:
        subscribed(store, browser, f"{provider.url}/send/1")
        said, [call] = send(store, provider)
    assert said == "accepted for 1 of 1 browsers"
    told = browser.read(call.body)
    assert told["title"] == "わなが作動"
    assert told["to"] == "/traps/trap-01"
    assert told["person"] == "hana"
    with pytest.raises(InvalidTag):
        other.read(call.body)
    for secret in ("わなが作動", "三井楽", "trap-01", "hana"):
        assert secret.encode() not in call.body


def test_the_message_is_signed_with_the_key_that_the_browser_was_given(store: Store) -> None:
    desk = StoredPushBrowsers(store, "https://wall.example")
    key = asyncio.run(desk.public_key())
    with providing(lambda _: OK) as provider:
        subscribed(store, PushBrowser(), f"{provider.url}/send/1")
        _, [call] = send(store, provider)  # another start of the program: the same key
    told = claims(call.headers["Authorization"], key)
    assert (told["aud"], told["sub"]) == (provider.url, "https://wall.example")
    assert NOW.timestamp() < told["exp"] < (NOW + timedelta(hours=24)).timestamp()
    assert call.headers["Urgency"] == "high"
    assert desk.file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("status", [404, 410])
def test_a_browser_that_the_service_no_longer_knows_is_forgotten(store: Store, status: int) -> None:
    def decide(call: Call) -> Answer:
        return (status, {}, b"") if call.path == "/send/old" else OK

    with providing(decide) as provider:
        subscribed(store, PushBrowser(), f"{provider.url}/send/old")
        kept = subscribed(store, PushBrowser(), f"{provider.url}/send/new")
        said, _ = send(store, provider)
    assert said == "accepted for 1 of 2 browsers"
    assert left(store) == [kept]


@pytest.mark.parametrize("answer", [BROKEN, FULL, PORTAL, PAGE])
def test_a_service_that_does_not_take_it_is_asked_again_and_no_browser_is_forgotten(
    store: Store, answer: Answer
) -> None:
    with providing(lambda _: answer) as provider:
        subscribed(store, PushBrowser(), f"{provider.url}/send/1")
        said, _ = send(store, provider)
    assert said.startswith("again:")
    assert len(left(store)) == 1


def test_without_a_browser_nothing_counts_as_sent(store: Store) -> None:
    with providing(lambda _: GONE) as provider:
        said, calls = send(store, provider)
        assert said.startswith("permanent:")
        assert calls == []
        subscribed(store, PushBrowser(), f"{provider.url}/send/1")
        said, _ = send(store, provider)
    assert said.startswith("permanent:")
    assert left(store) == []


def test_a_subscription_ends_with_its_session_and_with_its_person(store: Store) -> None:
    subscribed(store, PushBrowser(), "https://a.push.example/1", "s1")
    other = subscribed(store, PushBrowser(), "https://a.push.example/2", "s2")
    assert len(left(store)) == 2, "the control"
    store.write_now(lambda tx: tx.sessions.end(id_="s1"))
    assert left(store) == [other]
    store.write_now(lambda tx: tx.people.remove("hana", "test", NOW))
    rows = store.write_now(
        lambda tx: tx.execute("SELECT count(*) FROM push_subscription").fetchall()
    )
    assert rows == [(0,)]


def test_one_person_has_only_so_many_browsers(store: Store) -> None:
    for number in range(MOST_EACH + 3):
        subscribed(store, PushBrowser(), f"https://a.push.example/{number}")
    assert len(left(store)) == MOST_EACH


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://a.push.example/1",
        "https://push.example.evil.org/1",
        "https://127.0.0.1/1",
        "https://a.push.example",
        "https://x@a.push.example/1",
        "https://a.push.example:bad/1",
        "file:///etc/passwd",
        "",
        "https://a.push.example/" + "x" * 2_000,
    ],
)
def test_messages_go_to_push_services_only(endpoint: str) -> None:
    keys = PushBrowser().keys()
    check(PushSubscription("hana", "s", "https://a.push.example/1", created=NOW, **keys), SERVICES)
    with pytest.raises(PushError):
        check(PushSubscription("hana", "s", endpoint, created=NOW, **keys), SERVICES)


@pytest.mark.parametrize(
    "keys", [{"p256dh": "AAAA"}, {"auth": "AAAA"}, {"p256dh": "!"}, {"auth": ""}]
)
def test_keys_that_are_none_are_refused(keys: dict[str, str]) -> None:
    told = PushBrowser().keys() | keys
    with pytest.raises(PushError):
        check(PushSubscription("h", "s", "https://a.push.example/1", created=NOW, **told), SERVICES)


def test_the_content_holds_no_place() -> None:
    assert set(content(NOTIFICATION, "hana")) == {"person", "title", "text", "to", "key", "urgent"}

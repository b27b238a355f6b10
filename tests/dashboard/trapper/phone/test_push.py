"""Who may ask for push messages, and what is refused."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from dashboard.trapper.phone.push import PushPages
from dashboard.web.entry.passwords import hasher
from dashboard.web.responses import Reply
from gateway.alerts.channels.push_browsers import StoredPushBrowsers
from gateway.config import check
from gateway.domain.people.person import UserRole
from gateway.domain.people.push import PushSubscription
from tests.dashboard.client import Answer, Client
from tests.dashboard.place import Place
from tests.gateway.alerts.channels.push_browser import PushBrowser
from tests.support.people import keep, login

WORD = "secret-word-12"
ENDPOINT = "https://fcm.googleapis.com/send/abc"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    hashed = hasher.hash(WORD)
    people = (("hana", UserRole.TRAPPER), ("ken", UserRole.TRAPPER), ("guest", UserRole.VIEWER))
    keep(place.store, *(login(name, role, hashed) for name, role in people))
    services = check({}).alerts.push_services
    desk = StoredPushBrowsers(place.store, "https://wall.example")
    place.more = PushPages(place.store, desk, services, Reply(place.config), place.clock).routes()
    yield place
    place.store.close()


def entered(url: str, name: str) -> Client:
    client = Client(url)
    assert client.post("/login", {"name": name, "password": WORD}).status_code == 303
    return client


def ask(client: Client, path: str, body: object) -> Answer:
    return client._ask("POST", path, {}, msgspec.json.encode(body).decode(), {})


def browsers(place: Place, name: str) -> list[PushSubscription]:
    return place.store.read_now(lambda reader: reader.push.of(name))


def test_a_browser_belongs_to_whoever_asked_in_their_session(place: Place) -> None:
    told = {"endpoint": ENDPOINT, "keys": PushBrowser().keys()}
    with place.served() as url:
        hana, ken = entered(url, "hana"), entered(url, "ken")
        assert len(hana.get("/push/key").json()["key"]) == 87
        assert ask(hana, "/push", told).status_code == 200
        assert [one.person for one in browsers(place, "hana")] == ["hana"]
        ask(ken, "/push/end", {"endpoint": ENDPOINT})
        assert len(browsers(place, "hana")) == 1, "nobody ends another person's"
        assert ask(ken, "/push", told).status_code == 200  # the same browser, another person
        assert (browsers(place, "hana"), len(browsers(place, "ken"))) == ([], 1)
        ken.post("/logout")
        assert browsers(place, "ken") == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"endpoint": 5, "keys": {}},
        {"endpoint": ENDPOINT},
        {"endpoint": ENDPOINT, "keys": {"p256dh": "AA", "auth": "AA"}},
        {"endpoint": "http://127.0.0.1:8086/api", "keys": PushBrowser().keys()},
        {"endpoint": "https://evil.example/x", "keys": PushBrowser().keys()},
        {"endpoint": ENDPOINT + "x" * 20_000, "keys": PushBrowser().keys()},
    ],
)
def test_what_is_no_subscription_at_a_push_service_is_refused(place: Place, body: Any) -> None:
    with place.served() as url:
        assert ask(entered(url, "hana"), "/push", body).status_code == 422
    assert browsers(place, "hana") == []


def test_who_may_not_record_gets_no_messages_and_no_key(place: Place) -> None:
    told = {"endpoint": ENDPOINT, "keys": PushBrowser().keys()}
    with place.served() as url:
        assert ask(entered(url, "guest"), "/push", told).status_code == 403
        assert ask(Client(url), "/push", told).status_code == 401
        assert Client(url).get("/push/key").status_code == 401
    assert browsers(place, "guest") == []


def test_the_key_stays_the_same_and_only_its_owner_can_read_it(place: Place) -> None:
    first, second = (StoredPushBrowsers(place.store, "https://wall.example") for _ in "ab")
    assert asyncio.run(first.public_key()) == asyncio.run(second.public_key())
    assert first.file.stat().st_mode & 0o077 == 0

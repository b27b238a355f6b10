"""Who got into a harmless account early does not have the rights that the account is given later."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from dashboard.web.entry.passwords import hasher
from gateway.domain.people.person import Person, UserRole
from tests.dashboard.client import Client
from tests.dashboard.place import Place
from tests.support.people import keep, login

PASSWORD = "あかるい猪垣 2026"
TARO = Person(name="taro", role=UserRole.VIEWER)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """An official who may print sheets, and somebody who sees squares."""
    made = Place(tmp_path, host="0.0.0.0", secret="s" * 32)
    keep(made.store, login("office", UserRole.OFFICIAL, hasher.hash(PASSWORD)), TARO)
    yield made
    made.store.close()


def link(url: str) -> str:
    """What the official gets for taro."""
    office = Client(url)
    office.post("/login", {"name": "office", "password": PASSWORD})
    found = re.search(r"/in/[\w-]+", office.post("/sign-in", {"person": "taro", "days": "90"}).text)
    assert found
    return found[0]


def is_in(client: Client) -> bool:
    return client.get("/api/traps").status_code == 200


@pytest.mark.parametrize("role", [UserRole.ADMIN, UserRole.OFFICIAL, UserRole.INSTALLER])
def test_a_session_and_a_link_from_before_a_promotion_open_nothing(
    place: Place, role: UserRole
) -> None:
    with place.served() as url:
        insider = Client(url)
        assert insider.post(link(url)).status_code == 303
        kept = link(url)
        assert is_in(insider)
        keep(place.store, replace(TARO, role=role))
        assert not is_in(insider)
        assert Client(url).get(kept).status_code == 404
        assert Client(url).post(kept).status_code == 404


def test_control_another_change_ends_neither(place: Place) -> None:
    with place.served() as url:
        phone = Client(url)
        assert phone.post(link(url)).status_code == 303
        kept = link(url)
        keep(place.store, replace(TARO, title="太郎さん", places=("trap-01",)))
        assert is_in(phone)
        assert Client(url).get(kept).status_code == 200


def test_who_loses_a_role_that_sees_everything_logs_in_again(place: Place) -> None:
    with place.served() as url:
        office = Client(url)
        office.post("/login", {"name": "office", "password": PASSWORD})
        assert is_in(office)
        keep(place.store, login("office", UserRole.VIEWER, hasher.hash(PASSWORD)))
        assert not is_in(office)


@pytest.mark.parametrize("typed", ["ga\u0301nu", " gánu ", "g\u200bánu", "gánu"])
def test_a_name_is_the_same_however_it_was_typed(place: Place, typed: str) -> None:
    keep(place.store, login("gánu", UserRole.VIEWER, hasher.hash(PASSWORD)))
    with place.served() as url:
        answer = Client(url).post("/login", {"name": typed, "password": PASSWORD})
        assert answer.status_code == 303


def test_spellings_of_one_name_share_the_guesses_of_that_name(place: Place) -> None:
    with place.served() as url:
        tries = ["taro", "taro ", "ta\u200bro", "\u202etaro", "taro\t", "taro"]
        found = [
            Client(url)
            .post(
                "/login",
                {"name": name, "password": "x"},
                headers={"x-forwarded-for": f"10.0.0.{n}"},
            )
            .status_code
            for n, name in enumerate(tries)
        ]
        assert found == [403] * 5 + [429]


@pytest.mark.parametrize(
    "target",
    [
        "/\t/evil.example",
        "/\r\nSet-Cookie: a=b",
        "/%09/evil.example",
        "/x&next=//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https:evil.example",
        " //evil.example",
    ],
)
def test_no_spelling_of_a_target_leaves_this_site(place: Place, target: str) -> None:
    with place.served() as url:
        form = {"name": "office", "password": PASSWORD}
        answer = Client(url).post("/login", form, {"next": target})
        assert answer.status_code == 303
        assert re.match(r"/(?![/\\\t])", answer.headers["location"]), answer.headers["location"]
        assert "set-cookie: a=b" not in repr(answer.headers).lower()

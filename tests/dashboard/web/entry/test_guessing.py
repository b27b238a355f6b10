"""Guessing at the served log-in: at the same time, by strangers, and in little memory."""

import os
import resource
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dashboard.web.entry import browsers
from dashboard.web.entry.guesses import TRIES, WAIT
from dashboard.web.entry.passwords import hasher
from gateway.domain.people.person import UserRole
from tests.dashboard.client import Client
from tests.dashboard.place import Place
from tests.support.people import keep, login

PASSWORD = "あかるい猪垣 2026"
HANA = login("hana", UserRole.TRAPPER, hasher.hash(PASSWORD))
TARO = login("taro", UserRole.TRAPPER, hasher.hash(PASSWORD))


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Place]:
    """A place with two accounts."""
    place = Place(tmp_path, host="0.0.0.0", secret="s" * 32)
    keep(place.store, HANA, TARO)
    yield place
    place.store.close()


def log_in(client: Client, password: str = PASSWORD, name: str = "hana", at: str = "") -> int:
    headers = {"x-forwarded-for": at} if at else {}
    return client.post("/login", {"name": name, "password": password}, headers=headers).status_code


@pytest.mark.parametrize("names", [["hana"], [f"name-{n}" for n in range(60)]])
def test_of_60_parallel_guesses_five_are_tried(guarded: Place, names: list[str]) -> None:
    with guarded.served() as url, ThreadPoolExecutor(60) as crowd:
        guesses = [crowd.submit(log_in, Client(url), "x", names[n % len(names)]) for n in range(60)]
        answers = Counter(guess.result() for guess in guesses)
        assert answers == {403: TRIES, 429: 60 - TRIES}
        assert log_in(Client(url)) == 429
        guarded.now += WAIT
        assert log_in(Client(url)) == 303


def test_guesses_from_other_browsers_do_not_lock_out_the_persons_own(guarded: Place) -> None:
    with guarded.served() as url:
        own, stranger = Client(url), Client(url)
        assert log_in(own) == 303
        own.post("/logout")
        assert {log_in(stranger, "x", at=f"203.0.113.{n}") for n in range(60)} == {403, 429}
        assert log_in(Client(url)) == 429, "control: an unknown browser waits"
        assert log_in(own) == 303


def test_a_known_browser_has_no_more_guesses_than_an_unknown_one(guarded: Place) -> None:
    with guarded.served() as url:
        own = Client(url)
        log_in(own)
        assert [log_in(own, "x") for _ in range(TRIES + 3)] == [403] * TRIES + [429] * 3
        assert log_in(own, "x", name="taro") == 403, "it was never in as taro"


@pytest.mark.parametrize("forged", ["", "x", "WyJ4IixbImhhbmEiXV0.abc"])
def test_a_forged_browser_cookie_counts_as_an_unknown_browser(guarded: Place, forged: str) -> None:
    with guarded.served() as url:
        stranger = Client(url)
        tries = []
        for _ in range(TRIES + 1):
            stranger.cookies[browsers.COOKIE] = forged
            tries.append(log_in(stranger, "x"))
        assert tries == [403] * TRIES + [429]


def test_the_answer_names_the_time_to_wait(guarded: Place) -> None:
    with guarded.served() as url:
        client = Client(url)
        for _ in range(TRIES):
            log_in(client, "x")
        answer = client.post("/login", {"name": "hana", "password": PASSWORD})
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")


def test_behind_a_proxy_each_client_address_is_a_source(guarded: Place) -> None:
    with guarded.served() as url:
        for number in range(TRIES):
            log_in(Client(url), "x", f"name-{number}", "1.1.1.1, 203.0.113.9")
        assert log_in(Client(url), at="203.0.113.9") == 429
        assert log_in(Client(url), at="203.0.113.10") == 303


CROWD = """
import asyncio, resource, sys
from dashboard.web.entry.guesses import TooManyTriesError
from dashboard.web.entry.passwords import PasswordCheck, hash_password

async def main():
    check, wanted = PasswordCheck(), hash_password("right")
    print(status("VmRSS"))
    asked = [check.matches(wanted, "right") for _ in range(64)]
    found = await asyncio.gather(*asked, return_exceptions=True)
    assert all(one is True or isinstance(one, TooManyTriesError) for one in found), found
    assert found.count(True) == 16
    print(status("VmHWM"))

def status(name):
    line = next(x for x in open("/proc/self/status") if x.startswith(name + ":"))
    return int(line.split()[1])

asyncio.run(main())
"""


def test_64_passwords_at_once_take_the_memory_of_one() -> None:
    limit = 128 << 20

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))

    done = subprocess.run(
        [sys.executable, "-c", CROWD],
        capture_output=True,
        text=True,
        timeout=60,
        preexec_fn=limited,
        env=os.environ,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    before_kib, most_kib = map(int, done.stdout.split())
    assert most_kib - before_kib < 2 * 19_456

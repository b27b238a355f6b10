"""Limits: so many at once and a minute, counted by token and by address, in bounded memory."""

import asyncio
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Receive, Scope, Send

from dashboard.api import limits
from dashboard.api.limits import COUNTERS, Limiter, RateLimit
from dashboard.api.token_check import TokenCheck
from dashboard.api.uses import TokenUses
from tests.dashboard.place import NOW, Place

LIMIT = RateLimit(burst=5, per_minute=60)


def asked(limiter: Limiter, key: str, times: int, now_s: float) -> list[bool]:
    return [limiter.take(key, now_s) == 0.0 for _ in range(times)]


def test_a_burst_passes_and_then_one_for_each_step() -> None:
    limiter = Limiter(LIMIT)
    assert asked(limiter, "a", 7, 0.0) == [True] * 5 + [False] * 2
    assert asked(limiter, "a", 2, 1.0) == [True, False]
    assert asked(limiter, "a", 7, 100.0) == [True] * 5 + [False] * 2


def test_whoever_waits_as_long_as_they_are_told_passes() -> None:
    limiter = Limiter(LIMIT)
    asked(limiter, "a", 5, 0.0)
    wait_s = limiter.take("a", 0.25)
    assert 0 < wait_s <= 1
    assert limiter.take("a", 0.25 + wait_s + 0.001) == 0.0


@given(st.lists(st.floats(0, 2), min_size=1, max_size=200))
def test_no_minute_has_more_than_the_burst_and_the_rate(pauses_s: list[float]) -> None:
    limiter, now_s, passed = Limiter(LIMIT), 0.0, []
    for pause_s in pauses_s:
        now_s += pause_s
        if limiter.take("a", now_s) == 0.0:
            passed.append(now_s)
    for start in passed:
        within = sum(start <= one <= start + 60 for one in passed)
        assert within <= LIMIT.burst + LIMIT.per_minute + 1


def test_a_million_invented_addresses_do_not_fill_the_memory() -> None:
    limiter = Limiter(LIMIT)
    for number in range(50_000):
        limiter.take(f"2001:db8::{number:x}", 0.0)
    assert len(limiter) <= COUNTERS


def ask(
    door: TokenCheck, address: str, path: str = "/api/v1/devices", token: str = ""
) -> tuple[int, str]:
    """Status and Retry-After."""
    headers = [(b"authorization", f"Bearer {token}".encode())] if token else []
    scope: Scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": headers,
        "client": (address, 1),
        "scheme": "http",
        "server": ("127.0.0.1", 80),
        "http_version": "1.1",
        "root_path": "",
    }
    shown: list[dict[str, object]] = []

    async def send(message: object) -> None:
        assert isinstance(message, dict)
        shown.append(message)

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    asyncio.run(door(scope, receive, send))
    found = {name.decode(): value.decode() for name, value in shown[0]["headers"]}  # type: ignore[attr-defined]
    status = shown[0]["status"]
    assert isinstance(status, int)
    return status, found.get("retry-after", "")


async def passing(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def test_one_address_that_asks_too_much_is_told_when_to_come_back(tmp_path: Path) -> None:
    place = Place(tmp_path)
    door = TokenCheck(passing, place.store, lambda: NOW, TokenUses(place.store), ticks=lambda: 0.0)
    answers = [ask(door, "192.0.2.1") for _ in range(limits.ADDRESS.burst + 3)]
    assert [status for status, _ in answers].count(429) == 3
    assert answers[-1] == (429, "1")
    assert ask(door, "192.0.2.2") == (200, "")
    place.store.close()


def test_wrong_tokens_count_by_their_address_and_never_reach_the_database_then(
    tmp_path: Path,
) -> None:
    place = Place(tmp_path)
    door = TokenCheck(passing, place.store, lambda: NOW, TokenUses(place.store), ticks=lambda: 0.0)
    shown = [ask(door, "192.0.2.1", token=f"wrong-{n}")[0] for n in range(limits.ADDRESS.burst)]
    assert set(shown) == {401}
    place.store.close()
    assert ask(door, "192.0.2.1", token="wrong")[0] == 429


def test_the_pages_own_requests_are_not_limited(tmp_path: Path) -> None:
    place = Place(tmp_path)
    door = TokenCheck(passing, place.store, lambda: NOW, TokenUses(place.store), ticks=lambda: 0.0)
    many = limits.ADDRESS.burst + 50
    assert {ask(door, "192.0.2.1", "/api/devices.geojson")[0] for _ in range(many)} == {200}
    place.store.close()

"""Guesses of passwords: how many somebody has, and how long they wait after wrong ones. No I/O.

Owns the counters and what they count by. Must not check a password.
A guess is counted before its password is checked and given back when it was right, so that guesses sent at
the same time are counted too. `take` and `give_back` never wait: on one event loop nothing comes between.
Two counters for strangers, by the name and by the address they come from; a browser that was in before
under that name has its own counter instead, so that no stranger locks it out.
"""

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from hashlib import blake2b
from ipaddress import IPv6Address, ip_address

from msgspec import Struct

from gateway.domain.errors import BadInputError

TRIES = 5  # wrong passwords before the first wait
WAIT = timedelta(minutes=1)  # the first wait; each wrong one after it doubles it
LONGEST_WAIT = timedelta(minutes=16)
FORGET = timedelta(hours=1)  # after the last guess or the end of the wait
COUNTERS = (
    4_096  # names that share a counter share its waits: memory has a bound and nothing is cleared
)


class TooManyTriesError(BadInputError):
    """They wait after wrong passwords, or too many passwords wait to be checked."""

    def __init__(self, wait: timedelta = WAIT) -> None:
        super().__init__(f"too many wrong passwords: wait {wait.total_seconds():.0f} s")
        self.wait = wait


class _Count(Struct):
    """What one counter holds."""

    wrong: int
    until: datetime  # no guess before this


class Guesses:
    """The counters of one dashboard."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(16)  # nobody can choose names that share a counter
        self._counts: dict[int, _Count] = {}

    def take(self, keys: Iterable[str], now: datetime) -> None:
        """Count one guess by each key. Raises TooManyTriesError: one of them must wait."""
        places = {self._place(key) for key in keys}
        waits = [self._count(place, now).until - now for place in places]
        if (longest := max(waits)) > timedelta():
            raise TooManyTriesError(longest)
        for place in places:
            count = self._counts.setdefault(place, _Count(0, now))
            count.wrong += 1
            count.until = now + wait_after(count.wrong)

    def give_back(self, keys: Iterable[str], now: datetime) -> None:
        """The guess was right: it does not count."""
        for place in {self._place(key) for key in keys}:
            count = self._count(place, now)
            count.wrong = max(0, count.wrong - 1)
            count.until = now + wait_after(count.wrong) if count.wrong > TRIES else now

    def __len__(self) -> int:
        return len(self._counts)

    def _count(self, place: int, now: datetime) -> _Count:
        """What is counted at a place; nothing once it is forgotten."""
        count = self._counts.get(place, _Count(0, now))
        if now - count.until > FORGET:
            self._counts.pop(place, None)
            return _Count(0, now)
        return count

    def _place(self, key: str) -> int:
        digest = blake2b(key.encode(errors="replace"), key=self._key, digest_size=8).digest()
        return int.from_bytes(digest) % COUNTERS


def wait_after(wrong: int) -> timedelta:
    """How long to wait after so many wrong passwords."""
    if wrong < TRIES:
        return timedelta()
    doublings = min(wrong - TRIES, 10)
    return min(LONGEST_WAIT, WAIT * (1 << doublings))


def keys_of(name: str, source: str, browser: str) -> tuple[str, ...]:
    """By what a guess is counted; `browser`: of one that was in before under this name, or ""."""
    return (f"browser {browser}",) if browser else (f"name {name}", f"source {network(source)}")


def network(address: str) -> str:
    """Whom an address stands for: one IPv6 customer has 2^64 addresses, usually a /64."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, IPv6Address):
        return str(found.ipv4_mapped or found.exploded[:19])
    return str(found)

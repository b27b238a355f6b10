"""Secrets that sign one-tap links and the cookie of known browsers: which signs, which count. PURE.

Owns their life: the newest signs, an older one is accepted until its end. Must not read a file or a clock.
Sessions, sign-in links and tokens need none of them: of these the database keeps hashes.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

Keys = Callable[[], Sequence[str]]
"""Gives the secrets that are accepted now, the oldest first; the last one signs."""


class Purpose(StrEnum):
    """What a secret signs. No secret signs two things."""

    LINKS = "links"  # one-tap links in messages
    BROWSERS = "browsers"  # the cookie of browsers that were in before


class SigningKey(Struct, frozen=True):
    """One secret. `until`: the end of its acceptance; None: it is the one that signs."""

    key: str
    since: datetime
    until: datetime | None = None

    def is_accepted(self, now: datetime) -> bool:
        """Whether what it has signed still counts."""
        return self.until is None or now < self.until

    def __repr__(self) -> str:
        return f"SigningKey(since {self.since}, until {self.until})"


class KeyRing(Struct, frozen=True):
    """The secrets of each purpose, the oldest first."""

    keys: Mapping[Purpose, tuple[SigningKey, ...]]

    def of(self, purpose: Purpose) -> tuple[SigningKey, ...]:
        """Those of one purpose."""
        return self.keys.get(purpose, ())

    def accepted(self, purpose: Purpose, now: datetime) -> tuple[str, ...]:
        """What is accepted now, the oldest first."""
        return tuple(one.key for one in self.of(purpose) if one.is_accepted(now))

    def rotated(self, purpose: Purpose, now: datetime, accept: timedelta) -> "KeyRing":
        """With a new secret; those before it are accepted for `accept` more, none longer than it was."""
        end = now + accept
        older = tuple(
            replace(one, until=min(one.until or end, end))
            for one in self.of(purpose)
            if one.is_accepted(now) and accept > timedelta()
        )
        return KeyRing({**self.keys, purpose: (*older, SigningKey(new_key(), now))})


def new_ring(now: datetime, first: str | None = None) -> KeyRing:
    """A secret for each purpose; `first`: one that was used for all of them until today."""
    return KeyRing(
        {one: (SigningKey(new_key() if first is None else first, now),) for one in Purpose}
    )


def new_key() -> str:
    """256 random bits."""
    return secrets.token_urlsafe(32)

"""How many requests a token or an address may make. No I/O.

Owns the limits and their counters. Memory has a bound: who shares a counter shares its limit, and nobody
can choose with whom.
"""

import secrets
from hashlib import blake2b

from msgspec import Struct

COUNTERS = 4_096


class RateLimit(Struct, frozen=True):
    """So many requests at once, and so many a minute on average."""

    burst: int
    per_minute: int


ADDRESS = RateLimit(burst=200, per_minute=600)  # several programs behind one proxy or router
TOKEN = RateLimit(burst=60, per_minute=120)


class Limiter:
    """The counters of one limit: for each the time at which it is at rest again."""

    def __init__(self, limit: RateLimit) -> None:
        self._step_s = 60 / limit.per_minute
        self._room_s = self._step_s * limit.burst
        self._key = secrets.token_bytes(16)
        self._rest: dict[int, float] = {}

    def take(self, key: str, now_s: float) -> float:
        """Count one request at a monotonic time; 0, or how many seconds to wait if it is too many."""
        place = self._place(key)
        rest = max(self._rest.get(place, now_s), now_s) + self._step_s
        if rest - now_s > self._room_s + 1e-9:
            return rest - now_s - self._room_s
        self._rest[place] = rest
        return 0.0

    def __len__(self) -> int:
        return len(self._rest)

    def _place(self, key: str) -> int:
        digest = blake2b(key.encode(errors="replace"), key=self._key, digest_size=8).digest()
        return int.from_bytes(digest) % COUNTERS

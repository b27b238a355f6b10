"""How many reports one address may send, and when a flood makes every phone calculate first. No I/O.

Owns the counters. An address is counted under a hash whose salt lives for one hour and in memory only: nobody
can be recognised by it later. Memory has a bound: who shares a counter shares its limit.
"""

import secrets
from datetime import datetime
from enum import StrEnum
from hashlib import blake2b

from gateway.ingest.reports.work import Work

COUNTERS = 4_096
HARD = 5  # times `per_source_h`: so many are taken with calculated work, more wait
HARD_ALL = 20  # times `flood_h`: the same for all together
HOUR_S = 3_600


class Verdict(StrEnum):
    """What becomes of somebody who wants to report."""

    FREE = "free"
    WORK = "work"  # first the phone must calculate
    WAIT = "wait"  # until the next hour


class Admission:
    """The counters of one gateway. Belongs to one event loop."""

    def __init__(self, per_source_h: int, flood_h: int, bits: int) -> None:
        self._per_source, self._flood = per_source_h, flood_h
        self.work = Work(bits)
        self._hour, self._salt = 0, b""
        self._counts: dict[int, int] = {}
        self._all = 0

    def ask(self, network: str, now: datetime, proof: str = "") -> Verdict:
        """Whether a report may be taken; if so, it is counted."""
        self._turn(now)
        place = self._place(network)
        count = self._counts.get(place, 0)
        if count >= HARD * self._per_source or self._all >= HARD_ALL * self._flood:
            return Verdict.WAIT
        is_much = count >= self._per_source or self._all >= self._flood
        if is_much and not self.work.is_done(proof, now):
            return Verdict.WORK
        self._counts[place] = count + 1
        self._all += 1
        return Verdict.FREE

    @staticmethod
    def wait_s(now: datetime) -> int:
        """Seconds until the counters begin anew."""
        return HOUR_S - int(now.timestamp()) % HOUR_S

    def __len__(self) -> int:
        return len(self._counts)

    def _turn(self, now: datetime) -> None:
        hour = int(now.timestamp()) // HOUR_S
        if hour != self._hour:
            self._hour, self._salt = hour, secrets.token_bytes(16)
            self._counts, self._all = {}, 0

    def _place(self, network: str) -> int:
        digest = blake2b(network.encode(errors="replace"), key=self._salt, digest_size=8).digest()
        return int.from_bytes(digest) % COUNTERS

"""Proof of work: what a phone must calculate before its report is taken while there is a flood.

Owns the task, its signature and its check. A task is good once and for some minutes, by this process only; no
service of others and no picture to guess is needed. Must not decide when one is asked for (`admission`).
"""

import hmac
import secrets
from datetime import datetime, timedelta
from hashlib import sha256

VALID = timedelta(minutes=15)
MOST_USED = 10_000  # tasks that are remembered as used; more are refused until some expire


class Work:
    """The tasks of one gateway. Belongs to one event loop."""

    def __init__(self, bits: int) -> None:
        self.bits = bits
        self._key = secrets.token_bytes(32)
        self._used: dict[str, int] = {}  # task -> its end, seconds since 1970

    def task(self, now: datetime) -> str:
        """A new task."""
        head = f"{round((now + VALID).timestamp())}-{secrets.token_hex(8)}"
        return f"{head}-{self._mac(head)}"

    def is_done(self, proof: str, now: datetime) -> bool:
        """Whether `task:number` is a solution that was not used before; then it is used."""
        task, _, number = proof.partition(":")
        end = self._end(task)
        if end < now.timestamp() or not number.isascii() or not number.isdigit():
            return False
        if len(number) > 20 or leading_zero_bits(sha256(proof.encode()).digest()) < self.bits:
            return False
        return self._use(task, end, now)

    def _use(self, task: str, end: int, now: datetime) -> bool:
        if len(self._used) >= MOST_USED:
            self._used = {one: to for one, to in self._used.items() if to >= now.timestamp()}
        if task in self._used or len(self._used) >= MOST_USED:
            return False
        self._used[task] = end
        return True

    def _end(self, task: str) -> int:
        """When a task of ours ends; 0: it is none."""
        head, _, mac = task.rpartition("-")
        until = head.partition("-")[0]
        if not until.isascii() or not until.isdigit() or len(task) > 100:
            return 0
        return int(until) if hmac.compare_digest(mac.encode(), self._mac(head).encode()) else 0

    def _mac(self, head: str) -> str:
        return hmac.new(self._key, head.encode(), sha256).hexdigest()[:32]


def leading_zero_bits(digest: bytes) -> int:
    """How many bits at the beginning are zero."""
    return len(digest) * 8 - int.from_bytes(digest).bit_length()

"""Devices whose boot number went back, and how often.

Owns its table. Must not decide what that means (`boot_numbers`).
"""

from collections.abc import Iterable
from datetime import datetime

import apsw
from msgspec import Struct

from gateway.domain.epoch import from_ms, ms
from gateway.domain.refused.boot_numbers import FORGET_AFTER, BootReturn


class BootReturns(Struct, frozen=True):
    """The boot returns of one device."""

    device: str
    low: int  # boot numbers of the newest return
    high: int
    times: int
    first_at: datetime
    last_at: datetime


class BootReturnTable:
    """Statements inside a transaction of the writer."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._execute = connection.execute

    def add(self, device: str, found: Iterable[BootReturn]) -> None:
        """Count returns; after FORGET_AFTER without any, the count restarts."""
        for one in found:
            at = ms(one.at)
            self._execute(
                "DELETE FROM boot_return WHERE device = ? AND last_ms < ?",
                (device, at - round(FORGET_AFTER.total_seconds() * 1_000)),
            )
            self._execute(
                "INSERT INTO boot_return VALUES (?1, ?2, ?3, 1, ?4, ?4) ON CONFLICT (device) DO UPDATE "
                "SET low = ?2, high = ?3, times = times + 1, last_ms = ?4",
                (device, one.low, one.high, at),
            )

    def since(self, since: datetime) -> list[BootReturns]:
        """Devices whose number went back after `since`."""
        rows = self._execute(
            "SELECT device, low, high, times, first_ms, last_ms FROM boot_return WHERE last_ms > ?",
            (ms(since),),
        )
        return [
            BootReturns(device, low, high, times, from_ms(first), from_ms(last))
            for device, low, high, times, first, last in rows
        ]

"""How many messages gave no event, by device and reason.

Owns its table. Must not decide what gives an event.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

import apsw
from msgspec import Struct

from gateway.domain.epoch import from_ms, ms

Key = tuple[str, str]  # (device, empty: not registered; reason)


class NoEventCount(Struct, frozen=True):
    """Messages of one device that gave no event for one reason."""

    device: str
    reason: str
    messages: int
    last_at: datetime


class NoEventTable:
    """Statements inside a transaction of the writer."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._execute = connection.execute
        self._many = connection.executemany

    def add(self, counts: Mapping[Key, int], now: datetime) -> None:
        """Add to the stored counts."""
        self._many(
            "INSERT INTO no_event VALUES (?, ?, ?, ?) ON CONFLICT (device, reason) DO UPDATE "
            "SET messages = messages + excluded.messages, last_ms = excluded.last_ms",
            [(*key, messages, ms(now)) for key, messages in counts.items()],
        )

    def forget(self, device: str) -> None:
        """Delete the counts of a device."""
        self._execute("DELETE FROM no_event WHERE device = ?", (device,))


def no_events(
    execute: Callable[..., Iterable[tuple[Any, ...]]], limit: int, offset: int = 0
) -> list[NoEventCount]:
    """Counts, the newest first."""
    rows = execute(
        "SELECT device, reason, messages, last_ms FROM no_event "
        "ORDER BY last_ms DESC, messages DESC, device, reason LIMIT ? OFFSET ?",
        (limit, offset),
    )
    return [
        NoEventCount(device, reason, messages, from_ms(at)) for device, reason, messages, at in rows
    ]

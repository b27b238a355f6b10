"""Unapproved devices: what the writer caches about them, and what pages read.

Owns these caches and queries. Must not decide anything.
"""

from datetime import datetime
from typing import NamedTuple, Self

import apsw

from gateway.domain.epoch import from_ms
from gateway.store.answers import HeldMessages
from gateway.store.tables.no_events import NoEventCount, no_events
from gateway.store.tables.quarantine import HeldSizes
from gateway.store.tables.unknown_devices import NameFlood, UnknownDeviceCache, floods


class HeldReads:
    """Queries on a reader's thread."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._execute = connection.execute

    def waiting(self) -> list[HeldMessages]:
        """The waiting messages of each named device, captures first."""
        rows = self._execute(
            "SELECT device, count(*), sum(urgent) u, received_ms, topic, detail, max(no) FROM quarantine "
            "WHERE device IS NOT NULL AND replayed_ms IS NULL GROUP BY device ORDER BY u = 0, device"
        )
        return [
            HeldMessages(device, count, urgent, from_ms(at_ms), topic, detail)
            for device, count, urgent, at_ms, topic, detail, _ in rows
        ]

    def floods(self, since: datetime) -> list[NameFlood]:
        """Names for which the list had no room, by what they share, the newest first."""
        return floods(self._execute, since)

    def no_events(self, limit: int) -> list[NoEventCount]:
        """How many messages gave no event, by device and reason, the newest first."""
        return no_events(self._execute, limit)


class HeldCache(NamedTuple):
    """The caches about unapproved devices."""

    sizes: HeldSizes
    unknown: UnknownDeviceCache

    @classmethod
    def empty(cls) -> Self:
        """Caches that are read at their first use."""
        return cls(HeldSizes(), UnknownDeviceCache())

    def forget(self) -> None:
        """The tables may have changed."""
        self.sizes.forget()
        self.unknown.forget()

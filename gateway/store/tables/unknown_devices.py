"""Devices that sent messages and were never registered: the list of names, and floods of names beyond it.

Owns their tables, and the counts that are not written yet. Must not decide what is too many
(`unknown_names`) nor alert.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import apsw
from msgspec import Struct, field

from gateway.domain.epoch import from_ms, ms
from gateway.domain.refused.unknown_names import NameEstimate, UnknownNames

Execute = Callable[[str, tuple[Any, ...]], Iterable[tuple[Any, ...]]]


class NameFlood(Struct, frozen=True):
    """Names for which the list had no room, by the topic filter that they share."""

    filter: str
    names: int  # estimated, including those in the list
    messages: int
    springs: int  # messages among them that report a capture
    first_at: datetime
    last_at: datetime


class UnwrittenFlood(Struct):
    """The counts of a flood since they were last written."""

    estimate: NameEstimate
    messages: int = 0
    springs: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None


class UnknownDeviceCache(Struct):
    """The list in memory, shared by all transactions of one writer."""

    names: UnknownNames = field(default_factory=UnknownNames)
    is_read: bool = False
    refused: dict[str, UnwrittenFlood] = field(default_factory=dict)  # by filter

    def forget(self) -> None:
        """Read the table again at the next use; counts that are not written yet stay."""
        self.names, self.is_read = UnknownNames(), False


class UnknownDeviceTable:
    """Statements inside a transaction of the writer."""

    def __init__(self, connection: apsw.Connection, known: UnknownDeviceCache) -> None:
        self._execute = connection.execute
        self._known = known

    @property
    def names(self) -> UnknownNames:
        """The names in the list."""
        known = self._known
        if not known.is_read:
            known.is_read = True
            rows = self._execute("SELECT id, topic, first_ms FROM unknown_device ORDER BY first_ms")
            for name, topic, first_ms in rows:
                known.names.add(name, topic, from_ms(first_ms))
        return known.names

    def add(self, name: str, topic: str, at: datetime) -> None:
        """Add a name to the list."""
        self._execute(
            "INSERT OR IGNORE INTO unknown_device (id, topic, first_ms) VALUES (?, ?, ?)",
            (name, topic, ms(at)),
        )
        self.names.add(name, topic, at)

    def remove(self, name: str) -> None:
        """Remove a name: the device was approved, revoked or forgotten."""
        if name in self.names.topics:
            self._execute("DELETE FROM unknown_device WHERE id = ?", (name,))
            self._known.names.remove(name)

    def refuse(self, wanted: str, name: str, at: datetime, *, springs: bool) -> None:
        """Count a message of a name for which there was no room; written by `flush`."""
        flood = self._known.refused.get(wanted)
        if flood is None:
            flood = self._known.refused[wanted] = UnwrittenFlood(
                self._estimate(wanted), first_at=at
            )
        flood.estimate.add(name)
        flood.messages += 1
        flood.springs += springs
        flood.last_at = at

    def flush(self) -> None:
        """Write the counts since the last call."""
        for wanted, flood in self._known.refused.items():
            first, last = (ms(at) for at in (flood.first_at, flood.last_at) if at)
            self._execute(
                "INSERT INTO name_flood VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (filter) DO UPDATE "
                "SET names = excluded.names, messages = messages + excluded.messages, "
                "springs = springs + excluded.springs, last_ms = excluded.last_ms",
                (wanted, flood.estimate.registers, flood.messages, flood.springs, first, last),
            )
        self._known.refused.clear()

    def floods(self, since: datetime) -> list[NameFlood]:
        """Floods that went on after `since`, the newest first."""
        return floods(self._execute, since)

    def forget_flood(self, wanted: str) -> None:
        """Delete a flood whose names were handled."""
        self._execute("DELETE FROM name_flood WHERE filter = ?", (wanted,))
        self._known.refused.pop(wanted, None)

    def alerted_since(self, since: datetime) -> int:
        """For how many devices people were alerted since then."""
        sql = "SELECT count(*) FROM unknown_device WHERE told_ms >= ?"
        [(count,)] = self._execute(sql, (ms(since),))
        return int(count)

    def not_alerted(self, names: Iterable[str]) -> set[str]:
        """The listed names about whose captures nobody was alerted."""
        sql = "SELECT 1 FROM unknown_device WHERE id = ? AND told_ms IS NULL"
        return {name for name in names if self._execute(sql, (name,)).fetchone()}

    def set_alerted(self, names: Iterable[str], now: datetime) -> None:
        """People were alerted about the captures of these devices."""
        for name in names:
            self._execute("UPDATE unknown_device SET told_ms = ? WHERE id = ?", (ms(now), name))

    def _estimate(self, wanted: str) -> NameEstimate:
        row = self._execute("SELECT names FROM name_flood WHERE filter = ?", (wanted,)).fetchone()
        estimate = NameEstimate(row[0] if row else b"")
        for name in self.names.under(wanted):
            estimate.add(name)
        return estimate


def floods(execute: Execute, since: datetime) -> list[NameFlood]:
    """Floods that went on after `since`, the newest first."""
    rows = execute(
        "SELECT filter, names, messages, springs, first_ms, last_ms FROM name_flood "
        "WHERE last_ms > ? ORDER BY last_ms DESC",
        (ms(since),),
    )
    return [
        NameFlood(
            wanted, NameEstimate(names).count, messages, springs, from_ms(first), from_ms(last)
        )
        for wanted, names, messages, springs, first, last in rows
    ]

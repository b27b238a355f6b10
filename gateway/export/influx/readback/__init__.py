"""History: one interface, two implementations with equal answers.

Owns the questions and the types of the answers. `embedded` reads the gateway's own store, `influx` the
central server; ``[dashboard] history`` chooses. Times are UTC-aware, ranges half-open [start, end).
Roll-ups are of whole hours, so a range is widened to the hours that it touches.
"""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from msgspec import Struct

from gateway.domain.epoch import EPOCH, day_number
from gateway.domain.errors import UnreachableError
from gateway.domain.model import DeviceState, Event

HOUR = timedelta(hours=1)


class Count(Struct, frozen=True, order=True):
    """Detections of one species at one device in one hour; species "": unknown."""

    device: str
    species: str
    hour: datetime  # its beginning
    records: int
    independent: int
    animals: int


class Total(Struct, frozen=True, order=True):
    """Detections at one device in a period, of one species or of all."""

    device: str
    independent: int
    animals: int


class HourCount(Struct, frozen=True, order=True):
    """Detections of one species at all devices in one hour."""

    species: str
    hour: datetime
    records: int
    independent: int
    animals: int


class Effort(Struct, frozen=True, order=True):
    """How long one device was alive and armed in a period, in ms."""

    device: str
    alive_ms: int
    armed_ms: int


class HistoryUnreadableError(UnreachableError):
    """The history cannot be read now; the text says why."""


class History(Protocol):
    """What pages and exports read. Every method may raise HistoryUnreadableError."""

    def events(
        self, start: datetime, end: datetime, device: str | None = None
    ) -> AsyncIterator[Event]:
        """Events observed in [start, end), oldest first, in bounded memory."""

    async def latest(self, limit: int) -> list[Event]:
        """The newest events by observed time, newest first."""

    async def counts(self, start: datetime, end: datetime) -> list[Count]:
        """Detections by device, species and hour, sorted."""

    async def totals(
        self, start: datetime, end: datetime, species: str | None = None
    ) -> list[Total]:
        """Detections of a species (None: all together) by device, without zeros, sorted."""

    async def species(self, start: datetime, end: datetime) -> list[str]:
        """Species detected in the local days that a period touches, most frequent first."""

    async def blind(self, start: datetime, end: datetime) -> set[str]:
        """Devices whose detections in these days all have species `unknown`."""

    async def by_hour(
        self, start: datetime, end: datetime, species: str | None = None
    ) -> list[HourCount]:
        """Detections by species (None: each) and hour, sorted: for hours of the day, seasons."""

    async def effort(self, start: datetime, end: datetime) -> list[Effort]:
        """Effort by device, without zeros, sorted."""

    async def span(self) -> tuple[datetime, datetime] | None:
        """Beginnings of the first and last local day with effort or detections; None: no data."""

    async def states(self) -> dict[str, DeviceState]:
        """The present state of each device."""


def hours_of(start: datetime, end: datetime) -> tuple[int, int]:
    """The hours since 1970 that [start, end) touches, half-open."""
    return (start - EPOCH) // HOUR, -((EPOCH - end) // HOUR)


def days_of(start: datetime, end: datetime, zone: ZoneInfo) -> tuple[int, int] | None:
    """The local days since 1970 that are exactly [start, end); None if it is not whole days."""
    times = start.astimezone(zone), end.astimezone(zone)
    if any(time.replace(hour=0, minute=0, second=0, microsecond=0) != time for time in times):
        return None
    return day_number(times[0]), day_number(times[1])


def touched_days(start: datetime, end: datetime, zone: ZoneInfo) -> tuple[int, int]:
    """The local days since 1970 that [start, end) touches, half-open."""
    last = (end - timedelta(microseconds=1)).astimezone(zone)
    return day_number(start.astimezone(zone)), day_number(last) + 1

"""The past, from wherever it lies: one interface, two implementations that answer alike.

Owns the questions and their answers' shapes. `embedded` asks the store of this gateway, `influx` the
central server; ``[dashboard] history`` chooses. Times are aware and UTC, ranges half-open [start, end).
Roll-ups are of whole hours: a range is widened to the hours it touches.
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
    """What one device saw of one species in one hour; "" = species unknown."""

    device: str
    species: str
    hour: datetime  # its beginning
    records: int
    independent: int
    animals: int


class Total(Struct, frozen=True, order=True):
    """What one device saw over a time, of one species or of all."""

    device: str
    independent: int
    animals: int


class HourCount(Struct, frozen=True, order=True):
    """What all devices together saw of one species in one hour."""

    species: str
    hour: datetime
    records: int
    independent: int
    animals: int


class Effort(Struct, frozen=True, order=True):
    """How long one device was alive and armed over a time, in ms."""

    device: str
    alive_ms: int
    armed_ms: int


class HistoryUnreadableError(UnreachableError):
    """The past cannot be read now; the text says why."""


class History(Protocol):
    """What pages and exports ask. Every method may raise Unreadable."""

    def events(
        self, start: datetime, end: datetime, device: str | None = None
    ) -> AsyncIterator[Event]:
        """Events observed in [start, end), the oldest first, in bounded memory."""

    async def latest(self, limit: int) -> list[Event]:
        """The newest events by observed time, the newest first."""

    async def counts(self, start: datetime, end: datetime) -> list[Count]:
        """Detections by device, species and hour, sorted."""

    async def totals(
        self, start: datetime, end: datetime, species: str | None = None
    ) -> list[Total]:
        """Detections of a species (None: all together) by device that saw any, sorted."""

    async def species(self, start: datetime, end: datetime) -> list[str]:
        """Species seen in the local days that a time touches, the most frequent first."""

    async def blind(self, start: datetime, end: datetime) -> set[str]:
        """Devices that saw something in these days, and never anything but species `unknown`."""

    async def by_hour(
        self, start: datetime, end: datetime, species: str | None = None
    ) -> list[HourCount]:
        """Detections by species (None: each) and hour, sorted: for hours of the day, seasons."""

    async def effort(self, start: datetime, end: datetime) -> list[Effort]:
        """Effort by device where there was any, sorted."""

    async def span(self) -> tuple[datetime, datetime] | None:
        """Beginnings of the first and last local day with effort or detections; None: nothing yet."""

    async def states(self) -> dict[str, DeviceState]:
        """What is known now of each device."""


def hours_of(start: datetime, end: datetime) -> tuple[int, int]:
    """The hours since 1970 that [start, end) touches, half-open."""
    return (start - EPOCH) // HOUR, -((EPOCH - end) // HOUR)


def days_of(start: datetime, end: datetime, zone: ZoneInfo) -> tuple[int, int] | None:
    """The local days since 1970 that make up [start, end) exactly; None when they do not."""
    times = start.astimezone(zone), end.astimezone(zone)
    if any(time.replace(hour=0, minute=0, second=0, microsecond=0) != time for time in times):
        return None
    return day_number(times[0]), day_number(times[1])


def touched_days(start: datetime, end: datetime, zone: ZoneInfo) -> tuple[int, int]:
    """The local days since 1970 that [start, end) touches, half-open."""
    last = (end - timedelta(microseconds=1)).astimezone(zone)
    return day_number(start.astimezone(zone)), day_number(last) + 1

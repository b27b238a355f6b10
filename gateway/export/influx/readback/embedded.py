"""History from the gateway's own store. Owns paging and the choice of months, days or hours."""

from collections.abc import AsyncIterator
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from gateway.domain.epoch import hour_start, local_midnight, ms
from gateway.domain.model import DeviceState, Event
from gateway.export.influx.readback import (
    Count,
    Effort,
    HourCount,
    Total,
    days_of,
    hours_of,
    touched_days,
)
from gateway.store import Reader, Store
from gateway.store.rollups.sums import Part

PAGE = 2_000  # events in memory at once


class EmbeddedHistory:
    """The history of this gateway. `zone`: the time zone of its days."""

    def __init__(self, store: Store, zone: ZoneInfo) -> None:
        self._store, self._zone = store, zone

    async def events(
        self, start: datetime, end: datetime, device: str | None = None
    ) -> AsyncIterator[Event]:
        """Events observed in [start, end), oldest first."""
        after, until = (ms(start), 0), ms(end)
        while True:
            ask = partial(_page, after=after, until_ms=until, device=device)
            page = await self._store.read(ask)
            for _, event in page:
                yield event
            if len(page) < PAGE:
                return
            after = (ms(page[-1][1].observed_at), page[-1][0])

    async def latest(self, limit: int) -> list[Event]:
        """The newest events by observed time, newest first."""
        return await self._store.read(lambda r: r.rollups.latest(limit))

    async def counts(self, start: datetime, end: datetime) -> list[Count]:
        """Detections by device, species and hour."""
        rows = await self._store.read(lambda r: r.rollups.counts(*hours_of(start, end)))
        return sorted(Count(d, s, hour_start(hour), *cell) for d, s, hour, *cell in rows)

    async def totals(
        self, start: datetime, end: datetime, species: str | None = None
    ) -> list[Total]:
        """Detections of a species, or of all, by device."""
        rows = await self._store.read(
            lambda r: r.rollups.totals(self._parts(r, start, end), species)
        )
        return sorted(Total(*row) for row in rows)

    async def species(self, start: datetime, end: datetime) -> list[str]:
        """Species detected in the local days that a period touches, most frequent first."""
        days = touched_days(start, end, self._zone)
        return await self._store.read(lambda r: r.own_period_reads.species(*days))

    async def blind(self, start: datetime, end: datetime) -> set[str]:
        """Devices whose detections in these days all have species `unknown`."""
        days = touched_days(start, end, self._zone)
        return await self._store.read(lambda r: r.own_period_reads.blind(*days))

    async def by_hour(
        self, start: datetime, end: datetime, species: str | None = None
    ) -> list[HourCount]:
        """Detections by species and hour."""
        hours = hours_of(start, end)
        rows = await self._store.read(lambda r: r.rollups.by_hour(*hours, species))
        return sorted(HourCount(s, hour_start(hour), *cell) for s, hour, *cell in rows)

    async def effort(self, start: datetime, end: datetime) -> list[Effort]:
        """Effort by device."""
        rows = await self._store.read(lambda r: r.rollups.effort(self._parts(r, start, end)))
        return sorted(Effort(*row) for row in rows)

    async def span(self) -> tuple[datetime, datetime] | None:
        """Beginnings of the first and last local day with effort or detections."""
        days = await self._store.read(lambda r: r.period_reads.span_days())
        return (self._midnight(days[0]), self._midnight(days[1])) if days else None

    async def states(self) -> dict[str, DeviceState]:
        """The present state of each device."""
        return await self._store.read(lambda r: r.states())

    def _midnight(self, day: int) -> datetime:
        return local_midnight(day, self._zone)

    def _parts(self, reader: Reader, start: datetime, end: datetime) -> list[Part]:
        days = days_of(start, end, self._zone)
        return reader.own_period_reads.parts(*days) if days else [("hour", *hours_of(start, end))]


def _page(
    reader: Reader, after: tuple[int, int], until_ms: int, device: str | None
) -> list[tuple[int, Event]]:
    return reader.rollups.events(after, until_ms, device, PAGE)

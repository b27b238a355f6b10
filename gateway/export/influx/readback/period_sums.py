"""The sums over days for maps and figures, read from InfluxDB instead of the store.

Owns the calls from a reader's thread to the event loop, and the fallback: if InfluxDB does not answer,
the gateway's own store does. Hours of the day, actions and springs always come from the own store:
InfluxQL cannot group by hour of the day, and people's names never leave the gateway.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import CancelledError
from datetime import datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from gateway.config import Config
from gateway.domain.epoch import day_number, local_midnight
from gateway.export.influx.readback import History, HistoryUnreadableError
from gateway.export.influx.readback.influx import InfluxHistory
from gateway.export.influx.server import connect
from gateway.store import Store
from gateway.store.reading import ReadingStore
from gateway.store.rollups.periods import EffortSum, PeriodReads, Sums

log = logging.getLogger(__name__)
T = TypeVar("T")
ANSWER_WITHIN_S = 10.0  # a page waits no longer for the server


class PastPeriodReads(PeriodReads):
    """For one reader. `loop` runs the history; must not be used on the thread of that loop."""

    def __init__(
        self,
        execute: Callable[..., Any],
        history: History,
        zone: ZoneInfo,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        super().__init__(execute)
        self._history, self._zone, self._loop = history, zone, loop

    def sums(self, start_day: int, end_day: int, species: str | None = None) -> list[Sums]:
        """Sums by device over local days [start_day, end_day), days since 1970; all devices."""
        span = self._midnights(start_day, end_day)

        async def ask() -> list[Sums]:
            totals, efforts = await asyncio.gather(
                self._history.totals(*span, species), self._history.effort(*span)
            )
            seen = {total.device: (total.independent, total.animals) for total in totals}
            spent = {effort.device: (effort.alive_ms, effort.armed_ms) for effort in efforts}
            return [Sums(id_, *spent.get(id_, (0, 0)), *seen.get(id_, (0, 0))) for id_ in ids]

        ids = self._ids()
        return self._or_own_store(
            ask, lambda: super(PastPeriodReads, self).sums(start_day, end_day, species)
        )

    def effort(self, start_day: int, end_day: int) -> list[EffortSum]:
        """Effort by device over local days [start_day, end_day), days since 1970; all devices."""
        span = self._midnights(start_day, end_day)

        async def ask() -> list[EffortSum]:
            efforts = await self._history.effort(*span)
            spent = {effort.device: (effort.alive_ms, effort.armed_ms) for effort in efforts}
            return [EffortSum(id_, *spent.get(id_, (0, 0))) for id_ in ids]

        ids = self._ids()
        return self._or_own_store(
            ask, lambda: super(PastPeriodReads, self).effort(start_day, end_day)
        )

    def species(self, start_day: int, end_day: int) -> list[str]:
        """Species detected in local days [start_day, end_day), most frequent first."""
        span = self._midnights(start_day, end_day)
        return self._or_own_store(
            lambda: self._history.species(*span),
            lambda: super(PastPeriodReads, self).species(start_day, end_day),
        )

    def blind(self, start_day: int, end_day: int) -> set[str]:
        """Devices whose detections in these days all have species `unknown`."""
        span = self._midnights(start_day, end_day)
        return self._or_own_store(
            lambda: self._history.blind(*span),
            lambda: super(PastPeriodReads, self).blind(start_day, end_day),
        )

    def span_days(self) -> tuple[int, int] | None:
        """First and last local day with effort or detections, days since 1970; None if no data."""

        async def ask() -> tuple[int, int] | None:
            span = await self._history.span()
            return (self._day(span[0]), self._day(span[1])) if span else None

        return self._or_own_store(ask, super().span_days)

    def _ids(self) -> list[str]:
        return [id_ for (id_,) in self._execute("SELECT id FROM device ORDER BY id")]

    def _or_own_store(self, ask: Callable[[], Awaitable[T]], own: Callable[[], T]) -> T:
        """The answer of the history, or of the own store if there is none in time."""

        async def in_time() -> T:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                return await ask()

        try:
            return asyncio.run_coroutine_threadsafe(in_time(), self._loop).result(
                2 * ANSWER_WITHIN_S
            )
        except (HistoryUnreadableError, TimeoutError, CancelledError) as error:
            log.warning(
                "figures from the gateway's own store: %s", str(error) or "no answer in time"
            )
            return own()

    def _midnights(self, start_day: int, end_day: int) -> tuple[datetime, datetime]:
        return local_midnight(start_day, self._zone), local_midnight(end_day, self._zone)

    def _day(self, time: datetime) -> int:
        return day_number(time.astimezone(self._zone))


@contextlib.asynccontextmanager
async def use_history(config: Config, store: Store | ReadingStore) -> AsyncIterator[None]:
    """While active, new readers of `store` take their sums from the configured history."""
    if config.dashboard.history == "embedded":
        yield
        return
    zone, loop = ZoneInfo(config.site.timezone), asyncio.get_running_loop()
    async with connect(config.influx) as server:
        history = InfluxHistory(server, config.site.name, zone)
        store.period_reads = lambda execute: PastPeriodReads(execute, history, zone, loop)
        try:
            yield
        finally:
            store.period_reads = PeriodReads

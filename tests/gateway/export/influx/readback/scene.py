"""The events of one history, and what is read of it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from typing import TypeVar

from gateway.config import Influx
from gateway.domain.model import Event
from gateway.export.influx.readback import History
from gateway.export.influx.readback.embedded import EmbeddedHistory
from gateway.export.influx.readback.influx import InfluxHistory
from gateway.export.influx.server import connect
from gateway.store import Store
from tests.gateway.export.influx.kit import (
    database,
    forward_all,
)
from tests.support.samples import T0, TOKYO

T = TypeVar("T")
EVER = (T0 - timedelta(days=1), T0 + timedelta(days=9))


class Scene:
    """A filled store, and the history under test of the same events."""

    def __init__(self, store: Store, chosen: Influx | None, site: str) -> None:
        self.store, self.chosen, self.site = store, chosen, site
        self.truth = EmbeddedHistory(store, TOKYO)

    def ask(self, question: Callable[[History], Awaitable[T]]) -> T:
        """One question to the history under test."""

        async def scenario() -> T:
            async with self.history() as history:
                return await question(history)

        return asyncio.run(scenario())

    @contextlib.asynccontextmanager
    async def history(self) -> AsyncIterator[History]:
        if self.chosen is None:
            yield self.truth
            return
        async with connect(self.chosen) as server:
            yield InfluxHistory(server, self.site, TOKYO)

    def forward(self) -> None:
        """Bring the server up to date."""
        if self.chosen:
            asyncio.run(forward_all(self.store, self.chosen, self.site))


async def prepare(chosen: Influx) -> None:
    async with database(chosen):
        pass


async def gather(
    history: History, start: datetime, end: datetime, device: str | None = None
) -> list[Event]:
    return [event async for event in history.events(start, end, device)]


def ordered(events: list[Event]) -> list[Event]:
    return sorted(events, key=lambda event: (event.observed_at, event.id))

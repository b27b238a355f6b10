"""Updates without reload: what changed since a page last looked, as server-sent events.

Owns the present Look shared by all open pages, and the pace of telling them. Must not write, and
keeps nothing that the store could not tell again: a page that reconnects is told everything.
"""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator

from dashboard.live.snapshot import Look, look
from gateway.clock import Clock
from gateway.store import Store
from gateway.store.feed import Feed

CALM_S = 2.0  # news that alert nobody are gathered this long
BREATH_S = 0.2  # between two tellings of one page
STALE_S = 15.0  # time alone changes things too: a device falls silent


class Live:
    """The present, for any number of pages. Belongs to one event loop."""

    def __init__(self, store: Store, feed: Feed, clock: Clock) -> None:
        self._store, self._feed, self._clock = store, feed, clock
        self._run_id = secrets.token_hex(4)  # versions of an earlier run mean nothing
        self._count = 0
        self._stirred = asyncio.Event()
        self._news = False
        self._look: tuple[int, Look] | None = None
        self._reading = asyncio.Lock()
        self._running = False

    @property
    def version(self) -> str:
        """Changes whenever there may be something new to see."""
        return f"{self._run_id}-{self._count}"

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Follow the feed inside this context."""
        async with asyncio.TaskGroup() as group:
            tasks = (
                group.create_task(self._follow(), name="live: follow the feed"),
                group.create_task(self._tick(), name="live: tick"),
            )
            self._running = True
            yield
            self._running = False
            for task in tasks:
                task.cancel()

    def close(self) -> None:
        """End all streams: the server is going down."""
        self._running = False
        self._stir()

    async def look(self) -> tuple[str, Look]:
        """The present version and what it shows; read once, however many ask."""
        async with self._reading:
            count = self._count
            if self._look is None or self._look[0] != count:
                now = self._clock()
                self._look = (count, await self._store.read(lambda reader: look(reader, now)))
            return f"{self._run_id}-{count}", self._look[1]

    async def changes(self, since: str) -> AsyncIterator[tuple[str, Look]]:
        """Every version after `since` that there is time to show, the newest only."""
        if not self._running:
            raise RuntimeError("no page would ever hear news: run the app with its lifespan")
        while self._running:
            if self.version == since:
                await self._stirred.wait()
                continue
            since, present = await self.look()
            yield since, present
            await asyncio.sleep(BREATH_S)

    async def _follow(self) -> None:
        with self._feed.listen() as outcomes:
            async for outcome in outcomes:
                self._news = True
                if outcome.opened or outcome.changed or outcome.ended:
                    self._stir()

    async def _tick(self) -> None:
        last = self._count
        calm = 0.0
        while True:
            await asyncio.sleep(CALM_S)
            calm = calm + CALM_S if self._count == last else 0.0
            if self._news or calm >= STALE_S:
                self._stir()
            last = self._count

    def _stir(self) -> None:
        self._news = False
        self._count += 1
        stirred, self._stirred = self._stirred, asyncio.Event()
        stirred.set()

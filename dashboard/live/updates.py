"""Updates without reload: the newest snapshot for all open pages.

Owns the snapshot shared by all open pages, and how often pages are updated. Must not write to the store.
Keeps no history: a page that reconnects gets the whole snapshot again.
"""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator

from dashboard.live.snapshot import Snapshot, read_snapshot
from gateway.clock import Clock
from gateway.domain.traps.visits import VisitPlan
from gateway.store import Store
from gateway.store.feed import Feed

COLLECT_S = 2.0  # changes without an alert are collected for this long
MIN_INTERVAL_S = 0.2  # between two updates of one page
MAX_AGE_S = 15.0  # then a new snapshot without changes: a device becomes silent by time alone


class Live:
    """Snapshots for any number of pages. Belongs to one event loop."""

    def __init__(
        self, store: Store, feed: Feed, clock: Clock, plan: VisitPlan | None = None
    ) -> None:
        """`plan`: how often each trap must be visited; None: no visit is ever due."""
        self._store, self._feed, self._clock, self._plan = store, feed, clock, plan
        self._run_id = secrets.token_hex(4)  # makes versions of an earlier run different
        self._count = 0
        self._changed = asyncio.Event()
        self._has_changes = False
        self._cached: tuple[int, Snapshot] | None = None
        self._reading = asyncio.Lock()
        self._running = False

    @property
    def version(self) -> str:
        """Changes whenever there may be something new."""
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
        self._notify()

    async def snapshot(self) -> tuple[str, Snapshot]:
        """The current version and its snapshot; read once for concurrent callers."""
        async with self._reading:
            count = self._count
            if self._cached is None or self._cached[0] != count:
                now = self._clock()
                snapshot = await self._store.read(
                    lambda reader: read_snapshot(reader, now, self._plan)
                )
                before = self._cached[1] if self._cached else None
                self._cached = count, snapshot.sharing(before)
            return f"{self._run_id}-{count}", self._cached[1]

    async def changes(self, since: str) -> AsyncIterator[tuple[str, Snapshot]]:
        """Snapshots after version `since`; versions in between are skipped.

        Raises RuntimeError outside `running`, where no change would ever come.
        """
        if not self._running:
            raise RuntimeError("no page would be updated: run the app with its lifespan")
        while self._running:
            if self.version == since:
                await self._changed.wait()
                continue
            since, snapshot = await self.snapshot()
            yield since, snapshot
            await asyncio.sleep(MIN_INTERVAL_S)

    async def _follow(self) -> None:
        with self._feed.listen() as outcomes:
            async for outcome in outcomes:
                self._has_changes = True
                if outcome.opened or outcome.changed or outcome.ended:
                    self._notify()

    async def _tick(self) -> None:
        last = self._count
        calm = 0.0
        while True:
            await asyncio.sleep(COLLECT_S)
            calm = calm + COLLECT_S if self._count == last else 0.0
            if self._has_changes or calm >= MAX_AGE_S:
                self._notify()
            last = self._count

    def _notify(self) -> None:
        self._has_changes = False
        self._count += 1
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

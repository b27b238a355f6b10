"""The feed: sends committed outcomes to all listeners.

Owns the distribution to open pages and followers in this process. Must not store anything: a slow listener
loses the oldest batches and reads the store again.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator

from gateway.domain.outcome import Outcome

MOST_WAITING = 100  # batches that wait for one listener


class Feed:
    """Broadcast of outcomes. Use from the event loop's thread."""

    def __init__(self) -> None:
        self._listeners: set[asyncio.Queue[Outcome]] = set()

    def tell(self, outcome: Outcome) -> None:
        """Hand an outcome to all listeners; never waits."""
        for queue in self._listeners:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(outcome)

    @contextlib.contextmanager
    def listen(self) -> Iterator[AsyncIterator[Outcome]]:
        """``with feed.listen() as outcomes: async for outcome in outcomes``."""
        queue: asyncio.Queue[Outcome] = asyncio.Queue(MOST_WAITING)
        self._listeners.add(queue)
        try:
            yield _drain(queue)
        finally:
            self._listeners.discard(queue)


async def _drain(queue: asyncio.Queue[Outcome]) -> AsyncIterator[Outcome]:
    while True:
        yield await queue.get()

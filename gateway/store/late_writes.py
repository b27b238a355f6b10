"""What may be written late: once a minute while the program runs, and at its end once more.

Owns the time of these writes. Must not know what is written.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

WRITE_S = 60.0  # between two writes


@contextlib.asynccontextmanager
async def written_late(write: Callable[[], Awaitable[None]], what: str) -> AsyncIterator[None]:
    """While inside, call `write` once a minute; at the end once more. `what`: the name of the task."""
    task = asyncio.create_task(_write_often(write), name=what)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})
        await write()


async def _write_often(write: Callable[[], Awaitable[None]]) -> None:
    while True:
        await asyncio.sleep(WRITE_S)
        await write()

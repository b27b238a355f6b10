"""The embedded store: the only SQL of the gateway. One writer, many readers, never blocking the loop.

Owns the threads that SQLite runs in. What is written: `writer`; what is read: `reader`.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

from gateway.store.reader import Reader
from gateway.store.writer import Transaction, Writer

T = TypeVar("T")
READERS = 2


class Store:
    """Async face of one database file."""

    def __init__(self, path: Path, zone: ZoneInfo) -> None:
        self.path = path
        self._writer = Writer(path, zone)
        self._writing = ThreadPoolExecutor(1, "store-writer")
        self._reading = ThreadPoolExecutor(READERS, "store-reader")
        self._local = threading.local()

    async def write(self, act: Callable[[Transaction], T]) -> T:
        """Run `act` in one transaction on the writer's thread; durable when this returns."""
        return await asyncio.get_running_loop().run_in_executor(self._writing, self.write_now, act)

    async def read(self, ask: Callable[[Reader], T]) -> T:
        """Run `ask` on a reader's thread."""
        return await asyncio.get_running_loop().run_in_executor(self._reading, self.read_now, ask)

    def write_now(self, act: Callable[[Transaction], T]) -> T:
        """The same for code without a loop (commands, seeding); not beside `write`."""
        with self._writer.transaction() as tx:
            return act(tx)

    def read_now(self, ask: Callable[[Reader], T]) -> T:
        """The same for code without a loop."""
        reader = getattr(self._local, "reader", None)
        if reader is None:
            reader = self._local.reader = Reader(self.path)
        return ask(reader)

    def close(self) -> None:
        """Finish what is under way and close."""
        self._reading.shutdown()
        self._writing.shutdown()
        self._writer.close()


__all__ = ["Reader", "Store", "Transaction", "Writer"]

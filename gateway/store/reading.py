"""Reads a database that another process writes.

Owns the reading connections of this process. Must not write, check or repair the file: the process that
writes it is told about damage.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from pathlib import Path
from typing import Protocol, TypeVar

from gateway.store.connection import DiskError, store_errors
from gateway.store.reader import Reader
from gateway.store.rollups.periods import MakePeriodReads, PeriodReads

T = TypeVar("T")
READERS = 2


class Reads(Protocol):
    """The interface that pages need of a store."""

    async def read(self, ask: Callable[[Reader], T]) -> T:
        """Run `ask` on a reader's thread."""


class ReadingStore:
    """Async access to a database file for reading. Raises DamagedFileError and DiskError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.period_reads: MakePeriodReads = PeriodReads  # of the readers opened from now on
        self._reading = ThreadPoolExecutor(READERS, "store-reader")
        self._local = threading.local()

    async def read(self, ask: Callable[[Reader], T]) -> T:
        """Run `ask` on a reader's thread, in the caller's context."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._reading, copy_context().run, self._read, ask)

    def close(self) -> None:
        """Wait for running reads and close."""
        self._reading.shutdown()

    def _read(self, ask: Callable[[Reader], T]) -> T:
        with store_errors():
            return ask(self._reader())

    def _reader(self) -> Reader:
        """This thread's reader; a new one when the file was replaced by another."""
        try:
            found = self.path.stat()
        except OSError as error:
            raise DiskError(f"{self.path}: {error.strerror}") from None
        file = found.st_dev, found.st_ino
        held: tuple[tuple[int, int], Reader] | None = getattr(self._local, "reader", None)
        if held and held[0] == file:
            return held[1]
        if held:
            held[1].close()
        reader = Reader(self.path)
        reader.use_period_reads(self.period_reads)
        self._local.reader = file, reader
        return reader

"""The embedded store: the only SQL of the gateway. One writer, many readers, never blocking the loop.

Owns the threads that SQLite runs in, and the handling of its errors: when the disk fails, the caller gets
DiskError; a damaged file is salvaged and the work is repeated on the salvaged file.
Statements that write: `writer`; that read: `reader`. Must not decide what is stored.
"""

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

from gateway.store.connection import DamagedFileError, DiskError, StoreError
from gateway.store.reader import Reader
from gateway.store.recovery.database_file import DatabaseFile
from gateway.store.recovery.file_report import FileReport
from gateway.store.rollups.periods import MakePeriodReads, PeriodReads
from gateway.store.writer import Transaction, Writer

T = TypeVar("T")
READERS = 2
log = logging.getLogger(__name__)


class Store:
    """Async access to one database file. Raises StoreError when it cannot be opened.

    `alone`: this is the gateway; a second one on the same database is refused.
    """

    def __init__(self, path: Path, zone: ZoneInfo, *, alone: bool = False) -> None:
        self.path = path
        self._file = DatabaseFile(path, zone, alone=alone)
        self._writing = ThreadPoolExecutor(1, "store-writer")
        self._reading = ThreadPoolExecutor(READERS, "store-reader")
        self._local = threading.local()
        self._writes_waiting = 0  # writes that run or wait
        self.period_reads: MakePeriodReads = PeriodReads  # of the readers opened from now on

    @property
    def salvaged(self) -> FileReport | None:
        """The report of the last salvage since the program started, or None."""
        return self._file.salvaged

    @property
    def file_report(self) -> FileReport | None:
        """The last report about a broken, deleted or replaced file, by this or another program."""
        return self._file.report

    @property
    def file_fault(self) -> str:
        """Why nothing can be stored now; "" when nothing is wrong."""
        return self._file.file_fault

    @property
    def steps(self) -> int:
        """Increases while a salvage makes progress: for the watchdog."""
        return self._file.steps

    async def write(self, act: Callable[[Transaction], T]) -> T:
        """Run `act` in one transaction on the writer's thread; durable when this returns.

        DiskError: nothing has happened. `act` may run twice, the first time without effect.
        """
        self._writes_waiting += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._writing, self.write_now, act)
        finally:
            self._writes_waiting -= 1

    def others_wait(self) -> bool:
        """Whether another write waits: a long one may then end early. Any thread."""
        return self._writes_waiting > 1

    async def rehearse(self, act: Callable[[Transaction], T]) -> T:
        """The result that `act` would have, without writing anything; works on a full disk."""
        return await asyncio.get_running_loop().run_in_executor(
            self._writing, self._file.rehearse, act
        )

    async def read(self, ask: Callable[[Reader], T]) -> T:
        """Run `ask` on a reader's thread."""
        loop, number = asyncio.get_running_loop(), self._file.file_number
        try:
            return await loop.run_in_executor(self._reading, self._read, ask)
        except DamagedFileError as error:
            await loop.run_in_executor(self._writing, self._file.salvage, str(error))
        except DiskError:
            with contextlib.suppress(DiskError):
                await self.restore_files()
            if self.file_fault:
                return await loop.run_in_executor(self._writing, self._read_behind, ask)
            if number == self._file.file_number:
                raise
        return await loop.run_in_executor(self._reading, self._read, ask)

    async def restore_files(self) -> None:
        """Check whether the database's files are still there; write them again if they are not.

        DiskError: that is not possible now. Costs a few calls of stat when nothing is wrong.
        """
        await asyncio.get_running_loop().run_in_executor(self._writing, self._file.restore_files)

    async def verify(self) -> None:
        """Read the newest events through a new connection, truncate a long log, renew the lock.

        DiskError: the file cannot be read; StoreError: another gateway has taken it over.
        """
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._writing, self._file.verify)
        await loop.run_in_executor(self._writing, self._file.renew_lock)

    def second_name(self) -> str:
        """A hard link to one of the database's files, in words; "" when there is none."""
        return self._file.second_name()

    async def salvage(self, fault: str) -> None:
        """Salvage the file, because another process that reads it found damage."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._writing, self._file.salvage, fault)

    async def examine(self) -> None:
        """Finish the integrity check that was too long for the start; salvages a damaged file."""
        if self._file.examined:
            return
        loop = asyncio.get_running_loop()
        fault = await loop.run_in_executor(self._reading, self._file.examine)
        if fault:
            await loop.run_in_executor(self._writing, self._file.salvage, fault)

    def write_now(self, act: Callable[[Transaction], T]) -> T:
        """The same for code without a loop (commands, seeding); not beside `write`."""
        return self._file.write(act)

    def read_now(self, ask: Callable[[Reader], T]) -> T:
        """The same for code without a loop, not beside `write`; DamagedFileError is left to the caller."""
        try:
            return self._read(ask)
        except DiskError:
            self._file.restore_files()  # the files may have been taken away
            return self._read(ask)

    def _read(self, ask: Callable[[Reader], T]) -> T:
        held: tuple[int, Reader | None] = getattr(self._local, "reader", (-1, None))
        number, reader = held
        if reader is None or number != self._file.file_number:
            if reader:
                self._file.drop_reader(reader)
            number, reader = self._file.open_reader()
            reader.use_period_reads(self.period_reads)
            self._local.reader = number, reader
        with self._file.reading():
            return ask(reader)

    def _read_behind(self, ask: Callable[[Reader], T]) -> T:
        """Read through the writing connection, which still has the deleted or replaced files open."""
        with self._file.reading_behind() as reader:
            reader.use_period_reads(self.period_reads)
            return ask(reader)

    def close(self) -> None:
        """Finish running work and close."""
        self._file.stop()
        self._reading.shutdown()
        self._writing.shutdown()
        self._file.close()


__all__ = [
    "DamagedFileError",
    "DiskError",
    "Reader",
    "Store",
    "StoreError",
    "Transaction",
    "Writer",
]

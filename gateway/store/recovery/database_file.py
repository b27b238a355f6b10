"""The keeper of the file: opens it whatever state it is in, and mends it when it breaks.

Owns the present file (it changes after a salvage) and what SQLite's errors lead to.
Must not know what is written. Use from one thread at a time, except where said.
"""

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

from gateway.clock import utc_now
from gateway.store import connection as opening
from gateway.store.connection import DAMAGE, DISK, DamagedFileError, DiskError
from gateway.store.reader import Reader
from gateway.store.recovery import schema_copy
from gateway.store.recovery.integrity import CheckResult, check, has_wal, header_is_sane
from gateway.store.recovery.salvage import SalvageReport, finish_interrupted, salvage
from gateway.store.writer import Transaction, Writer

T = TypeVar("T")
log = logging.getLogger(__name__)
AGAIN = timedelta(minutes=10)  # a fault that returns sooner is not the file's
START_CHECK_S = 2.0  # a larger file is checked to the end beside the work


class _RehearsalOverError(Exception):
    """Rolls back."""


class Keeper:
    """One database file and its writer."""

    def __init__(self, path: Path, zone: ZoneInfo, check_s: float = START_CHECK_S) -> None:
        self._path, self._zone = path, zone
        self._stopping = threading.Event()
        self.salvaged: SalvageReport | None = None
        self.examined = False
        self.steps = 0
        self.file_number = 0
        self._readers: list[Reader] = []
        finish_interrupted(path)
        self._writer = self._open(check_s)

    def write(self, act: Callable[[Transaction], T]) -> T:
        """`act` in one transaction; once more on the mended file when this one breaks."""
        try:
            with self._trouble(), self._writer.transaction() as tx:
                return act(tx)
        except DamagedFileError as error:
            self.mend(str(error))
        with self._trouble(), self._writer.transaction() as tx:
            return act(tx)

    def rehearse(self, act: Callable[[Transaction], T]) -> T:
        """`act` in a transaction that is rolled back: its result without its effects."""
        results: list[T] = []
        with (
            self._trouble(),
            contextlib.suppress(_RehearsalOverError),
            self._writer.transaction() as tx,
        ):
            results.append(act(tx))
            raise _RehearsalOverError
        return results[0]

    def open_reader(self) -> tuple[int, Reader]:
        """A reader with the number of the file that it reads. Any thread."""
        number, reader = self.file_number, Reader(self._path)
        self._readers.append(reader)
        return number, reader

    def drop_reader(self, reader: Reader) -> None:
        """Close a reader of a file that has been set aside. The thread that used it."""
        self._readers.remove(reader)
        reader.close()

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """SQLite's errors as Damaged or DiskTrouble. Any thread."""
        with self._trouble():
            yield

    def examine(self) -> str:
        """Check to the end on a connection of its own; the fault, or "". Any thread."""
        reader = opening.open_reader(self._path)
        try:
            state, fault = check(reader, None, self._stopping.is_set)
        finally:
            reader.close()
        self.examined = state is CheckResult.SOUND
        return fault

    def mend(self, fault: str) -> None:
        """Salvage into a new file; Damaged if that was tried just now and did not help."""
        if self.salvaged and utc_now() - self.salvaged.at < AGAIN:
            raise DamagedFileError(
                f"{fault}, after a salvage; the broken file: {self.salvaged.folder}"
            )
        self._writer.close()
        self._writer = self._open_salvaged(fault)

    def stop(self) -> None:
        """End a check that is under way. Any thread."""
        self._stopping.set()

    def close(self) -> None:
        """Close after the last transaction and the last reader."""
        for reader in self._readers:
            reader.close()
        self._writer.close()

    def _open(self, check_s: float) -> Writer:
        if not header_is_sane(self._path) and not has_wal(self._path):
            return self._open_salvaged("the file's header is broken")
        try:
            with self._trouble():
                writer = Writer(self._path, self._zone)
        except (DamagedFileError, DiskError) as error:
            if isinstance(error, DiskError) and header_is_sane(self._path):
                raise
            return self._open_salvaged(str(error))
        state, fault = check(writer.connection, check_s)
        if state is CheckResult.DAMAGED:
            writer.close()
            return self._open_salvaged(fault)
        self.examined = state is CheckResult.SOUND
        schema_copy.keep(writer.connection, self._path)
        return writer

    def _open_salvaged(self, fault: str) -> Writer:
        self._salvage(fault)
        writer = Writer(self._path, self._zone)
        schema_copy.keep(writer.connection, self._path)
        return writer

    def _salvage(self, fault: str) -> None:
        log.error("the database is damaged: %s", fault)
        with self._trouble():
            report = self.salvaged = salvage(self._path, fault, utc_now(), self._step)
        self.file_number += 1
        self.examined = True
        log.error("salvaged %s; the broken file is kept in %s", report.rows, report.folder)

    def _step(self) -> None:
        self.steps += 1

    @contextlib.contextmanager
    def _trouble(self) -> Iterator[None]:
        try:
            yield
        except DAMAGE as error:
            raise DamagedFileError(f"{type(error).__name__}: {error}") from error
        except DISK as error:
            raise DiskError(f"{type(error).__name__}: {error}") from error

"""The database file: opened, watched for damage and deletion, and repaired.

Owns the present file (another one after a salvage or a rescue) and the reaction to SQLite's errors.
Must not know what is written. Use from one thread at a time, except where said.
"""

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

from gateway.clock import utc_now
from gateway.store import connection as opening
from gateway.store.connection import (
    DamagedFileError,
    DiskError,
    LockedFileError,
    StoreError,
    store_errors,
    transaction,
)
from gateway.store.file import page_size, wal
from gateway.store.file.gateway_lock import GatewayLock
from gateway.store.file.live_file import LiveFile
from gateway.store.file.witness import Witness
from gateway.store.reader import Reader
from gateway.store.recovery import exchange, schema_copy
from gateway.store.recovery.file_report import FileReport, remember, remembered
from gateway.store.recovery.integrity import CheckResult, check
from gateway.store.recovery.opening import Opening
from gateway.store.recovery.rehearsal import rehearse
from gateway.store.recovery.rescue import rescue
from gateway.store.writer import Transaction

T = TypeVar("T")
log = logging.getLogger(__name__)
SALVAGE_INTERVAL = timedelta(minutes=10)  # damage that returns sooner has another cause
RESCUE_INTERVAL_S = 10.0  # after a failed attempt, which may write the whole database
START_CHECK_LIMIT_S = 2.0  # the rest of a larger file is checked in the background


class DatabaseFile:
    """One database file and its writer. `alone`: no other gateway may have it."""

    def __init__(
        self,
        path: Path,
        zone: ZoneInfo,
        check_s: float = START_CHECK_LIMIT_S,
        *,
        alone: bool = False,
    ) -> None:
        self._zone = zone
        self._is_locked = False  # another program kept us from the last write: do not wait again
        self._path = path.resolve()  # SQLite's side files lie beside the real file
        self._lock, self._alone = GatewayLock(path), alone
        self._stopping = threading.Event()
        self.steps = 0
        self.file_number = 0
        self.file_fault = ""  # why nothing can be stored now
        self._readers: list[Reader] = []
        self._closed = False
        self._rescue_again_s = 0.0
        self._opening = Opening(self._path, zone, self._exclusively, self._step)
        with contextlib.ExitStack() as stack:
            if alone:
                self._lock.take()
                stack.callback(self._lock.release)
                if page_size.renew(self._path):
                    schema_copy.forget(self._path)  # it is made anew when the file is opened
            self._writer = self._opening.open(check_s)
            stack.pop_all()
        self.examined = self._opening.examined
        self._opened()

    @property
    def _live(self) -> LiveFile:
        return self._opening.live

    @property
    def salvaged(self) -> FileReport | None:
        """The report of the last salvage since the program started, or None."""
        return self._opening.salvaged

    def write(self, act: Callable[[Transaction], T]) -> T:
        """Run `act` in one transaction; again on the salvaged file when this one is damaged.

        When this returns, the file under the database's name holds the result.
        """
        if self.file_fault:
            self.restore_files()
        try:
            with wal.without_waiting(self._writer.connection, only_if=self._is_locked):
                result = self._write(act)
        except LockedFileError as error:
            self._is_locked = True
            raise LockedFileError(wal.held_by(self._path)) from error
        self._is_locked = False
        if self._live.fault():
            self.restore_files()
        return result

    def _write(self, act: Callable[[Transaction], T]) -> T:
        try:
            with store_errors(), self._writer.transaction() as tx:
                return act(tx)
        except DamagedFileError as error:
            self.salvage(str(error))
        with store_errors(), self._writer.transaction() as tx:
            return act(tx)

    def rehearse(self, act: Callable[[Transaction], T]) -> T:
        """`act` in a transaction that is rolled back: its result without its effects.

        While another program has the right to write, it runs on a temporary copy.
        """
        with store_errors():
            return rehearse(self._writer, self._path, self._zone, act)

    def open_reader(self) -> tuple[int, Reader]:
        """A reader with the number of the file that it reads. Any thread."""
        if fault := self._live.fault():
            raise DiskError(fault)  # it would read another file, or none
        number, reader = self.file_number, Reader(self._path)
        self._readers.append(reader)
        return number, reader

    def drop_reader(self, reader: Reader) -> None:
        """Close a reader of a file that was moved aside. On the thread that used it."""
        self._readers.remove(reader)
        reader.close()

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """SQLite's errors as DamagedFileError or DiskError. Any thread."""
        with store_errors():
            yield

    @contextlib.contextmanager
    def reading_behind(self) -> Iterator[Reader]:
        """A reader on the writing connection, while the file cannot be opened by name."""
        with store_errors():
            yield Reader(self._path, self._writer.connection)

    def examine(self) -> str:
        """Check the whole file on a separate connection; returns the damage, or "". Any thread."""
        reader = opening.open_reader(self._path)
        try:
            state, fault = check(reader, None, self._stopping.is_set)
        finally:
            reader.close()
        self.examined = state is CheckResult.SOUND
        return fault

    def salvage(self, fault: str) -> None:
        """Salvage into a new file. Raises DamagedFileError if a recent salvage did not help."""
        if (
            moved := self._live.fault()
        ):  # another file stands under the name, and that one is damaged
            self._rescue(moved)
            return
        if self.salvaged and utc_now() - self.salvaged.at < SALVAGE_INTERVAL:
            raise DamagedFileError(
                f"{fault}, after a salvage; the broken file: {self.salvaged.folder}"
            )
        self._writer.close()
        self._writer = self._opening.open_salvaged(fault)
        self.examined = True
        self.file_number += 1
        self._opened()

    def second_name(self) -> str:
        """A hard link to one of the files, in words. Any thread."""
        return self._live.second_name()

    def restore_files(self) -> None:
        """Check that the database's files are still there, and write them again if not.

        Raises DiskError if that is not possible now; then nothing can be stored.
        """
        if fault := self._live.fault():
            self._rescue(fault)
            return
        self._live.let_write()
        if names := self._live.read_only():
            self.file_fault = f"{', '.join(names)} 書き込めません / is read-only"
            raise DiskError(self.file_fault)
        if self.file_fault:
            # Left by a failed attempt; it does not hold what is committed from now on.
            exchange.beside(self._path, exchange.RESCUED).unlink(missing_ok=True)
            self.verify()

    def verify(self) -> None:
        """Read the newest events as other programs see them, and truncate a long log."""
        try:
            with store_errors():
                missing, lost = self._witness.compare(
                    self._writer.connection, self._path, utc_now()
                )
        except DamagedFileError as error:
            self.salvage(str(error))
            return
        except StoreError as error:
            self.file_fault = str(error)
            raise DiskError(self.file_fault) from None
        self.file_fault = ""
        if missing:
            self._missing(missing, lost)
        with store_errors():
            wal.shrink(self._writer.connection, self._path)

    def renew_lock(self) -> None:
        """Take the lock again. Raises StoreError when it was deleted and another gateway has it."""
        if self._alone:
            self._lock.renew()

    def stop(self) -> None:
        """Stop a running check. Any thread."""
        self._stopping.set()

    def close(self) -> None:
        """Close after the last transaction and the last reader."""
        if self._alone and not self._closed:
            self._rescue_again_s = 0.0
            try:
                self.restore_files()
            except StoreError:
                log.exception("what was committed may not be in the file")
        self._closed = True
        for reader in self._readers:
            reader.close()
        self._writer.close()
        if self._alone:
            self._lock.release()

    def _opened(self) -> None:
        """Reset what is known of the files after another one was opened."""
        self._witness = Witness()
        self.report = remembered(self._writer.connection)

    def _rescue(self, fault: str) -> None:
        """Other files stand under the names: write the committed data there again."""
        if not self._alone:  # a command: the gateway, or a person, has put another file there
            raise DiskError(f"{fault}; このコマンドをもう一度 / run this command again")
        if self.file_fault and time.monotonic() < self._rescue_again_s:
            raise DiskError(self.file_fault)
        self._rescue_again_s = time.monotonic() + RESCUE_INTERVAL_S
        self.file_fault = fault
        try:
            with store_errors():
                report = rescue(self._writer.connection, self._live, fault, utc_now(), self._step)
                old, self._writer = self._writer, self._opening.writer()
        except (StoreError, OSError) as error:
            log.error("%s; nothing is kept: %s", fault, error)  # noqa: TRY400 - the reason says all
            raise DiskError(f"{fault}; {error}") from error
        old.close()
        self.file_fault = ""
        self.file_number += 1
        self._opened()
        log.error("%s; all committed rows are in it again; aside: %s", fault, report.folder)

    def _missing(self, missing: int, lost: int) -> None:
        """Handle committed events that are not in the file that other programs see."""
        fault = f"{missing} 件の記録がファイルにありません / committed events are not in the file"
        log.error("%s; %d of them not in the writing connection either", fault, lost)
        state, found = check(self._writer.connection, START_CHECK_LIMIT_S)
        if state is CheckResult.DAMAGED:
            self.salvage(found)
            return
        if lost < missing:
            self._rescue(fault)
        self.report = FileReport(utc_now(), fault, "", {}, lost)
        with store_errors(), transaction(self._writer.connection):
            remember(self._writer.connection, self.report)

    @contextlib.contextmanager
    def _exclusively(self) -> Iterator[None]:
        """Hold the lock while a file is replaced, so that no other gateway uses it."""
        with contextlib.nullcontext() if self._alone else self._lock.held():
            yield

    def _step(self) -> None:
        self.steps += 1

"""Opens a database file in any state.

Owns the steps from a path to a writer: finishing a replacement that a crash interrupted, side files without
a database, a damaged file. Must not check the file afterwards (`database_file`).
"""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from zoneinfo import ZoneInfo

from gateway.clock import utc_now
from gateway.store.connection import DamagedFileError, DiskError, store_errors
from gateway.store.file.live_file import ENDS, LiveFile
from gateway.store.recovery import exchange, schema_copy
from gateway.store.recovery.file_report import FileReport, remember
from gateway.store.recovery.integrity import CheckResult, check, has_wal, header_is_sane
from gateway.store.recovery.salvage import salvage
from gateway.store.writer import Writer

log = logging.getLogger(__name__)

Exclusively = Callable[[], AbstractContextManager[None]]


class Opening:
    """Opens one path. `exclusively`: a context in which no other gateway uses the file."""

    def __init__(
        self, path: Path, zone: ZoneInfo, exclusively: Exclusively, progress: Callable[[], None]
    ) -> None:
        self._path, self._zone = path, zone
        self._exclusively, self._progress = exclusively, progress
        self.salvaged: FileReport | None = None
        self.examined = False  # the whole file has been checked

    def open(self, check_s: float) -> Writer:
        """A writer on the file, or on the salvaged file."""
        left = self._tidy()
        if not header_is_sane(self._path) and not has_wal(self._path):
            return self.open_salvaged("the file's header is broken")
        try:
            with store_errors():
                writer = self.writer()
        except (DamagedFileError, DiskError) as error:
            if isinstance(error, DiskError) and header_is_sane(self._path):
                raise
            return self.open_salvaged(str(error))
        state, fault = check(writer.connection, check_s)
        if state is CheckResult.DAMAGED:
            writer.close()
            return self.open_salvaged(fault)
        self.examined = state is CheckResult.SOUND
        if left:
            remember(writer.connection, left)
        schema_copy.keep(writer.connection, self._path)
        return writer

    def open_salvaged(self, fault: str) -> Writer:
        """A writer on a salvaged file; the damaged one is moved aside."""
        log.error("the database is damaged: %s", fault)
        with self._exclusively(), store_errors():
            report = self.salvaged = salvage(self._path, fault, utc_now(), self._progress)
        self.examined = True
        log.error("salvaged %s; the broken file is kept in %s", report.rows, report.folder)
        writer = self.writer()
        schema_copy.keep(writer.connection, self._path)
        return writer

    def writer(self) -> Writer:
        """A writer on a sound file; `live` is what it opened."""
        writer = Writer(self._path, self._zone)
        is_wal = writer.connection.pragma("journal_mode") == "wal"
        self.live = LiveFile(self._path, ENDS if is_wal else ("",))
        return writer

    def _tidy(self) -> FileReport | None:
        """Finish a replacement that a crash interrupted; move side files without a database aside.

        SQLite would delete the log of a missing database, or replay it into another one.
        """
        path = self._path
        if not exchange.is_interrupted(path) and not exchange.left_sides(path):
            return None
        with self._exclusively():
            exchange.finish(path, utc_now())
            if not (left := exchange.left_sides(path)):
                return None
            folder = exchange.free_folder(path, utc_now())
            exchange.set_aside(path, folder)
        names = ", ".join(side.name for side in left)
        log.error("there is no database, only %s: kept in %s", names, folder)
        fault = f"{names} だけがありました / there was no database, only {names}"
        return FileReport(utc_now(), fault, str(folder), {}, 0)

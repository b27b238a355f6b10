"""Checks the database's files: every second that they exist, every minute that others can read them.

Owns the two timers, the faults and the metric. Must not decide what is wrong nor repair it (`store`).
"""

import asyncio
import logging
from datetime import timedelta
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge

from gateway.clock import Clock
from gateway.store import DiskError, Store, StoreError
from gateway.store.connection import WAL_LIMIT_BYTES
from gateway.store.file import wal
from gateway.store.recovery.file_report import FileReport

log = logging.getLogger(__name__)
LOOK_S = 1.0  # a few calls of stat
READ_S = 60.0  # a connection of its own and the newest events
REPORTED = timedelta(hours=1)  # how long a repaired file is reported as a fault
WAL_PATIENCE = timedelta(minutes=10)  # no report or backup reads for longer
MB = 1_000_000


class FileWatch:
    """For one store. `look_s`, `read_s`: seconds between two checks, and between two readings."""

    def __init__(
        self, store: Store, clock: Clock, look_s: float = LOOK_S, read_s: float = READ_S
    ) -> None:
        self._store, self._clock = store, clock
        self._look_s, self._read_s = look_s, read_s
        self._path = Path(store.path).resolve()
        self._lock_fault = ""
        self._long_since = None if self._wal_bytes() <= WAL_LIMIT_BYTES else clock()

    def measure(self, registry: CollectorRegistry) -> None:
        """Show the log's size in /metrics."""
        gauge = Gauge("shishigaki_wal_bytes", "Size of the database's -wal", registry=registry)
        gauge.set_function(lambda: float(self._wal_bytes()))

    def faults(self) -> dict[str, str]:
        """What is wrong with the files now, or was a short while ago."""
        found = {}
        if file := self._store.file_fault or self._lock_fault or self._store.second_name():
            found["file"] = file
        elif report := self._lately():
            found["file"] = f"{report.fault}; {report.folder}".removesuffix("; ")
        if self._long_since and self._clock() - self._long_since > WAL_PATIENCE:
            readers = ", ".join(wal.readers(self._path))
            found["wal"] = f"{self._wal_bytes() // MB} MB {readers}".strip()
        return found

    async def run(self) -> None:
        """Until cancelled."""
        loop = asyncio.get_running_loop()
        read_at = loop.time() + self._read_s
        while True:
            await asyncio.sleep(self._look_s)
            await self.check()
            if loop.time() >= read_at:
                await self.read()
                read_at = loop.time() + self._read_s

    async def check(self) -> None:
        """Check that the files exist; write them again if not."""
        try:
            await self._store.restore_files()
        except DiskError as error:
            log.debug("nothing is kept: %s", error)  # the store has logged it once

    async def read(self) -> None:
        """Check that others can read the newest events, and that the log is not too long."""
        is_long = self._wal_bytes() > WAL_LIMIT_BYTES
        self._long_since = (self._long_since or self._clock()) if is_long else None
        try:
            await self._store.verify()
            self._lock_fault = ""
        except DiskError as error:
            log.warning("the file cannot be read: %s", error)
        except StoreError as error:
            self._lock_fault = str(error)
            log.error("%s", error)  # noqa: TRY400 - as above

    def _lately(self) -> FileReport | None:
        """A file that was repaired a short while ago; `housekeeping` reports a salvage."""
        report = self._store.file_report
        is_recent = report and not report.rows and self._clock() - report.at <= REPORTED
        return report if is_recent else None

    def _wal_bytes(self) -> int:
        return wal.size(self._path)

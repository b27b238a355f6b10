"""Background work on the database.

Owns when the rest of the integrity check runs, when old events are deleted and when months are summed.
Must not decide what is damaged or old (`store`).
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import timedelta

from gateway.clock import Clock
from gateway.domain.epoch import day_number
from gateway.store import DiskError, Store

log = logging.getLogger(__name__)
PURGE_ROWS = 500  # in one transaction, which takes a few milliseconds
PAUSE_S = 0.2  # between two transactions, so that the intake goes first
IDLE_S = 600.0  # between two checks when nothing is due
MONTH_OVER_AFTER = timedelta(days=3)  # after a month's end; few messages are later
REPORT_FOR = timedelta(days=7)  # how long a salvage is reported as a fault


class Housekeeping:
    """For one store. `trusted`: whether the clock is right; without it nothing is deleted."""

    def __init__(
        self, store: Store, retention_days: int, clock: Clock, trusted: Callable[[], bool]
    ) -> None:
        self._store, self._clock, self._trusted = store, clock, trusted
        self._retention = timedelta(days=retention_days)

    def faults(self) -> dict[str, str]:
        """A database that was salvaged is reported as a fault for REPORTED."""
        report = self._store.file_report
        if report is None or not report.rows or self._clock() - report.at > REPORT_FOR:
            return {}
        return {"database": f"{report.rows.get('event', 0)} events; {report.folder}"}

    async def run(self) -> None:
        """Until cancelled."""
        await self._store.examine()
        while True:
            more = [await self.purge(), await self.add_up()]
            await asyncio.sleep(PAUSE_S if any(more) else IDLE_S)

    async def purge(self) -> int:
        """Delete some events that are too old; returns how many."""
        if not self._retention or not self._trusted():
            return 0
        before = self._clock() - self._retention
        try:
            return await self._store.write(lambda tx: tx.purge(before, PURGE_ROWS))
        except DiskError as error:
            log.debug("no old events deleted: %s", error)
            return 0

    async def add_up(self) -> bool:
        """Sum the oldest month that is over; False when none is left."""
        if not self._trusted():
            return False
        before = day_number(self._clock() - MONTH_OVER_AFTER)
        try:
            return await self._store.write(lambda tx: tx.months.fold(before))
        except DiskError as error:
            log.debug("no month added up: %s", error)
            return False

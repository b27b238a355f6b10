"""Periods without a trusted clock: stored, kept across restarts, corrected when the time is known.

Owns when that happens. Which rows move: `store.clocks.redate`; what time it is: `clock.Timekeeper`.
"""

import asyncio
import logging
from datetime import timedelta

from gateway.clock import Timekeeper, UntrustedPeriod, this_machine
from gateway.domain.timing import CLOCK_TOLERANCE, FIRST_RELEASE, Trust
from gateway.store import DiskError, Store, Transaction
from gateway.store.clocks import redate
from gateway.store.setting_keys import SettingKey

log = logging.getLogger(__name__)
CHECK_EVERY_S = 1.0


def open_timekeeper(store: Store) -> Timekeeper:
    """The time of a gateway with this store: never before what has been committed."""
    period = redate.remembered(store.read_now(lambda r: r.setting(SettingKey.UNTRUSTED_PERIOD)))
    newest = store.read_now(lambda r: r.newest_receipt())
    return Timekeeper(this_machine(), newest or FIRST_RELEASE, period)


class ClockCorrections:
    """Watches one timekeeper and corrects one store."""

    def __init__(self, keeper: Timekeeper, store: Store) -> None:
        self._keeper, self._store = keeper, store
        self._stored: UntrustedPeriod | None = None

    def faults(self) -> dict[str, str]:
        """What is wrong with the clock, for the rules."""
        if self._keeper.trusted:
            return {}
        return {"clock": f"{self._keeper.wall():%Y-%m-%d %H:%M} UTC?"}

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.check()
            except DiskError as error:
                log.debug("the untrusted period cannot be stored yet: %s", error)
            await asyncio.sleep(CHECK_EVERY_S)

    async def check(self) -> None:
        """Store a period that has begun; end one whose true time is known."""
        period = self._keeper.untrusted
        if period is None:
            return
        if self._stored is None or self._stored.base != period.base:
            known = await self._store.read(
                lambda r: redate.remembered(r.setting(SettingKey.UNTRUSTED_PERIOD))
            )
            same = known is not None and known.base == period.base
            self._stored = (
                known if same else await self._store.write(lambda tx: redate.remember(tx, period))
            )
            log.warning("the clock cannot be trusted; times are marked and corrected later")
        if self._keeper.verdict() is not Trust.NONE:
            await self._end(self._stored or period)

    async def _end(self, period: UntrustedPeriod) -> None:
        error = self._keeper.error()

        def act(tx: Transaction) -> int:
            if (
                error < -CLOCK_TOLERANCE
            ):  # our time was ahead: nothing may move before earlier events
                redate.forget(tx)
                return 0
            return redate.redate(tx, period, error)

        moved = await self._store.write(act)
        self._keeper.end_untrusted(max(error, timedelta()))
        self._stored = None
        log.warning("the time is known again: %d events moved by %s", moved, error)

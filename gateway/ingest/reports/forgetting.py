"""Reports that are done forget how to reach their reporter after some days.

Owns when. The report itself stays. Must not delete anything else.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import timedelta

from msgspec.structs import replace

from gateway.clock import Clock
from gateway.store import DiskError, Store, Transaction

log = logging.getLogger(__name__)
EVERY_S = 3_600.0
AT_ONCE = 200


class Forgetting:
    """For one store. `trusted`: whether the clock is right; without it nothing is forgotten."""

    def __init__(
        self, store: Store, days: int, clock: Clock, trusted: Callable[[], bool] = lambda: True
    ) -> None:
        self._store, self._clock, self._trusted = store, clock, trusted
        self._after = timedelta(days=days)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                while self._trusted() and await self.once():
                    continue
            except DiskError as error:
                log.debug("no contact was forgotten: %s", error)
            await asyncio.sleep(EVERY_S)

    async def once(self) -> int:
        """Forget what is due now; gives of how many reports."""
        return await self._store.write(self._forget)

    def _forget(self, tx: Transaction) -> int:
        before = self._clock() - self._after
        found = tx.reports.with_contact_before(before, AT_ONCE)
        for one in found:
            tx.reports.put(replace(one, contact=""))
        return len(found)

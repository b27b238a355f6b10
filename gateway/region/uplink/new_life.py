"""After the journal got another name: the region keeps no roll-ups that the town has lost.

Owns when the comparison is made: once all is sent, and again when the day on which the journal began is over.
A restored or salvaged town has fewer hours than its region knows; rates must follow the town.
"""

import logging
from functools import partial
from zoneinfo import ZoneInfo

from gateway.clock import Clock
from gateway.domain.epoch import HOUR_MS, local_day, ms
from gateway.region.uplink.asking import ask_digest
from gateway.region.uplink.connection import Connection
from gateway.region.verify import mend, verify
from gateway.store import Store

log = logging.getLogger(__name__)


class NewLife:
    """For one store."""

    def __init__(self, store: Store, town: str, zone: ZoneInfo, clock: Clock) -> None:
        self._store, self._town, self._zone, self._clock = store, town, zone, clock
        self._compared = -1  # on this local day

    async def compare(self, connection: Connection, journal: str) -> bool:
        """Mark what the region has otherwise; True if there is something to send.

        Raises ForwardingHaltedError or RetryLaterError.
        """
        since = await self._store.read(lambda r: r.region.compare_since())
        now = self._clock()
        today = local_day(ms(now) // HOUR_MS, self._zone)
        if since is None or today == self._compared:
            return False
        ask = partial(ask_digest, connection, self._town, journal)
        report = await verify(self._store, ask, self._zone, None, now)
        await mend(self._store, report, self._zone)
        self._compared = today
        if today > since:
            await self._store.write(lambda tx: tx.region.compared())
        if report.differences:
            log.warning(
                "the region had other counts than this database: %d days are sent again",
                len({one.day for one in report.differences}),
            )
        return bool(report.differences)

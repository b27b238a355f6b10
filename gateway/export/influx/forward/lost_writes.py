"""After an outage: sends again what the server acknowledged and then lost.

Owns from which time on points may be lost, and sending the missing ones again. A server that is killed
while it writes, and killed again within minutes, may lose what it acknowledged in between: InfluxDB
1.6.7 did so in one of 25 runs of 50 kills. Must not decide when to check (`forwarder`).
"""

import logging
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from gateway.clock import Clock
from gateway.domain.epoch import (
    HOUR_MS,
    day_date,
    day_number,
    first_day,
    hour_start,
    local_day,
    local_midnight,
    month_number,
    ms,
)
from gateway.export.influx.forward.backfill import backfill
from gateway.export.influx.forward.sender import Sender
from gateway.export.influx.schema import CLOSED_MS, ENDINGS
from gateway.export.influx.server import Server
from gateway.export.influx.verify import Difference, verify
from gateway.store import Store

log = logging.getLogger(__name__)
MAY_BE_LOST_FOR = timedelta(minutes=15)  # a server has then written its memory to files


class RecentWrites:
    """The oldest time among points acknowledged lately; remembered for LATELY to twice that."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._begun = clock()
        self._before: int | None = None
        self._now: int | None = None
        self.since_ms: int | None = None  # points from here on may be lost; None: no doubt

    def sent(self, oldest_ms: int) -> None:
        """A batch was acknowledged; `oldest_ms` is the time of its oldest point."""
        now = self._clock()
        if now - self._begun >= MAY_BE_LOST_FOR:
            self._begun, self._before, self._now = now, self._now, None
        self._now = _least(self._now, oldest_ms)

    def failed(self) -> None:
        """The server did not answer: it may have been killed."""
        self.since_ms = _least(_least(self.since_ms, self._before), self._now)


async def send_lost_again(
    store: Store,
    server: Server,
    sender: Sender,
    site: str,
    zone: ZoneInfo,
    since_ms: int,
    now: datetime,
) -> None:
    """Compare all closed hours from `since_ms` on and send again the days that differ.

    Raises QueryError if the server cannot be queried, ForwardingHaltedError or RetryLaterError if it
    accepts nothing.
    """
    known = await store.read(lambda r: r.counts.span_ms())
    if known is None:
        return
    start_ms = max(since_ms, known[0]) // HOUR_MS * HOUR_MS
    start = local_midnight(local_day(start_ms // HOUR_MS, zone), zone)
    closed = hour_start((ms(now) - CLOSED_MS) // HOUR_MS)
    report = await verify(store, server, site, zone, start, closed, now)
    if not report.differences:
        return
    begin, end = days_of(report.differences)
    log.warning("InfluxDB lost acknowledged points: %s to %s are sent again", begin, end)
    first, after = (day_number(day) for day in (begin, end + timedelta(days=1)))
    async for _ in backfill(
        store, sender, local_midnight(first, zone), local_midnight(after, zone)
    ):
        pass


def days_of(differences: Sequence[Difference]) -> tuple[date, date]:
    """The first and the last day that differ; for a month that differs, its first and last day. PURE."""
    days = [one.day for one in differences]
    for one in differences:
        if f"_{ENDINGS['month']}." in one.what:
            month = month_number(day_number(one.day))
            days.append(day_date(first_day(month + 1) - 1))
    return min(days), max(days)


def _least(one: int | None, other: int | None) -> int | None:
    known = [value for value in (one, other) if value is not None]
    return min(known, default=None)

"""After an outage: does the server still hold what it acknowledged?

Owns how far back that is doubted, and sending again what is missing. A server that was killed while it
wrote may, when it is killed again within minutes, forget all that it acknowledged between: InfluxDB 1.6.7
did in one of 25 runs of 50 kills. Must not decide when to ask (`forwarder`).
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
LATELY = timedelta(minutes=15)  # until then a server has long written its memory to files


class Doubt:
    """Of what was acknowledged lately, as the time of its oldest point; kept for LATELY to twice that."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._begun = clock()
        self._before: int | None = None
        self._now: int | None = None
        self.since_ms: int | None = None  # doubted from here on; None: nothing is

    def sent(self, oldest_ms: int) -> None:
        """Acknowledged just now; `oldest_ms`: of its oldest point."""
        now = self._clock()
        if now - self._begun >= LATELY:
            self._begun, self._before, self._now = now, self._now, None
        self._now = _least(self._now, oldest_ms)

    def failed(self) -> None:
        """The server did not answer: it may have been killed."""
        self.since_ms = _least(_least(self.since_ms, self._before), self._now)


async def mend(
    store: Store, server: Server, sender: Sender, site: str, zone: ZoneInfo, since_ms: int,
    now: datetime,
) -> None:  # fmt: skip
    """Compare all closed hours from a time on, and send again the days that differ.

    QueryError when the server cannot be asked, Held or Later when it takes nothing.
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
    log.warning("InfluxDB lost some of what it acknowledged: %s to %s are sent again", begin, end)
    first, after = (day_number(day) for day in (begin, end + timedelta(days=1)))
    async for _ in backfill(
        store, sender, local_midnight(first, zone), local_midnight(after, zone)
    ):
        pass


def days_of(differences: Sequence[Difference]) -> tuple[date, date]:
    """The first and the last day that differ; of a month that differs, all its days. PURE."""
    days = [one.day for one in differences]
    for one in differences:
        if f"_{ENDINGS['month']}." in one.what:
            month = month_number(day_number(one.day))
            days.append(day_date(first_day(month + 1) - 1))
    return min(days), max(days)


def _least(one: int | None, other: int | None) -> int | None:
    known = [value for value in (one, other) if value is not None]
    return min(known, default=None)

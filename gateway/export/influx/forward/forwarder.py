"""Forwards the journal to InfluxDB while the gateway runs.

    journal ─▶ new events ─▶ states of their devices ─┐
            ─▶ changed events, closed hours ──────────┼─▶ sender ─▶ /write ─204─▶ cursor moves
            ─▶ backlog, at a set rate ────────────────┘

Owns order, rate and retries. Needs no queue: what is not yet sent is in the store, so an outage of any
length needs no memory. Must not use the network (`server`) nor judge an answer (`responses`).
"""

import asyncio
import contextlib
import logging
import random
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Self
from zoneinfo import ZoneInfo

from gateway.clock import Clock, utc_now
from gateway.config import Influx
from gateway.domain.epoch import EPOCH
from gateway.export.influx import ranges
from gateway.export.influx.forward.delivery import RefusedPoint, Write
from gateway.export.influx.forward.lost_writes import RecentWrites, send_lost_again
from gateway.export.influx.forward.metrics import Meters
from gateway.export.influx.forward.sender import NOTHING_TO_SEND, Job, Sender
from gateway.export.influx.server import QueryError, Server, connect
from gateway.following import retry
from gateway.following.alarm import Alarm
from gateway.following.errors import ForwardingHaltedError, RetryLaterError
from gateway.store import DiskError, Store
from gateway.store.followers.follower import JournalSpan

log = logging.getLogger(__name__)

JOBS_AT_ONCE = 3  # two requests on their way, and one whose answer is stored
RETRY_REFUSED = timedelta(hours=1)
MARK_COMPLETE_EVERY = timedelta(days=1)
RETRY_COMPARISON = timedelta(hours=1)  # after a comparison with the server failed


class Forwarder:
    """Forwards one store to one server."""

    def __init__(
        self,
        store: Store,
        settings: Influx,
        site: str,
        zone: ZoneInfo,
        meters: Meters,
        clock: Clock = utc_now,
    ) -> None:
        self._store, self._settings, self._site, self._zone = store, settings, site, zone
        self._meters, self._clock = meters, clock
        self.alarm = Alarm(clock)
        self.recent_writes = RecentWrites(clock)
        self._server: Server | None = None
        self.rounds = 0  # completed since the start
        self.marked_complete_at: datetime | None = (
            None  # when the server got the mark that all past data is there
        )
        self._done: list[JournalSpan] = []
        self._states_due = True
        self._retry_at: datetime | None = None
        self._compare_at = EPOCH
        self.failures = 0  # in a row

    async def run(self) -> None:
        """Connect and forward until cancelled."""
        async with connect(self._settings) as server:
            await self.follow(server.write, server)

    async def follow(self, write: Write, server: Server | None = None) -> None:
        """Forward through `write`; without a `server` lost writes are not looked for."""
        self._server = server
        batch = self._settings.batch
        sender = Sender(self._store, write, self._site, self._zone, self._clock, batch)
        await sender.follow()
        while True:
            pause_s = await self._round(sender)
            await asyncio.sleep(pause_s)

    async def _round(self, sender: Sender) -> float:
        """Send what is due and return the seconds to wait before the next round."""
        try:
            more = await self._send(sender)
        except ForwardingHaltedError as error:
            self.alarm.held(str(error))
            self._meters.failed(held=True)
            return retry.halted_s(random.random())  # noqa: S311 - jitter
        except RetryLaterError as error:
            self.alarm.waits(str(error))
            self.recent_writes.failed()
            self._states_due = True
            self._meters.failed(held=False)
            self.failures += 1
            return retry.wait_s(self.failures, error.retry_after_s, random.random())  # noqa: S311
        except DiskError as error:  # the fault `disk` tells it; what was sent is sent again
            log.warning("the disk takes nothing, InfluxDB waits: %s", error)
            return retry.wait_s(1, None, random.random())  # noqa: S311
        self.failures = 0
        self.rounds += 1
        self.alarm.well()
        self._meters.succeeded()
        return 0.0 if more else self._settings.interval_s

    async def _send(self, sender: Sender) -> bool:
        """One round; True if more is due and no rate is set."""
        await self._retry_refused()
        self._done = await self._store.read(
            lambda r: r.influx.done()
        )  # a salvage of the database may shorten it
        await self._send_new(sender)
        pace, interval_s = self._settings.backlog_per_s, self._settings.interval_s
        budget = max(1, round(pace * interval_s)) if pace else 1 << 62
        more = await self._send_older(sender, budget, interval_s)
        if not more:
            await self._send_lost(sender)
            await self._mark_complete(sender)
        await self._measure()
        return more and not pace

    async def _send_lost(self, sender: Sender) -> None:
        """After an outage, once everything is sent: send again what the server lost."""
        since_ms, server = self.recent_writes.since_ms, self._server
        if since_ms is None or server is None or self._clock() < self._compare_at:
            return
        now = self._clock()
        try:
            await send_lost_again(
                self._store, server, sender, self._site, self._zone, since_ms, now
            )
        except QueryError as error:
            log.warning(
                "InfluxDB cannot be compared with the journal, see influx verify: %s", error
            )
            self._compare_at = now + RETRY_COMPARISON
            return
        self.recent_writes.since_ms = None

    async def _mark_complete(self, sender: Sender) -> None:
        """At the start and every SAY_WHOLE: a server that forgets what is old would forget this too."""
        now = self._clock()
        if self.marked_complete_at is None or now - self.marked_complete_at >= MARK_COMPLETE_EVERY:
            await sender.mark_complete()
            self.marked_complete_at = now

    async def _send_older(self, sender: Sender, budget: int, seconds: float) -> bool:
        """Send older data: at most `budget` points and `seconds`, but at least one job.

        True if there may be more. The next job is prepared while others are on their way, so that the
        server never waits.
        """
        clock = asyncio.get_running_loop().time
        end, begun = clock() + seconds, False
        async with contextlib.aclosing(self._jobs(sender)) as jobs, JobsInFlight() as under_way:
            while not begun or (budget > 0 and clock() < end):
                job = await anext(jobs, None)
                if job is None:
                    return False
                if job is NOTHING_TO_SEND:
                    await under_way.settled()
                else:
                    await under_way.begin(partial(self._carry, sender, job))
                    begun = True
                    budget -= len(job.lines)
        return True

    async def _carry(self, sender: Sender, job: Job, before: asyncio.Task[None] | None) -> None:
        """Deliver a job and settle it after the job before it: a cursor covers everything behind it."""
        refused = await sender.deliver(job)
        if before:
            await before
        await self._settle(sender, job, refused)

    async def _jobs(self, sender: Sender) -> AsyncGenerator[Job, None]:
        """The jobs of older data, in turn: old roll-ups, else old events; changed events; closed hours.

        A job of changes is sent alone: an older job on its way beside it could overwrite it.
        """
        done, place = self._done, None
        while True:
            old = await sender.prepare_walk(place)
            place = old.place or place
            if old is NOTHING_TO_SEND and (span := ranges.backlog(done)):
                old = await sender.prepare(span)
                done = ranges.add(done, old.span or span)
            yield old
            jobs = [old]
            for prepare in (sender.prepare_changed, sender.prepare_hours):
                job = await prepare()
                if job is not NOTHING_TO_SEND:
                    for one in (NOTHING_TO_SEND, job, NOTHING_TO_SEND):
                        yield one
                jobs.append(job)
            if all(job is NOTHING_TO_SEND for job in jobs):
                return

    async def _send_new(self, sender: Sender) -> None:
        """Send everything new, the newest batch first, then the states of the devices."""
        head = await self._store.read(lambda r: r.influx.head())
        devices = await sender.send_reports()
        while span := ranges.next_new(self._done, head, sender.batch):
            if self._done and span[0] > self._done[-1][1]:
                self._states_due = True  # devices of the events that were skipped have changed too
            job = await sender.prepare(span)
            await self._settle(sender, job, await sender.deliver(job))
            devices.update(job.devices)
        if self._states_due or devices:
            await sender.send_states(None if self._states_due else devices)
            self._states_due = False

    async def _settle(self, sender: Sender, job: Job, refused: list[RefusedPoint]) -> None:
        """A job is written: move the cursor in the transaction that stores the refused points."""
        if job.lines:
            self.recent_writes.sent(job.oldest_ms)
        if job.span is None:
            await sender.settle(refused, job.settle)
            return
        done = ranges.add(self._done, job.span)
        await sender.settle(refused, lambda tx: tx.influx.put_done(done))
        self._done = done
        self._meters.sent(len(job.lines) - len(refused), len(refused))

    async def _retry_refused(self) -> None:
        """Send refused points again, at the start and every RETRY_REFUSED: the cause may be corrected."""
        now = self._clock()
        if self._retry_at is None or now >= self._retry_at:
            self._retry_at = now + RETRY_REFUSED
            await self._store.write(lambda tx: tx.influx.retry_refused())

    async def _measure(self) -> None:
        head, refused = await self._store.read(lambda r: (r.influx.head(), r.influx.refused()))
        self._meters.lag(ranges.missing(self._done, head), refused)


class JobsInFlight:
    """Jobs on their way, at most ABREAST; leaving waits for them, leaving in error gives them up."""

    def __init__(self) -> None:
        self._tasks: deque[asyncio.Task[None]] = deque()

    async def begin(
        self, carry: Callable[[asyncio.Task[None] | None], Coroutine[Any, Any, None]]
    ) -> None:
        """Start a job as soon as there is room. Raises the error of an earlier job."""
        while len(self._tasks) >= JOBS_AT_ONCE:
            await self._first()
        before = self._tasks[-1] if self._tasks else None
        self._tasks.append(asyncio.create_task(carry(before), name="influx-job"))

    async def settled(self) -> None:
        """Wait until all started jobs are settled. Raises the error of a job."""
        while self._tasks:
            await self._first()

    async def _first(self) -> None:
        await self._tasks[0]
        self._tasks.popleft()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: object, *_: object) -> None:
        try:
            if kind is None:
                await self.settled()
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

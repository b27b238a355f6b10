"""Follows the journal to InfluxDB for as long as the gateway runs.

    journal ─▶ new events ─▶ states of their devices ─┐
            ─▶ changed events, closed hours ──────────┼─▶ sender ─▶ /write ─204─▶ cursor moves
            ─▶ backlog, at a set rate ────────────────┘

Owns order, pace and retries. Needs no queue: what is not yet sent lies in the store, so an outage of
any length costs no memory. Must not touch the network (`server`) nor read an answer (`policy`).
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
from gateway.export.influx.forward.alarm import Alarm
from gateway.export.influx.forward.delivery import (
    ForwardingHaltedError,
    RefusedPoint,
    RetryLaterError,
    Write,
)
from gateway.export.influx.forward.lost_writes import Doubt, mend
from gateway.export.influx.forward.metrics import Meters
from gateway.export.influx.forward.sender import PAUSE, Job, Sender
from gateway.export.influx.server import QueryError, Server, connect
from gateway.store import Store
from gateway.store.tables.replication import JournalSpan

log = logging.getLogger(__name__)

FIRST_RETRY_S = 1.0
LONGEST_RETRY_S = 300.0
HELD_S = 30.0  # how often a held server is asked again
ABREAST = 3  # jobs of the past at once: two requests, and one that is settled
RETRY_REFUSED = timedelta(hours=1)
SAY_WHOLE = timedelta(days=1)
ASK_AGAIN = timedelta(hours=1)  # what a server holds that would not say


class Forwarder:
    """One store to one server."""

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
        self.doubt = Doubt(clock)
        self._server: Server | None = None
        self.rounds = 0  # that went through since the start
        self.whole_at: datetime | None = None  # the server was told that all of the past is there
        self._done: list[JournalSpan] = []
        self._states_due = True
        self._retry_at: datetime | None = None
        self._ask_at = EPOCH
        self.failures = 0  # in a row

    async def run(self) -> None:
        """Until cancelled."""
        async with connect(self._settings) as server:
            await self.follow(server.write, server)

    async def follow(self, write: Write, server: Server | None = None) -> None:
        """The same with any way to write; without a `server` nobody is asked what it still holds."""
        self._server = server
        batch = self._settings.batch
        sender = Sender(self._store, write, self._site, self._zone, self._clock, batch)
        await sender.follow()
        while True:
            pause_s = await self._round(sender)
            await asyncio.sleep(pause_s)

    async def _round(self, sender: Sender) -> float:
        """Send what there is to send; gives the seconds to wait."""
        try:
            more = await self._send(sender)
        except ForwardingHaltedError as trouble:
            self.alarm.held(str(trouble))
            self._meters.troubled(held=True)
            return HELD_S * random.uniform(0.8, 1.2)  # noqa: S311 - jitter
        except RetryLaterError as trouble:
            self.alarm.waits(str(trouble))
            self.doubt.failed()
            self._states_due = True
            self._meters.troubled(held=False)
            self.failures += 1
            return wait_s(self.failures, trouble.retry_after_s, random.random())  # noqa: S311
        self.failures = 0
        self.rounds += 1
        self.alarm.well()
        self._meters.well()
        return 0.0 if more else self._settings.interval_s

    async def _send(self, sender: Sender) -> bool:
        """One round; True when more waits and no pace is set."""
        await self._retry_refused()
        self._done = await self._store.read(lambda r: r.follower.done())  # a salvage may shorten it
        await self._send_live(sender)
        pace, interval_s = self._settings.backlog_per_s, self._settings.interval_s
        budget = max(1, round(pace * interval_s)) if pace else 1 << 62
        more = await self._send_old(sender, budget, interval_s)
        if not more:
            await self._mend(sender)
            await self._say_whole(sender)
        await self._measure()
        return more and not pace

    async def _mend(self, sender: Sender) -> None:
        """After an outage, when all is sent: what the server forgot is sent again."""
        since_ms, server = self.doubt.since_ms, self._server
        if since_ms is None or server is None or self._clock() < self._ask_at:
            return
        now = self._clock()
        try:
            await mend(self._store, server, sender, self._site, self._zone, since_ms, now)
        except QueryError as error:
            log.warning("InfluxDB cannot be asked what it holds, see influx verify: %s", error)
            self._ask_at = now + ASK_AGAIN
            return
        self.doubt.since_ms = None

    async def _say_whole(self, sender: Sender) -> None:
        """At the start and every SAY_WHOLE: a server that forgets what is old would forget this too."""
        now = self._clock()
        if self.whole_at is None or now - self.whole_at >= SAY_WHOLE:
            await sender.send_whole()
            self.whole_at = now

    async def _send_old(self, sender: Sender, budget: int, seconds: float) -> bool:
        """The past, at most so many points for so long, but a job at least; True when there may be more.

        While some jobs are on their way the next is prepared, so that the server never waits.
        """
        clock = asyncio.get_running_loop().time
        end, begun = clock() + seconds, False
        async with contextlib.aclosing(self._jobs(sender)) as jobs, UnderWay() as under_way:
            while not begun or (budget > 0 and clock() < end):
                job = await anext(jobs, None)
                if job is None:
                    return False
                if job is PAUSE:
                    await under_way.settled()
                else:
                    await under_way.begin(partial(self._carry, sender, job))
                    begun = True
                    budget -= len(job.lines)
        return True

    async def _carry(self, sender: Sender, job: Job, before: asyncio.Task[None] | None) -> None:
        """Deliver, and settle after the job before: a place of the walk covers all behind it."""
        refused = await sender.deliver(job)
        if before:
            await before
        await self._settle(sender, job, refused)

    async def _jobs(self, sender: Sender) -> AsyncGenerator[Job, None]:
        """What is to be caught up, in turn: old roll-ups, else old events; what changed; hours.

        What changed goes alone: on the way beside a job prepared before, it might be overtaken by it.
        """
        done, place = self._done, None
        while True:
            old = await sender.prepare_walk(place)
            place = old.place or place
            if old is PAUSE and (span := ranges.backlog(done)):
                old = await sender.prepare(span)
                done = ranges.add(done, old.span or span)
            yield old
            jobs = [old]
            for prepare in (sender.prepare_changed, sender.prepare_hours):
                job = await prepare()
                if job is not PAUSE:
                    for one in (PAUSE, job, PAUSE):
                        yield one
                jobs.append(job)
            if all(job is PAUSE for job in jobs):
                return

    async def _send_live(self, sender: Sender) -> None:
        """Everything new, the newest batch first, and then the states of the devices."""
        head = await self._store.read(lambda r: r.follower.head())
        devices = await sender.send_told()
        while span := ranges.live(self._done, head, sender.batch):
            if self._done and span[0] > self._done[-1][1]:
                self._states_due = True  # devices of what is left behind changed too
            job = await sender.prepare(span)
            await self._settle(sender, job, await sender.deliver(job))
            devices.update(job.devices)
        if self._states_due or devices:
            await sender.send_states(None if self._states_due else devices)
            self._states_due = False

    async def _settle(self, sender: Sender, job: Job, refused: list[RefusedPoint]) -> None:
        """A job is written: the cursor moves, in the transaction that keeps what was refused."""
        if job.lines:
            self.doubt.sent(job.oldest_ms)
        if job.span is None:
            await sender.settle(refused, job.settle)
            return
        done = ranges.add(self._done, job.span)
        await sender.settle(refused, lambda tx: tx.follower.put_done(done))
        self._done = done
        self._meters.sent(len(job.lines) - len(refused), len(refused))

    async def _retry_refused(self) -> None:
        """At the start and every RETRY_REFUSED: perhaps somebody has mended the cause."""
        now = self._clock()
        if self._retry_at is None or now >= self._retry_at:
            self._retry_at = now + RETRY_REFUSED
            await self._store.write(lambda tx: tx.follower.retry_refused())

    async def _measure(self) -> None:
        head, refused = await self._store.read(lambda r: (r.follower.head(), r.follower.refused()))
        self._meters.lag(ranges.missing(self._done, head), refused)


class UnderWay:
    """Jobs on their way, at most ABREAST; leaving waits for them, leaving in trouble gives them up."""

    def __init__(self) -> None:
        self._tasks: deque[asyncio.Task[None]] = deque()

    async def begin(
        self, carry: Callable[[asyncio.Task[None] | None], Coroutine[Any, Any, None]]
    ) -> None:
        """Begin as soon as there is room; raises what stopped one before."""
        while len(self._tasks) >= ABREAST:
            await self._first()
        before = self._tasks[-1] if self._tasks else None
        self._tasks.append(asyncio.create_task(carry(before), name="influx-job"))

    async def settled(self) -> None:
        """Return when everything begun is settled; raises what stopped it."""
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


def wait_s(failures: int, retry_after_s: float | None, luck: float) -> float:
    """Seconds until the next attempt after so many failures in a row; `luck` in [0, 1)."""
    whole = min(FIRST_RETRY_S * float(1 << min(failures - 1, 16)), LONGEST_RETRY_S)
    return max(whole * (0.5 + 0.5 * luck), min(retry_after_s or 0.0, LONGEST_RETRY_S))

"""The notifier: outbox to people, at least once, until each delivery has an answer.

Owns claiming, retries, quotas and their timing. Must not decide who is told what (that stands in the
outbox) nor know a provider (`channels`). A slow provider holds up nobody else: every person's channel
is a lane of its own, with few deliveries under way.
"""

import asyncio
import contextlib
import logging
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from gateway.alerts import claims, messages
from gateway.alerts.channels import UndeliveredError
from gateway.alerts.channels.table import OpenChannel
from gateway.alerts.links import Links
from gateway.alerts.policy import Policy
from gateway.clock import Clock, utc_now
from gateway.domain.alerts import lifecycle as alert_lifecycle
from gateway.domain.alerts.lifecycle import STEPS_PER_ROUND
from gateway.domain.model import URGENT, Device
from gateway.store import DiskError, Store, Transaction
from gateway.store.feed import Feed
from gateway.store.tables.outbox import ClaimedDelivery, DeliveryQueue

log = logging.getLogger(__name__)

FIRST_RETRY = timedelta(seconds=5)
LONGEST_RETRY = timedelta(minutes=30)
LOOK_S = 2.0  # how long a due retry may wait to be noticed


Said = tuple[str, int, int, str, str]
"""(alert, its round, step, person, channel)."""


class Channels(Protocol):
    """The opened channels by (person, id of the channel)."""

    def get(self, queue: DeliveryQueue, /) -> OpenChannel | None:
        """The channel; None: it is nobody's."""


class Notifier:
    """Delivers the outbox of one store."""

    def __init__(
        self,
        store: Store,
        feed: Feed,
        policy: Policy,
        ways: Channels,
        links: Links,
        clock: Clock = utc_now,
        first_retry: timedelta = FIRST_RETRY,
    ) -> None:
        self._store, self._feed, self._policy, self._ways = store, feed, policy, ways
        self._links, self._clock, self._first_retry = links, clock, first_retry
        self._under_way: Counter[DeliveryQueue] = Counter()
        self._wake = asyncio.Event()
        self._told: dict[Said, str] = {}  # what was said -> answer, until that is written

    async def run(self) -> None:
        """Until cancelled: at once when an alert opens, else every LOOK_S."""
        with contextlib.suppress(DiskError):  # then an old claim waits until it has grown old
            await self._store.write(lambda tx: tx.outbox.release())
        async with asyncio.TaskGroup() as group:
            group.create_task(self._watch(), name="notifier-watch")
            while True:
                self._wake.clear()
                try:
                    await self._start(group)
                except DiskError as error:
                    log.debug("nothing can be claimed: %s", error)
                try:
                    async with asyncio.timeout(LOOK_S):
                        await self._wake.wait()
                except TimeoutError:
                    continue

    async def deliver_due(self) -> int:
        """Attempt what is due now and wait for the answers; gives how many (commands, tests)."""
        async with asyncio.TaskGroup() as group:
            return await self._start(group)

    async def tell(self, parcels: Sequence[ClaimedDelivery]) -> bool:
        """Deliver what the disk does not take, each once; whether all could be.

        They are settled without another letter when the disk takes them (`intake.Intake`).
        """
        devices = await self._store.read(lambda r: {d.id: d for d in r.devices()})
        told = await asyncio.gather(*(self._tell(parcel, devices) for parcel in parcels))
        return all(told)

    async def _tell(self, parcel: ClaimedDelivery, devices: Mapping[str, Device]) -> bool:
        way, person = self._ways.get(parcel.lane), self._policy.people.get(parcel.person)
        if way is None or person is None:
            return True
        said = said_by(parcel)
        if said <= self._told.keys():
            return True
        letter = messages.write(parcel, person, devices, self._policy, self._links, self._clock())
        try:
            self._told |= dict.fromkeys(said, await way.send(letter))
        except Exception as error:
            log.warning("not told to %s: %s", parcel.person, type(error).__name__)
            return False
        return True

    async def _start(self, group: asyncio.TaskGroup) -> int:
        parcels, sent = await self._store.write(self._claim)
        if not parcels:
            return 0
        devices = await self._store.read(lambda r: {d.id: d for d in r.devices()})
        for parcel in parcels:
            self._under_way[parcel.lane] += 1
            work = self._deliver(parcel, devices, sent)
            group.create_task(work, name=f"deliver {parcel.no}")
        return len(parcels)

    def _claim(self, tx: Transaction) -> tuple[list[ClaimedDelivery], Counter[str]]:
        """What to deliver, and how much of each quota is used (where it can matter)."""
        now = self._clock()
        self._policy.know(tx.people.known)
        parcels: list[ClaimedDelivery] = []
        for lane in tx.outbox.lanes(now):
            way = self._ways.get(lane)
            room = (way.row.at_once if way else 1) - self._under_way[lane]
            if room > 0:
                parcels += claims.claim(tx, lane, self._policy, now, room)
        if all(is_urgent(parcel) for parcel in parcels):
            return parcels, Counter()
        return parcels, self._policy.sent(tx.outbox.sent_since(self._policy.month(now)))

    async def _watch(self) -> None:
        with self._feed.listen() as outcomes:
            async for outcome in outcomes:
                if outcome.opened or outcome.changed or outcome.ended:
                    self._wake.set()

    async def _deliver(
        self, parcel: ClaimedDelivery, devices: Mapping[str, Device], sent: Counter[str]
    ) -> None:
        try:
            await self._attempt(parcel, devices, sent)
            if way := self._ways.get(parcel.lane):
                await asyncio.sleep(way.row.pause_s)
        except DiskError as error:
            log.debug("%s stays claimed for a while: %s", parcel.no, error)
        finally:
            self._under_way[parcel.lane] -= 1
            self._wake.set()

    async def _attempt(
        self, parcel: ClaimedDelivery, devices: Mapping[str, Device], sent: Counter[str]
    ) -> None:
        way, person = self._ways.get(parcel.lane), self._policy.people.get(parcel.person)
        if way is None or person is None:
            await self._settle(parcel, "dead", "this person or channel is no longer configured")
            return
        if not self._policy.may_send(way.scheme, sent[way.scheme], urgent=is_urgent(parcel)):
            await self._settle(parcel, "dead", "the month's rest is kept for captures")
            return
        letter = messages.write(parcel, person, devices, self._policy, self._links, self._clock())
        said = said_by(parcel)
        try:
            if not said <= self._told.keys():
                self._told |= dict.fromkeys(said, await way.send(letter))
        except UndeliveredError as failure:
            await self._failed(parcel, failure)
        except Exception as error:
            log.exception("channel %s of %s", way.scheme, parcel.person)
            await self._failed(parcel, UndeliveredError(type(error).__name__))
        else:
            await self._settle(parcel, "sent", self._told[min(said)])
            for one in said:
                del self._told[one]

    async def _failed(self, parcel: ClaimedDelivery, failure: UndeliveredError) -> None:
        now = self._clock()
        luck = random.random()  # noqa: S311 - jitter
        wait = backoff(parcel.attempts, luck, self._first_retry)
        due = now + max(wait, timedelta(seconds=failure.retry_after_s))
        give_up = parcel.since + timedelta(hours=self._policy.alerts.give_up_h)
        if failure.permanent or due > give_up:
            log.warning(
                "alert %s not delivered to %s: %s", parcel.alert.id, parcel.person, failure.answer
            )
            await self._settle(parcel, "dead", failure.answer)
        else:
            await self._settle(parcel, "waiting", failure.answer, due)

    async def _settle(
        self, parcel: ClaimedDelivery, status: str, answer: str, due: datetime | None = None
    ) -> None:
        now = self._clock()

        def act(tx: Transaction) -> None:
            for alert in tx.outbox.settle(parcel.no, status, answer, now, due):
                if status == "sent" and (
                    told := alert_lifecycle.change_status(
                        alert, alert_lifecycle.AlertChange.DELIVERED, now
                    )
                ):
                    tx.alerts.put(told)

        await self._store.write(act)


def said_by(parcel: ClaimedDelivery) -> frozenset[Said]:
    """What a letter says to whom: another letter that says all of it again is no news."""
    step = parcel.step % STEPS_PER_ROUND
    return frozenset(
        (alert.id, alert.reopened, step, parcel.person, parcel.channel) for alert in parcel.alerts
    )


def is_urgent(parcel: ClaimedDelivery) -> bool:
    """Whether it holds a capture or a danger."""
    return any(alert.level in URGENT for alert in parcel.alerts)


def backoff(attempts: int, luck: float, first: timedelta = FIRST_RETRY) -> timedelta:
    """How long to wait after the failed attempt number `attempts` (from 0); `luck` in [0, 1)."""
    whole: timedelta = min(first * 2 ** min(attempts, 20), LONGEST_RETRY)
    return whole * (0.5 + 0.5 * luck)

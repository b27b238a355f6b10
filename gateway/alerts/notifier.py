"""Sends the deliveries of the outbox to people, at least once, until each has an answer.

Owns claiming, retries, quotas and their timing. Must not decide who is notified of what (`policy`) nor
know a provider (`channels`). Each channel of a person is its own queue with few deliveries under way, so
that a slow provider delays nobody else.
"""

import asyncio
import contextlib
import logging
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from gateway.alerts import claims, messages
from gateway.alerts.channels import Notification, UndeliveredError
from gateway.alerts.channels.table import OpenChannel
from gateway.alerts.links import Links
from gateway.alerts.policy import Policy
from gateway.alerts.replies.offers import Offers
from gateway.clock import Clock, utc_now
from gateway.domain.alerts import lifecycle as alert_lifecycle
from gateway.domain.alerts.lifecycle import (
    LATE_STEP,
    STEPS_PER_ANSWER,
    STEPS_PER_ROUND,
    WITHDRAWAL_STEP,
    DeliveryStatus,
)
from gateway.domain.model import URGENT, Device
from gateway.store import DiskError, Store, Transaction
from gateway.store.feed import Feed
from gateway.store.tables.outbox import ClaimedDelivery, DeliveryQueue

log = logging.getLogger(__name__)

FIRST_RETRY = timedelta(seconds=5)
LONGEST_RETRY = timedelta(minutes=30)
CHECK_EVERY_S = 2.0  # longest wait of a due retry


SentKey = tuple[str, int, int, str, str]
"""(alert, number of reopenings, step, person, channel)."""


FollowText = Callable[[ClaimedDelivery, Notification], None]
"""Is told of each text that was sent."""


class Channels(Protocol):
    """The open channels by (person, id of the channel)."""

    def get(self, queue: DeliveryQueue, /) -> OpenChannel | None:
        """The channel, or None if it does not exist."""


class Notifier:
    """Delivers the outbox of one store."""

    def __init__(
        self,
        store: Store,
        feed: Feed,
        policy: Policy,
        channels: Channels,
        links: Links,
        clock: Clock = utc_now,
        first_retry: timedelta = FIRST_RETRY,
    ) -> None:
        self._store, self._feed, self._policy, self._channels = store, feed, policy, channels
        self._links, self._clock, self._first_retry = links, clock, first_retry
        self._offers: Offers | None = None
        self._follow: FollowText = lambda _delivery, _text: None
        self._under_way: Counter[DeliveryQueue] = Counter()
        self._wake = asyncio.Event()
        self._sent_keys: dict[SentKey, str] = {}  # sent -> answer, until the answer is written

    def offer(self, offers: Offers) -> None:
        """Let messages say how they can be answered by a reply."""
        self._offers = offers

    def let_follow(self, follow: FollowText) -> None:
        """Let something follow each text that was sent; it must not wait."""
        self._follow = follow

    async def run(self) -> None:
        """Deliver until cancelled: at once when an alert opens, else every LOOK_S."""
        with contextlib.suppress(DiskError):  # then old claims expire later
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
                    async with asyncio.timeout(CHECK_EVERY_S):
                        await self._wake.wait()
                except TimeoutError:
                    continue

    async def deliver_due(self) -> int:
        """Attempt what is due now, wait for the answers and return their number (commands, tests)."""
        async with asyncio.TaskGroup() as group:
            return await self._start(group)

    async def tell(self, deliveries: Sequence[ClaimedDelivery]) -> bool:
        """Send deliveries that the disk does not accept, each once; True if all were sent.

        They are settled without another message when the disk accepts them (`intake.Intake`).
        """
        devices = await self._store.read(lambda r: {d.id: d for d in r.devices()})
        sent_before = await asyncio.gather(
            *(self._tell(delivery, devices) for delivery in deliveries)
        )
        return all(sent_before)

    async def _tell(self, delivery: ClaimedDelivery, devices: Mapping[str, Device]) -> bool:
        channel, person = (
            self._channels.get(delivery.queue),
            self._policy.people.get(delivery.person),
        )
        if channel is None or person is None:
            return True
        keys = sent_keys(delivery)
        if keys <= self._sent_keys.keys():
            return True
        notification = messages.write(
            delivery, person, devices, self._policy, self._links, self._clock(), self._offers
        )
        try:
            self._sent_keys |= dict.fromkeys(keys, await channel.send(notification))
        except Exception as error:
            log.warning("%s was not notified: %s", delivery.person, type(error).__name__)
            return False
        return True

    async def _start(self, group: asyncio.TaskGroup) -> int:
        deliveries, sent = await self._store.write(self._claim)
        if not deliveries:
            return 0
        devices = await self._store.read(lambda r: {d.id: d for d in r.devices()})
        for delivery in deliveries:
            self._under_way[delivery.queue] += 1
            work = self._deliver(delivery, devices, sent)
            group.create_task(work, name=f"deliver {delivery.no}")
        return len(deliveries)

    def _claim(self, tx: Transaction) -> tuple[list[ClaimedDelivery], Counter[str]]:
        """The deliveries to send, and how much of each quota is used (if they need it)."""
        now = self._clock()
        self._policy.know(tx.people.known)
        deliveries: list[ClaimedDelivery] = []
        for queue in tx.outbox.queues(now):
            channel = self._channels.get(queue)
            room = (channel.row.at_once if channel else 1) - self._under_way[queue]
            if room > 0:
                deliveries += claims.claim(tx, queue, self._policy, now, room)
        if all(is_urgent(delivery) for delivery in deliveries):
            return deliveries, Counter()
        return deliveries, self._policy.sent(tx.outbox.sent_since(self._policy.month(now)))

    async def _watch(self) -> None:
        with self._feed.listen() as outcomes:
            async for outcome in outcomes:
                if outcome.opened or outcome.changed or outcome.ended:
                    self._wake.set()

    async def _deliver(
        self, delivery: ClaimedDelivery, devices: Mapping[str, Device], sent: Counter[str]
    ) -> None:
        try:
            await self._attempt(delivery, devices, sent)
            if channel := self._channels.get(delivery.queue):
                await asyncio.sleep(channel.row.pause_s)
        except DiskError as error:
            log.debug("%s stays claimed for a while: %s", delivery.no, error)
        finally:
            self._under_way[delivery.queue] -= 1
            self._wake.set()

    async def _attempt(
        self, delivery: ClaimedDelivery, devices: Mapping[str, Device], sent: Counter[str]
    ) -> None:
        channel, person = (
            self._channels.get(delivery.queue),
            self._policy.people.get(delivery.person),
        )
        if channel is None or person is None:
            await self._settle(
                delivery, DeliveryStatus.DEAD, "this person or channel is no longer configured"
            )
            return
        if not self._policy.may_send(
            channel.scheme, sent[channel.scheme], urgent=is_urgent(delivery)
        ):
            await self._settle(
                delivery, DeliveryStatus.DEAD, "the month's rest is kept for captures"
            )
            return
        notification = messages.write(
            delivery, person, devices, self._policy, self._links, self._clock(), self._offers
        )
        keys = sent_keys(delivery)
        try:
            if not keys <= self._sent_keys.keys():
                self._sent_keys |= dict.fromkeys(keys, await channel.send(notification))
        except UndeliveredError as failure:
            await self._failed(delivery, failure)
        except Exception as error:
            log.exception("channel %s of %s", channel.scheme, delivery.person)
            await self._failed(delivery, UndeliveredError(type(error).__name__))
        else:
            await self._settle(delivery, DeliveryStatus.SENT, self._sent_keys[min(keys)])
            for one in keys:
                del self._sent_keys[one]
            self._follow(delivery, notification)

    async def _failed(self, delivery: ClaimedDelivery, failure: UndeliveredError) -> None:
        now = self._clock()
        jitter = random.random()  # noqa: S311 - jitter
        wait = backoff(delivery.attempts, jitter, self._first_retry)
        due = now + max(wait, timedelta(seconds=failure.retry_after_s))
        give_up = delivery.since + timedelta(hours=self._policy.alerts.give_up_h)
        if failure.permanent or due > give_up:
            log.warning(
                "alert %s not delivered to %s: %s",
                delivery.alert.id,
                delivery.person,
                failure.answer,
            )
            await self._settle(delivery, DeliveryStatus.DEAD, failure.answer)
        else:
            await self._settle(delivery, DeliveryStatus.WAITING, failure.answer, due)

    async def _settle(
        self,
        delivery: ClaimedDelivery,
        status: DeliveryStatus,
        answer: str,
        due: datetime | None = None,
    ) -> None:
        now = self._clock()

        def act(tx: Transaction) -> None:
            for alert in tx.outbox.settle(delivery.no, status, answer, now, due):
                if status is DeliveryStatus.SENT and (
                    sent_before := alert_lifecycle.change_status(
                        alert, alert_lifecycle.AlertChange.DELIVERED, now
                    )
                ):
                    tx.alerts.put(sent_before)

        await self._store.write(act)


def sent_keys(delivery: ClaimedDelivery) -> frozenset[SentKey]:
    """The keys of a message: another message with the same keys only repeats it."""
    step = delivery.step % STEPS_PER_ROUND
    answers = step >= LATE_STEP and step != WITHDRAWAL_STEP  # these come anew with each answer
    return frozenset(
        (
            alert.id,
            alert.reopened + STEPS_PER_ANSWER * alert.answers * answers,
            step,
            delivery.person,
            delivery.channel,
        )
        for alert in delivery.alerts
    )


def is_urgent(delivery: ClaimedDelivery) -> bool:
    """Whether a delivery contains a capture or a danger, and is not only a notice about one."""
    return not delivery.news and any(alert.level in URGENT for alert in delivery.alerts)


def backoff(attempts: int, jitter: float, first: timedelta = FIRST_RETRY) -> timedelta:
    """The wait after failed attempt number `attempts` (from 0); `jitter` in [0, 1)."""
    whole: timedelta = min(first * 2 ** min(attempts, 20), LONGEST_RETRY)
    return whole * (0.5 + 0.5 * jitter)

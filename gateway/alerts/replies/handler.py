"""Applies the replies of all ways, and answers their senders with the result.

Owns the order "on the disk, then answered", and how often a sender is answered. Must not know a provider nor
decide what a reply changes.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, Protocol

from gateway.alerts.channels import Notification, UndeliveredError
from gateway.alerts.channels.table import OpenChannel
from gateway.alerts.policy import Policy
from gateway.alerts.replies import Deliver, IncomingReply, ReplyResult, Way
from gateway.clock import Clock
from gateway.domain.outcome import Outcome
from gateway.store import DiskError, Store, Transaction
from gateway.store.feed import Feed
from gateway.store.setting_keys import SettingKey
from gateway.store.tables.outbox import DeliveryQueue
from gateway.words.catalogue import translations

log = logging.getLogger(__name__)
HOUR = timedelta(hours=1)
MOST_TOLD = 20  # answers an hour to one person
SEND_S = 30.0
RETRY_S = 5.0  # while the disk refuses
TRIAL_S = 5.0  # between looks whether a new version is still being tried
PLACES = {Way.NTFY: SettingKey.REPLIES_NTFY}  # where each way goes on after a restart

Apply = Callable[[Transaction, IncomingReply, datetime], tuple[ReplyResult, Outcome]]
Follow = Callable[[Deliver], Coroutine[Any, Any, None]]
"""Hands on replies until it is cancelled; connects again by itself."""


class Channels(Protocol):
    """The open channels by (person, id of the channel)."""

    def get(self, queue: DeliveryQueue, /) -> OpenChannel | None:
        """The channel, or None if it does not exist."""


class ReplyHandler:
    """The replies of one gateway."""

    def __init__(
        self,
        store: Store,
        feed: Feed,
        policy: Policy,
        channels: Channels,
        apply: Apply,
        ways: Mapping[Way, Follow],
        clock: Clock,
    ) -> None:
        self._store, self._feed, self._policy, self._channels = store, feed, policy, channels
        self._apply, self._ways, self._clock = apply, ways, clock
        self._told: dict[str, deque[datetime]] = {}

    async def run(self) -> None:
        """Follow every way until cancelled; while a new version is tried, replies wait where they are."""
        while await self._store.read(lambda reader: reader.trial.upgrade()):  # noqa: ASYNC110
            await asyncio.sleep(TRIAL_S)  # another program ends the trial
        async with asyncio.TaskGroup() as group:
            for way, follow in self._ways.items():
                group.create_task(follow(self.take), name=f"replies by {way}")

    async def take(self, reply: IncomingReply) -> None:
        """Apply one reply, then answer its sender; returns when what it says is on the disk."""
        now = self._clock()
        result, outcome = await self._written(reply, now)
        self._feed.tell(outcome)
        if not result.changed and result.key != "reply.recorded":
            log.info("a reply by %s changed nothing: %s", reply.way, result.key)
        if result.person and self._may_tell(result.person, now):
            await self._tell(reply, result)

    async def _written(self, reply: IncomingReply, now: datetime) -> tuple[ReplyResult, Outcome]:
        """What became of a reply; waits while the disk refuses."""

        def write(tx: Transaction) -> tuple[ReplyResult, Outcome]:
            done = self._apply(tx, reply, now)
            if reply.place and reply.way in PLACES:
                tx.put_setting(PLACES[reply.way], reply.place)
            return done

        while True:
            try:
                return await self._store.write(write)
            except DiskError as error:
                log.debug("a reply waits: %s", error)
                await asyncio.sleep(RETRY_S)

    def _may_tell(self, person: str, now: datetime) -> bool:
        """Whether this person was not answered too often: two programs must not answer each other."""
        times = self._told.setdefault(person, deque(maxlen=MOST_TOLD))
        if len(times) == MOST_TOLD and now - times[0] < HOUR:
            return False
        times.append(now)
        return True

    async def _tell(self, reply: IncomingReply, result: ReplyResult) -> None:
        channel = self._channels.get((result.person, result.channel))
        person = self._policy.people.get(result.person)
        if channel is None or person is None:
            return
        words = translations(person.language)
        lines = [words(result.key, **result.values), result.detail]
        key = f"{result.person} {reply.text} {reply.place} {self._clock().isoformat()}"
        notification = Notification(
            key=f"reply-{blake2b(key.encode(), digest_size=8).hexdigest()}",
            title=words("reply.yes" if result.key == "reply.recorded" else "reply.no"),
            text=" ".join(line for line in lines if line),
            urgent=False,
        )
        try:
            async with asyncio.timeout(SEND_S):
                await channel.send(notification)
        except (UndeliveredError, TimeoutError) as error:
            log.info("%s got no answer to a reply: %s", result.person, type(error).__name__)
        except Exception:  # providers raise anything, and the next reply must be read
            log.exception("%s got no answer to a reply through %s", result.person, result.channel)

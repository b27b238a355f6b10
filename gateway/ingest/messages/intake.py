"""The intake: messages are received, committed, acknowledged, then reported. One loop with group commit.

Owns the order "durable, then acknowledged, then everything else" (principle 1). When more messages arrive
than can be judged, they are stored unread and judged later, those of each device in their order: here they
are safer than in a broker's memory. Only messages whose topic names a trap are judged at once. At a normal
rate routine messages wait for others, not yet acknowledged (`gathering`). While the disk refuses, nothing is
acknowledged, so broker and devices keep the messages, and people are alerted all the same.
Must not decode or write itself (`batch`, `store`).
"""

import asyncio
import logging
import shutil
import time
from collections.abc import Awaitable, Callable, Sequence

from msgspec import Struct

from gateway.alerts import claims
from gateway.domain.model import Message
from gateway.domain.outcome import Outcome
from gateway.ingest.messages.batching import gathering
from gateway.ingest.messages.batching.shares import Shares
from gateway.ingest.messages.batching.slices import Judged, next_size
from gateway.ingest.messages.confirms import Confirms
from gateway.ingest.messages.judging import Judging, split_urgent
from gateway.metrics import Health
from gateway.mqtt import Delivery, Session
from gateway.mqtt.own_topics import loopback
from gateway.store import DiskError, Store, Transaction
from gateway.store.feed import Feed
from gateway.store.setting_keys import SettingKey
from gateway.store.tables.backlog import Size
from gateway.store.tables.outbox import ClaimedDelivery

log = logging.getLogger(__name__)
PATIENCE_S = 1.0  # in a surge, how long messages are only stored before a batch is judged
AT_ONCE = 3  # batches of the backlog in one transaction
BACKLOG_BYTES = 64_000_000  # on the disk; beyond it the broker has to wait
RETRY_S = 2.0  # between attempts while the disk refuses
REHEARSED = 12  # batches of the backlog that notify people while the disk refuses
MAX_PER_CHANNEL = 1_000  # notifications that are sent without the database
MB = 1_000_000

Tell = Callable[[Sequence[ClaimedDelivery]], Awaitable[bool]]


async def tell_nobody(_: Sequence[ClaimedDelivery]) -> bool:
    """Sends nothing: for a gateway without recipients."""
    return True


class IntakeLimits(Struct, frozen=True):
    """How much the intake takes at once, and how much of the disk it leaves free."""

    max_batch: int = 1_500  # messages in one transaction
    reserve_mb: int = 0
    routine_wait_s: float = 0.0  # how long a routine message waits for others


class Intake:
    """Takes the messages of one session into one store."""

    def __init__(
        self,
        store: Store,
        judging: Judging,
        feed: Feed,
        health: Health,
        limits: IntakeLimits = IntakeLimits(),  # noqa: B008 - frozen
        tell: Tell = tell_nobody,
    ) -> None:
        self._store, self._judging, self._feed, self._health = store, judging, feed, health
        self._max_batch, self._reserve = limits.max_batch, limits.reserve_mb * MB
        self._wait_s = limits.routine_wait_s
        self._held: list[Delivery] = []  # received, and to be committed next
        self._tell = tell
        self.confirms = Confirms()
        self._kept = Size(1, 0)  # until looked, something may wait on the disk
        self._slice = limits.max_batch  # messages of the backlog to judge at once
        self._shares, self._judged_share = Shares(), -1
        self._judged_s = 0.0  # when a batch was judged last

    async def run(self, session: Session) -> None:
        """Until cancelled. What is not routine waits for no timer; load makes batches."""
        while True:
            self._held = []
            try:
                await self._next(session)
            except asyncio.CancelledError:
                await self._take_unrepeated(session)
                raise

    async def _next(self, session: Session) -> None:
        """Commit what waits on the disk or what comes, however long the disk refuses."""
        try:
            if self._is_time_to_judge(session):
                await self._catch_up(session)
            else:
                await self._gather(session)
                await self._take(session, self._held)
        except DiskError as trouble:
            await self._hold(session, trouble)

    async def _gather(self, session: Session) -> None:
        """Receive what is committed next; a message that is not routine ends the wait of the others."""
        fresh = self._held = await session.receive(self._max_batch)
        until_s = asyncio.get_running_loop().time() + self._wait_s
        while fresh and await self._may_wait(session, fresh):
            fresh = await self._received_until(session, until_s)
            self._held = self._held + fresh

    async def _may_wait(self, session: Session, fresh: list[Delivery]) -> bool:
        """Whether all of these messages are routine, and the session may still receive others."""
        messages = [delivery.message for delivery in fresh]
        if session.counters.paused or len(self._held) >= gathering.MAX_MESSAGES:
            return False
        if not self._wait_s or self._kept.messages or any(map(gathering.never_waits, messages)):
            return False
        return await self._store.write(
            lambda tx: self._judging.all_may_wait(tx, messages, self._wait_s)
        )

    async def _received_until(self, session: Session, until_s: float) -> list[Delivery]:
        """What comes next; nothing when the time is over."""
        try:
            async with asyncio.timeout_at(until_s):
                return await session.receive(self._max_batch)
        except TimeoutError:
            return []

    async def _take_unrepeated(self, session: Session) -> None:
        """At the end: commit what waits and would not come again; the broker repeats the others."""
        if once := [delivery for delivery in self._held if not delivery.packet_id]:
            try:
                await self._take(session, once)
            except DiskError as error:
                log.warning("%d messages are lost: %s", len(once), error)

    def _is_time_to_judge(self, session: Session) -> bool:
        """Whether what waits on the disk is next, not what waits in memory."""
        kept = self._kept
        return kept.messages > 0 and (
            not session.counters.uncommitted
            or kept.stored_bytes > BACKLOG_BYTES
            or asyncio.get_running_loop().time() - self._judged_s > PATIENCE_S
        )

    async def _catch_up(self, session: Session) -> None:
        """Judge the oldest batches on the disk; DiskError when they have to stay there."""

        def is_wanted() -> bool:
            return self._store.others_wait() or session.counters.uncommitted > 0

        self._health.waiting(self._kept.messages)
        started_s = asyncio.get_running_loop().time()
        judged, self._kept = await self._store.write(
            lambda tx: self._judge_backlog(tx, AT_ONCE, is_wanted)
        )
        self._judged_s = asyncio.get_running_loop().time()
        for count, outcome in judged:
            self._tell_of(count, outcome, started_s)
        self._health.behind(self._kept.messages)

    def _judge_backlog(
        self, tx: Transaction, most: int, is_wanted: Callable[[], bool] = lambda: False
    ) -> tuple[list[tuple[int, Outcome]], Size]:
        """`most` batches in one transaction: few large ones wear the card less than many small.

        `is_wanted`: whether others wait; then one slice is enough.
        """
        judged: list[tuple[int, Outcome]] = []
        left = most * self._max_batch
        while left > 0 and (batch := tx.backlog.take(self._slice, self._judged_share)):
            began_s, self._judged_share = time.thread_time(), batch.share
            outcome = self._judging.judge(tx, batch.messages, batch.clock)
            count, took_s = len(batch.messages), time.thread_time() - began_s
            devices = len({event.device for event in outcome.events})
            self._slice = next_size(self._max_batch, Judged(count, devices, took_s))
            judged.append((count, outcome))
            left = 0 if is_wanted() else left - max(count, 1)
        return judged, tx.backlog.size()

    async def _take(self, session: Session, deliveries: list[Delivery]) -> None:
        """Commit, then acknowledge, then report; DiskError when nothing could be committed."""
        messages, answers = loopback.split([delivery.message for delivery in deliveries])
        self._health.waiting(len(messages))
        started = asyncio.get_running_loop().time()
        self._check_room()
        if self._kept.messages or session.counters.uncommitted >= len(messages) + self._max_batch:
            count, outcome, self._kept = await self._store.write(
                lambda tx: self._keep(tx, messages, answers)
            )
        else:
            outcome = await self._store.write(lambda tx: self._absorb(tx, messages, answers))
            count = len(messages)
        session.ack(deliveries)
        self.confirms.promise(answers)
        self._tell_of(count, outcome, started)
        self._health.behind(self._kept.messages)

    def _tell_of(self, count: int, outcome: Outcome, started_s: float) -> None:
        """So many messages have been judged and are durable."""
        if not count:
            return
        self._health.committed(count, outcome, asyncio.get_running_loop().time() - started_s)
        self._feed.tell(outcome)
        self.confirms.promise(outcome.durable)

    def _absorb(
        self, tx: Transaction, messages: list[Message], answers: loopback.Answers
    ) -> Outcome:
        _note_answers(tx, answers)
        messages, stamp = self._judging.dated(messages)
        tx.trial.keep(messages, stamp)
        return self._judging.judge(tx, messages, stamp)

    def _keep(
        self, tx: Transaction, messages: list[Message], answers: loopback.Answers
    ) -> tuple[int, Outcome, Size]:
        """More comes than can be judged now: traps' messages are, the others are kept as they came."""
        _note_answers(tx, answers)
        messages, stamp = self._judging.dated(messages)
        tx.trial.keep(messages, stamp)
        urgent, others = split_urgent(messages, tx.devices.values())
        shares = self._shares.split(others, tx.devices, tx.backlog.share())
        for share, part in shares.items():
            tx.backlog.put(part, stamp, share)
        outcome = self._judging.judge(tx, urgent, stamp)
        return len(urgent), outcome, tx.backlog.size()

    async def _hold(self, session: Session, trouble: DiskError) -> None:
        """While the disk refuses: keep, do not acknowledge, alert; ends when all is committed."""
        is_news, is_over = True, False
        while not is_over:
            self._health.refused_by_disk(str(trouble))
            if is_news:
                is_news = not await self._alert([delivery.message for delivery in self._held])
            is_news = await self._receive_more(session) or is_news
            try:
                if self._kept.messages:  # acknowledged before: judged even at the reserve
                    await self._catch_up(session)
                while self._held:
                    await self._take(session, self._held[: self._max_batch])
                    self._held = self._held[self._max_batch :]
                is_over = True
            except DiskError as error:
                trouble = error

    async def _receive_more(self, session: Session) -> bool:
        """Hold what comes before the next attempt, if anything does; the session bounds how much."""
        try:
            async with asyncio.timeout(RETRY_S):
                fresh = await session.receive(self._max_batch)
        except TimeoutError:
            return False
        self._held = self._held + fresh
        await asyncio.sleep(RETRY_S / 10)  # what springs at once is judged at once
        return True

    async def _alert(self, messages: list[Message]) -> bool:
        """Judge as if it were committed, and send people the notifications that a commit would have made."""

        def rehearse(tx: Transaction) -> list[ClaimedDelivery]:
            opened = self._opened_by_backlog(tx)
            opened |= {alert.id for alert in self._judging.absorb(tx, messages).opened}
            now = self._judging.clock()
            queues = tx.outbox.queues(now)
            due = [
                p
                for queue in queues
                for p in claims.claim(tx, queue, self._judging.policy, now, MAX_PER_CHANNEL)
            ]
            return [p for p in due if any(alert.id in opened for alert in p.alerts)]

        try:
            return await self._tell(await self._store.rehearse(rehearse))
        except DiskError as error:
            log.warning("nothing can be judged: %s", error)
            return False

    def _opened_by_backlog(self, tx: Transaction) -> set[str]:
        """The alerts that what waits on the disk will open, or its oldest part."""
        judged, _ = self._judge_backlog(tx, REHEARSED)
        return {alert.id for _, outcome in judged for alert in outcome.opened}

    def _check_room(self) -> None:
        """The last megabytes are for alerts, for what people do, and for a clean end."""
        if not self._reserve:
            return
        free = shutil.disk_usage(self._store.path.absolute().parent).free
        if free < self._reserve:
            raise DiskError(f"{free // MB} MB free, {self._reserve // MB} MB are the reserve")


def _note_answers(tx: Transaction, answers: loopback.Answers) -> None:
    """Write a row for the questions that are answered: the commit of an empty transaction writes nothing."""
    for ids in answers.values():
        tx.put_setting(SettingKey.LOOPBACK, ids[-1])

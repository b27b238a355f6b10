"""The intake: messages in, committed, acknowledged, told. One loop, adaptive group commit.

Owns the order "durable, then acknowledged, then everything else" (principle 1), and what happens while
the disk refuses: nothing is acknowledged, so broker and devices hold, and people are alerted all the
same. Must not decode or write itself (`batch`, `store`).
"""

import asyncio
import logging
import shutil
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

import msgspec

from gateway import protocol
from gateway.batch import Decode, Outcome, absorb
from gateway.clock import Clock, Timekeeper, utc_now
from gateway.feed import Feed
from gateway.health import Health
from gateway.model import Message
from gateway.mqtt import Delivery, Session
from gateway.policy import Policy
from gateway.store import DiskTrouble, Store, Transaction
from gateway.store.outbox import Parcel

log = logging.getLogger(__name__)
CONFIRMS = 10_000  # ids that wait to be confirmed; one more only means that a device repeats
IDS = 100  # in one confirm: a sensor has little memory
AT_ONCE = 50  # confirms on their way, so that no device waits for another's
RETRY_S = 2.0  # between attempts while the disk refuses
ROOM = 1_000  # letters of one lane that are told from memory
MB = 1_000_000

Tell = Callable[[Sequence[Parcel]], Awaitable[bool]]


async def tell_nobody(_: Sequence[Parcel]) -> bool:
    """For a gateway without people."""
    return True


class Intake:
    """From one session into one store. `keeper`: where given, the judge of `clock`."""

    def __init__(
        self,
        store: Store,
        decode: Decode,
        feed: Feed,
        health: Health,
        policy: Policy | None = None,
        *,
        max_batch: int = 2_000,
        reserve_mb: int = 0,
        clock: Clock = utc_now,
        keeper: Timekeeper | None = None,
        tell: Tell = tell_nobody,
    ) -> None:
        self._store, self._decode, self._feed, self._health = store, decode, feed, health
        self._policy, self._max_batch, self._clock = policy or Policy(), max_batch, clock
        self._reserve, self._keeper, self._tell = reserve_mb * MB, keeper, tell
        self._durable: dict[str, list[str]] = {}  # topic -> ids to confirm
        self._waiting = 0  # ids in it
        self._committed = asyncio.Event()

    async def run(self, session: Session) -> None:
        """Until cancelled. The first message waits for no timer; load makes batches."""
        while True:
            deliveries = await session.receive(self._max_batch)
            try:
                await self._take(session, deliveries)
            except DiskTrouble as trouble:
                await self._hold(session, deliveries, trouble)

    async def confirm(self, session: Session) -> None:
        """Tell native devices which ids they may forget, until cancelled."""
        room = asyncio.Semaphore(AT_ONCE)

        async def tell(topic: str, ids: list[str]) -> None:
            async with room:
                try:
                    await session.publish(topic, protocol.encode_confirm(ids))
                except (TimeoutError, ConnectionError, PermissionError) as error:
                    log.debug("not confirmed on %s: %s", topic, error)

        while True:
            await self._committed.wait()
            self._committed.clear()
            durable, self._durable, self._waiting = self._durable, {}, 0
            async with asyncio.TaskGroup() as group:
                for topic, ids in durable.items():
                    for start in range(0, len(ids), IDS):
                        work = tell(topic, ids[start : start + IDS])
                        group.create_task(work, name=f"confirm {topic}")

    async def _take(self, session: Session, deliveries: list[Delivery]) -> None:
        """Commit, then acknowledge, then tell; DiskTrouble when nothing could be committed."""
        messages = [delivery.message for delivery in deliveries]
        self._health.waiting(len(messages))
        started = asyncio.get_running_loop().time()
        self._check_room()
        outcome = await self._store.write(lambda tx: self._absorb(tx, messages))
        self._health.committed(len(messages), outcome, asyncio.get_running_loop().time() - started)
        session.ack(deliveries)
        self._feed.tell(outcome)
        self._promise(outcome)

    def _promise(self, outcome: Outcome) -> None:
        """These ids are durable: to be confirmed soon, together with others of the same device."""
        for topic, ids in outcome.durable.items():
            if self._waiting < CONFIRMS:  # else the device repeats and is confirmed then
                self._durable.setdefault(topic, []).extend(ids)
                self._waiting += len(ids)
        if self._durable:
            self._committed.set()

    async def _hold(self, session: Session, held: list[Delivery], trouble: DiskTrouble) -> None:
        """While the disk refuses: keep, do not acknowledge, alert; ends when all is committed."""
        is_news = True
        while held:
            self._health.refused_by_disk(str(trouble))
            if is_news:
                is_news = not await self._alert([delivery.message for delivery in held])
            fresh = await self._more(session)
            is_news, held = is_news or bool(fresh), held + fresh
            try:
                while held:
                    await self._take(session, held[: self._max_batch])
                    held = held[self._max_batch :]
            except DiskTrouble as error:
                trouble = error

    async def _more(self, session: Session) -> list[Delivery]:
        """What comes before the next attempt; the session bounds how much is not acknowledged."""
        try:
            async with asyncio.timeout(RETRY_S):
                first = await session.receive(self._max_batch)
        except TimeoutError:
            return []
        await asyncio.sleep(RETRY_S / 10)  # what springs at once is judged at once
        return first

    async def _alert(self, messages: list[Message]) -> bool:
        """Judge as if it were committed, and tell people what would have been promised to them."""

        def rehearse(tx: Transaction) -> list[Parcel]:
            opened = {alert.id for alert in self._absorb(tx, messages).opened}
            now = self._clock()
            due = [p for lane in tx.outbox.lanes(now) for p in tx.outbox.claim(lane, now, ROOM)]
            return [p for p in due if any(alert.id in opened for alert in p.alerts)]

        try:
            return await self._tell(await self._store.rehearse(rehearse))
        except DiskTrouble as error:
            log.warning("nothing can be judged: %s", error)
            return False

    def _absorb(self, tx: Transaction, messages: list[Message]) -> Outcome:
        keeper, now = self._keeper, self._clock()
        if keeper:
            messages = [_dated(message, keeper.settle(message.received_at)) for message in messages]
        trusted = keeper is None or keeper.trusted
        return absorb(tx, messages, self._decode, now, self._policy, clock_trusted=trusted)

    def _check_room(self) -> None:
        """The last megabytes are for alerts, for what people do, and for a clean end."""
        if not self._reserve:
            return
        free = shutil.disk_usage(self._store.path.absolute().parent).free
        if free < self._reserve:
            raise DiskTrouble(f"{free // MB} MB free, {self._reserve // MB} MB are the reserve")


def _dated(message: Message, received_at: datetime) -> Message:
    if received_at == message.received_at:
        return message
    return msgspec.structs.replace(message, received_at=received_at)

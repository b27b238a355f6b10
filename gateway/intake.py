"""The intake: messages in, committed, acknowledged, told. One loop, adaptive group commit.

Owns the order "durable, then acknowledged, then everything else" (principle 1), and what happens when
the disk refuses. Must not decode or write itself (`batch`, `store`).
"""

import asyncio
import logging

import apsw

from gateway import protocol
from gateway.batch import Decode, Outcome, absorb
from gateway.clock import Clock, utc_now
from gateway.feed import Feed
from gateway.health import Health
from gateway.mqtt import Delivery, Session
from gateway.policy import Policy
from gateway.store import Store, Transaction

log = logging.getLogger(__name__)
CONFIRMS = 10_000  # waiting confirms; one more only means that a device repeats
RETRY_S = 2.0  # between attempts while the disk refuses


class Intake:
    """From one session into one store."""

    def __init__(
        self,
        store: Store,
        decode: Decode,
        feed: Feed,
        health: Health,
        policy: Policy | None = None,
        *,
        max_batch: int = 2_000,
        clock: Clock = utc_now,
    ) -> None:
        self._store, self._decode, self._feed, self._health = store, decode, feed, health
        self._policy, self._max_batch, self._clock = policy or Policy(), max_batch, clock
        self._durable: asyncio.Queue[tuple[str, list[str]]] = asyncio.Queue(CONFIRMS)

    async def run(self, session: Session) -> None:
        """Until cancelled. The first message waits for no timer; load makes batches."""
        while True:
            deliveries = await session.receive(self._max_batch)
            outcome = await self._commit(deliveries)
            session.ack(deliveries)
            self._feed.tell(outcome)
            for topic, ids in outcome.durable.items():
                if not self._durable.full():  # else the device repeats and is confirmed then
                    self._durable.put_nowait((topic, ids))

    async def confirm(self, session: Session) -> None:
        """Tell native devices which ids they may forget, until cancelled."""
        while True:
            topic, ids = await self._durable.get()
            try:
                await session.publish(topic, protocol.encode_confirm(ids))
            except OSError as error:  # no answer, or the broker's rules forbid it
                log.debug("not confirmed on %s: %s", topic, error)

    async def _commit(self, deliveries: list[Delivery]) -> Outcome:
        """Write until the disk takes it; nothing is acknowledged meanwhile, so the broker holds."""
        messages = [delivery.message for delivery in deliveries]

        def act(tx: Transaction) -> Outcome:
            return absorb(tx, messages, self._decode, self._clock(), self._policy)

        self._health.waiting(len(messages))
        started = asyncio.get_running_loop().time()
        while True:
            try:
                outcome = await self._store.write(act)
            except (apsw.FullError, apsw.IOError, apsw.BusyError, apsw.ReadOnlyError) as error:
                self._health.refused_by_disk(str(error))
                await asyncio.sleep(RETRY_S)
            else:
                took_s = asyncio.get_running_loop().time() - started
                self._health.committed(len(messages), outcome, took_s)
                return outcome

"""The session with a broker over any number of connections.

Owns the queue of received messages, its limit, the number of each connection, and reconnecting (after
`reconnect_delay`). Must not know the protocol on the wire (`link`) nor the content of messages.
"""

import asyncio
import logging
import random
import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime

from msgspec import Struct, field

from gateway.mqtt.link import (
    GOODBYE_S,
    OFFLINE,
    ONLINE,
    Cause,
    ConnectionFailedError,
    Delivery,
    Link,
    Retry,
    Terms,
    Wire,
)
from gateway.mqtt.losses.connection_history import ConnectionHistory
from gateway.mqtt.reconnect_delay import Backoff
from gateway.mqtt.witness import ConnectionListener, NoConnectionListener

log = logging.getLogger(__name__)

PUBLISH_S = 10.0
HELD_BYTES = 16_000_000  # payloads not yet acknowledged: a few large ones also fill a small board

MakeLink = Callable[[Terms, Wire], Link]


class Counters(Struct):
    """The counters of a session since the start of the program."""

    connected: bool = False
    paused: bool = False  # reading is stopped because too much is not committed
    version: str = ""  # class name of the present link
    connections: int = 0  # how often a connection was made
    received: int = 0
    acked: int = 0
    stale_acks: int = 0  # dropped: their connection had ended
    uncommitted: int = 0  # received and not yet acknowledged by the program
    uncommitted_bytes: int = 0  # their payloads
    forgotten: int = 0  # removed when the queue was full; the broker sends them again
    error: str = ""  # why it is not connected
    client_id: str = ""
    heard_at: datetime | None = None  # when the broker last sent something
    history: ConnectionHistory = field(default_factory=ConnectionHistory)


class BrokerSession:
    """A session with one broker; `gateway.mqtt.Session` says what it guarantees."""

    def __init__(
        self,
        terms: Terms,
        link_makers: Sequence[MakeLink],
        clock: Callable[[], datetime],
        backoff: Backoff = Backoff(),  # noqa: B008 - frozen
        witness: ConnectionListener = NoConnectionListener(),  # noqa: B008 - without state
    ) -> None:
        self.counters = Counters(client_id=terms.client_id)
        self._history, self._witness = self.counters.history, witness
        self._terms = terms
        self._link_makers = list(link_makers)  # the first is tried next
        self._preferred = link_makers[0]
        self._clock = clock
        self._backoff = backoff
        self._limit = terms.settings.max_uncommitted
        self._inbox: deque[Delivery] = deque()
        self._arrived = asyncio.Event()
        self._link: Link | None = None  # also while it is opening
        self._generation = 0
        self._up = asyncio.Event()

    async def run(self) -> None:
        """Keep a connection until cancelled."""
        attempt = 0
        while True:
            began = time.monotonic()
            await self._witness.connecting()
            opened_before = self.counters.connections
            self._history.attempted()
            try:
                await self._connection()
            except ConnectionFailedError as error:
                was_open = self.counters.connections > opened_before
                self._ended(error, was_open=was_open)
                lasted = time.monotonic() - began > self._backoff.settled_s
                attempt = 0 if lasted else attempt + 1
                if self._change_version(error.retry):
                    log.info("%s; trying the older version", error)
                    continue
                self._report(error, again=not lasted and not was_open)
                delay_s = self._backoff.delay_s(attempt - 1, error.retry, random.random())  # noqa: S311
                await asyncio.sleep(delay_s)

    async def receive(self, limit: int) -> list[Delivery]:
        """Wait for a message, then return all that wait, `limit` at most, in arrival order."""
        inbox = self._inbox
        while not inbox:
            self._arrived.clear()
            await self._arrived.wait()
        if len(inbox) > limit:
            return [inbox.popleft() for _ in range(limit)]
        batch = list(inbox)
        inbox.clear()
        return batch

    def ack(self, deliveries: list[Delivery]) -> None:
        """Acknowledge committed deliveries; packet ids of an ended connection are invalid."""
        counters = self.counters
        current = self._generation if self._link else -1
        ids = [d.packet_id for d in deliveries if d.packet_id and d.generation == current]
        if ids and self._link:
            self._link.ack(ids)
        counters.acked += len(ids)
        if len(ids) < len(deliveries):
            counters.stale_acks += sum(1 for d in deliveries if d.packet_id) - len(ids)
        self._release(deliveries)
        if counters.paused and self._fill() <= 0.5:
            self._pause(paused=False)

    async def publish(
        self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False
    ) -> None:
        """Publish over this connection or, if it breaks, over the next. Raises TimeoutError."""
        try:
            async with asyncio.timeout(PUBLISH_S):
                while not await self._published(topic, payload, qos, retain=retain):
                    pass
        except TimeoutError:
            raise TimeoutError(f"{topic}: not taken by the broker in {PUBLISH_S:g} s") from None

    async def _published(self, topic: str, payload: bytes, qos: int, *, retain: bool) -> bool:
        await self._up.wait()
        link = self._link
        if link is None:
            return False
        try:
            await link.publish(topic, payload, qos, retain=retain)
        except ConnectionError:
            if self._link is link:
                self._down()
            return False
        return True

    async def _connection(self) -> None:
        """One connection from beginning to end. Raises the ConnectionFailedError that ended it."""
        self._generation += 1
        make = self._link_makers[0]
        link = self._link = make(self._terms, Wire(self._generation, self._deliver, self._clock))
        try:
            self._opened(make, remembered=await link.open())
            await self._tell_online(link)
            await link.lasting()
        except asyncio.CancelledError:
            if self.counters.connected:
                await self._tell_offline(link)
            raise
        finally:
            self._down()
            await link.close()

    def _opened(self, make: MakeLink, *, remembered: bool) -> None:
        self._link_makers = [make]
        counters = self.counters
        counters.connected = True
        counters.connections += 1
        counters.version = getattr(make, "__name__", "")
        now = counters.heard_at = self._clock()
        self._history.opened(now)
        taken = self._history.taken_since(now)
        self._witness.connected(now, remembered=remembered, taken_since=taken)
        settings = self._terms.settings
        log.info(
            "connected to the broker %s:%s (%s)", settings.host, settings.port, counters.version
        )
        if remembered and self._fill() >= 1:
            self._forget()
        self._pause(paused=self._fill() >= 1)
        self._up.set()

    def _ended(self, error: ConnectionFailedError, *, was_open: bool) -> None:
        now = self._clock()
        if not was_open:
            self._witness.not_connected()
        elif error.cause is not Cause.OTHER:
            self.counters.heard_at = now
        self._history.ended(now, error.cause, was_open=was_open)

    def _down(self) -> None:
        self._up.clear()
        self._link = None
        self.counters.connected = False

    async def _tell_online(self, link: Link) -> None:
        try:
            async with asyncio.timeout(PUBLISH_S):
                await link.publish(self._terms.status_topic, ONLINE, 1, retain=True)
        except (ConnectionError, TimeoutError):
            pass  # lasting() reports a lost connection; while reading is paused no answer is read
        except PermissionError as error:
            log.warning("%s", error)

    async def _tell_offline(self, link: Link) -> None:
        """Publish the status offline; after a crash the last will does it."""
        try:
            async with asyncio.timeout(GOODBYE_S):
                await link.publish(self._terms.status_topic, OFFLINE, 0, retain=True)
        except OSError as error:
            log.debug("could not publish our status: %s", error)

    def _deliver(self, batch: list[Delivery]) -> None:
        counters = self.counters
        counters.heard_at = batch[-1].message.received_at if batch else self._clock()
        if not batch:
            return
        self._inbox.extend(batch)
        counters.received += len(batch)
        counters.uncommitted += len(batch)
        counters.uncommitted_bytes += _size(batch)
        if self._fill() >= 1 and not counters.paused:
            self._pause(paused=True)
        self._arrived.set()

    def _fill(self) -> float:
        """The unacknowledged messages as a share of the limit; at 1 reading stops."""
        held = self.counters
        return max(held.uncommitted / self._limit, held.uncommitted_bytes / HELD_BYTES)

    def _release(self, deliveries: Sequence[Delivery]) -> None:
        self.counters.uncommitted -= len(deliveries)
        self.counters.uncommitted_bytes -= _size(deliveries)

    def _pause(self, *, paused: bool) -> None:
        self.counters.paused = paused
        if self._link:
            self._link.pause(paused=paused)

    def _forget(self) -> None:
        """Remove waiting QoS 1 messages of older connections: the broker sends them again.

        Done only when the queue is full, so that repeated reconnects cannot make it grow. Otherwise
        they stay: a broker that lost data in a power cut may not have them any more.
        """
        gone = [d for d in self._inbox if d.packet_id and d.generation != self._generation]
        kept = [d for d in self._inbox if d.generation == self._generation or not d.packet_id]
        self._inbox = deque(kept)
        self.counters.forgotten += len(gone)
        self._release(gone)

    def _change_version(self, retry: Retry) -> bool:
        """Change to the other version of MQTT if that may help; True: try it at once.

        After the first connection the version stays, because the broker keeps our session with it.
        """
        if len(self._link_makers) == 1:
            return False
        is_preferred = self._link_makers[0] is self._preferred
        if is_preferred and retry is not Retry.OTHER_VERSION:
            return False
        self._link_makers.reverse()
        return is_preferred

    def _report(self, error: ConnectionFailedError, *, again: bool) -> None:
        """Log each ended connection, and the reason of failing attempts once, not each time."""
        text = str(error)
        known = again and text == self.counters.error
        self.counters.error = text
        log.log(logging.DEBUG if known else logging.WARNING, "%s", text)


def _size(deliveries: Sequence[Delivery]) -> int:
    return sum([len(delivery.message.payload) for delivery in deliveries])

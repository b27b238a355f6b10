"""A session without a broker: delivers what a test hands in, and keeps what was acknowledged."""

import asyncio

from gateway.domain.model import Message
from gateway.mqtt import Counters, Delivery


class FakeSession:
    """Stands at our own seam, `gateway.mqtt.Session`."""

    def __init__(self) -> None:
        self.counters = Counters(connected=True)
        self.inbox: asyncio.Queue[Delivery] = asyncio.Queue()
        self.acked: list[int] = []
        self.is_awaited = False  # the program has nothing to do before the next message, or a timer
        self._last_id = 0

    async def run(self) -> None:
        """Nothing to connect to."""

    def send(self, *messages: Message) -> None:
        """These arrive now."""
        for one in messages:
            self._last_id += 1
            self.inbox.put_nowait(Delivery(one, self._last_id, 1))
        self.counters.uncommitted += len(messages)

    async def receive(self, limit: int) -> list[Delivery]:
        """As a session does."""
        self.is_awaited = True
        try:
            batch = [await self.inbox.get()]
        finally:
            self.is_awaited = False
        while len(batch) < limit and not self.inbox.empty():
            batch.append(self.inbox.get_nowait())
        return batch

    def ack(self, deliveries: list[Delivery]) -> None:
        """As a session does."""
        self.acked += [delivery.packet_id for delivery in deliveries]
        self.counters.uncommitted -= len(deliveries)

    async def publish(
        self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False
    ) -> None:
        """Nobody listens."""

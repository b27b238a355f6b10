"""The MQTT session: the seam through which everything MQTT reaches the gateway.

Owns what a session must promise, and the choice between its implementations
(`mqtt_five`: own session on the mqtt5 codec, MQTT 5; `mqtt_paho`: paho-mqtt, MQTT 3.1.1 and 5).
Must not decode payloads nor decide when a message may be acknowledged.
"""

from typing import Protocol

from msgspec import Struct

from gateway.model import Message


class Delivery(Struct, frozen=True):
    """A message and what it takes to acknowledge it."""

    message: Message
    packet_id: int  # 0 for QoS 0: nothing to acknowledge
    generation: int  # number of the connection it came by


class Session(Protocol):
    """A persistent subscription that acknowledges only what it is told to."""

    async def run(self) -> None:
        """Connect, subscribe, reconnect with jitter, until cancelled. Publishes the gateway's status."""

    async def receive(self, limit: int) -> list[Delivery]:
        """Wait for the next message, then return all that wait, `limit` at most, in arrival order."""

    def ack(self, deliveries: list[Delivery]) -> None:
        """These are durable: acknowledge them in order; those of an older connection are dropped."""

    async def publish(
        self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False
    ) -> None:
        """Send; returns when the broker has taken it (QoS 1), raises TimeoutError when it does not."""

"""The MQTT session: the seam through which everything MQTT reaches the gateway.

Owns what a session promises. `mqtt_session` holds the promises over any number of connections;
one connection is `mqtt_five` (own, on the mqtt5 codec) or `mqtt_paho` (paho-mqtt, MQTT 3.1.1).
Must not decode payloads nor decide when a message may be acknowledged.
"""

from collections.abc import Iterable
from typing import Protocol

from gateway.clock import Clock, utc_now
from gateway.config import Mqtt
from gateway.mqtt.link import Delivery, Terms
from gateway.mqtt.link_paho import PahoLink
from gateway.mqtt.link_v5 import FiveLink
from gateway.mqtt.session import BrokerSession, Counters, MakeLink
from gateway.mqtt.witness import ConnectionListener, NoConnectionListener

__all__ = ["Counters", "Delivery", "Session", "connect_session"]

_WAYS: dict[str, tuple[MakeLink, ...]] = {
    "5": (FiveLink,),
    "3.1.1": (PahoLink,),
    "auto": (FiveLink, PahoLink),
}


class Session(Protocol):
    """A persistent subscription that acknowledges only what it is told to."""

    @property
    def counters(self) -> Counters:
        """What it has done so far, for /metrics."""

    async def run(self) -> None:
        """Connect, subscribe, reconnect with jitter, until cancelled; publish our own status."""

    async def receive(self, limit: int) -> list[Delivery]:
        """Wait for a message, then return all that wait, `limit` at most, in arrival order."""

    def ack(self, deliveries: list[Delivery]) -> None:
        """These are durable: acknowledge them in order. Drops those of an older connection.

        Every delivery must come here once, QoS 0 and refused ones too: what has not come counts
        against `max_uncommitted`, and beyond that nothing more is read.
        """

    async def publish(
        self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False
    ) -> None:
        """Send; QoS 1 returns when the broker has taken it.

        TimeoutError when it has not in time, PermissionError when it refuses. Never wait for it
        in the task that acknowledges: while reading is stopped, the broker's answer is not read.
        """


def connect_session(
    settings: Mqtt,
    site: str,
    subscriptions: Iterable[tuple[str, int]],
    clock: Clock = utc_now,
    witness: ConnectionListener | None = None,
) -> BrokerSession:
    """The session of gateway `site`, not yet running; `subscriptions` are (topic filter, QoS)."""
    terms = Terms(
        settings=settings,
        client_id=settings.client_id or f"shishigaki-{site}",
        status_topic=f"shishigaki/v1/{site}/gateway/status",
        # At QoS 2 the broker's part of the hand-over is done before the commit.
        subscriptions=tuple((topics, min(qos, 1)) for topics, qos in subscriptions),
    )
    ways = _WAYS[settings.protocol]
    return BrokerSession(terms, ways, clock, witness=witness or NoConnectionListener())

"""The MQTT session: the interface between the broker and the gateway.

Owns what a session guarantees. `session` keeps the guarantees over any number of connections; one
connection is `link_v5` (our own, on the mqtt5 codec) or `link_paho` (paho-mqtt, MQTT 3.1.1). Must not
decode payloads nor decide when a message may be acknowledged.
"""

from collections.abc import Iterable
from typing import Protocol

from gateway.clock import Clock, utc_now
from gateway.config import Mqtt
from gateway.mqtt.link import Delivery, Terms
from gateway.mqtt.link_paho import PahoLink
from gateway.mqtt.link_v5 import FiveLink
from gateway.mqtt.own_topics import loopback, names
from gateway.mqtt.session import BrokerSession, Counters, MakeLink
from gateway.mqtt.witness import ConnectionListener, NoConnectionListener

__all__ = ["Counters", "Delivery", "Session", "connect_session", "session_of"]

_LINKS: dict[str, tuple[MakeLink, ...]] = {
    "5": (FiveLink,),
    "3.1.1": (PahoLink,),
    "auto": (FiveLink, PahoLink),
}


class Session(Protocol):
    """A persistent subscription that acknowledges only on request."""

    @property
    def counters(self) -> Counters:
        """The counters of the session, for /metrics."""

    async def run(self) -> None:
        """Connect, subscribe, reconnect with jitter, until cancelled; publish our own status."""

    async def receive(self, limit: int) -> list[Delivery]:
        """Wait for a message, then return all that wait, `limit` at most, in arrival order."""

    def ack(self, deliveries: list[Delivery]) -> None:
        """Acknowledge committed deliveries in order; those of an older connection are dropped.

        Every delivery must be passed here once, QoS 0 and refused ones too: the others count
        against `max_uncommitted`, and at that number reading stops.
        """

    async def publish(
        self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False
    ) -> None:
        """Publish; with QoS 1 return after the broker's acknowledgement.

        Raises TimeoutError if it does not come in time, PermissionError if the broker refuses. Must
        not be awaited in the task that acknowledges: while reading is stopped, no answer is read.
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
        status_topic=names.status(site),
        # With QoS 2 the broker would delete a message before our commit.
        subscriptions=(
            *((topics, min(qos, 1)) for topics, qos in subscriptions),
            (loopback.topic(site), 1),
        ),
    )
    return session_of(terms, clock, witness)


def session_of(
    terms: Terms, clock: Clock = utc_now, witness: ConnectionListener | None = None
) -> BrokerSession:
    """A session with these terms, not yet running."""
    links = _LINKS[terms.settings.protocol]
    return BrokerSession(terms, links, clock, witness=witness or NoConnectionListener())

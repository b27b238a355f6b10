"""What the gateway's own account may do at the broker: hears itself, and may not write everywhere.

Owns two short messages, not retained, on topics that nothing else reads. Must not use a sensor's topics.
"""

import asyncio
import secrets

import aiomqtt
from msgspec import Struct

from gateway.config import Mqtt
from gateway.domain.errors import UnreachableError
from gateway.mqtt.link import tls_context
from gateway.mqtt.own_topics import names

WITHIN_S = 8.0
FOREIGN = "shishigaki-doctor/forbidden"  # nobody may write here


class BrokerRights(Struct, frozen=True):
    """What the broker let through."""

    hears_itself: bool
    writes_anywhere: bool


class NoRightsError(UnreachableError):
    """The broker ended the connection while its rights were asked."""


async def rights(settings: Mqtt, site: str) -> BrokerRights:
    """Publish where it may and where it may not, and listen to both. Raises NoRightsError."""
    own, mark = names.doctor(site), secrets.token_hex(8).encode()
    heard: set[str] = set()
    try:
        async with connection(settings, settings.username) as client:
            await client.subscribe([(own, 1), (FOREIGN, 1)])
            await client.publish(FOREIGN, mark, qos=1)
            await client.publish(own, mark, qos=1)  # the broker keeps this order
            async with asyncio.timeout(WITHIN_S):
                async for message in client.messages:
                    if message.payload == mark:
                        heard.add(str(message.topic))
                    if own in heard:
                        break
    except TimeoutError:
        pass
    except (aiomqtt.MqttError, OSError) as error:
        raise NoRightsError(str(error)) from None
    return BrokerRights(own in heard, FOREIGN in heard)


async def takes_anybody(settings: Mqtt) -> bool:
    """Whether the broker accepts a connection without name and password."""
    try:
        async with connection(settings, ""):
            return True
    except (aiomqtt.MqttError, OSError):
        return False


def connection(settings: Mqtt, username: str) -> aiomqtt.Client:
    """A connection with an id of its own, not yet open."""
    return aiomqtt.Client(
        settings.host,
        settings.port,
        username=username or None,
        password=(settings.password or None) if username else None,
        identifier=f"shishigaki-doctor-{secrets.token_hex(4)}",
        tls_context=tls_context(settings),
        timeout=WITHIN_S,
    )

"""Publishes one message over a separate connection, for commands beside the running gateway.

Owns the connection: its own client id, no session, no will. Must not disturb the gateway's session.
"""

import os

import aiomqtt

from gateway.config import Mqtt
from gateway.mqtt.link import Publish, tls_context

TIMEOUT_S = 10.0


def publisher(settings: Mqtt) -> Publish:
    """A `Publish` that connects, publishes and disconnects. It raises ConnectionError if refused."""

    async def publish(topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> None:
        try:
            async with aiomqtt.Client(
                settings.host,
                settings.port,
                identifier=f"shishigaki-once-{os.getpid()}",
                username=settings.username or None,
                password=settings.password or None,
                tls_context=tls_context(settings),
                timeout=TIMEOUT_S,
            ) as client:
                await client.publish(topic, payload, qos=qos, retain=retain)
        except aiomqtt.MqttError as error:
            raise ConnectionError(str(error)) from None

    return publish

"""Receives messages beside the running gateway, as a separate client with its own id.

Owns one clean session. It subscribes with QoS 1 only to show the QoS of the sources; losing a message
here does no harm. Must not publish nor touch the gateway's own session.
"""

import asyncio
import secrets
from collections.abc import AsyncGenerator, Callable, Iterable

import aiomqtt

from gateway.clock import Clock, utc_now
from gateway.config import Mqtt
from gateway.domain.model import Message
from gateway.mqtt.link import ConnectionFailedError, tls_context

RETRY_S = 3.0
MAX_WAITING = 1_000  # messages; with more the oldest are dropped


async def follow(
    settings: Mqtt,
    site: str,
    filters: Iterable[str],
    trouble: Callable[[str], None],
    clock: Clock = utc_now,
) -> AsyncGenerator[Message, None]:
    """Every message on `filters` until cancelled. `trouble` gets the problem, or "" when connected."""
    wanted = [(topic, 1) for topic in filters]
    while True:
        try:
            async with _client(settings, site) as client:
                await client.subscribe(wanted)
                trouble("")
                async for message in client.messages:
                    yield Message(
                        message.topic.value,
                        _bytes(message.payload),
                        clock(),
                        message.qos,
                        bool(message.retain),
                    )
        except (aiomqtt.MqttError, ConnectionFailedError, OSError) as error:
            trouble(str(error) or type(error).__name__)
        await asyncio.sleep(RETRY_S)


def _client(settings: Mqtt, site: str) -> aiomqtt.Client:
    return aiomqtt.Client(
        settings.host,
        settings.port,
        username=settings.username or None,
        password=settings.password or None,
        tls_context=tls_context(settings),
        timeout=10.0,
        identifier=f"shishigaki-{site}-watch-{secrets.token_hex(4)}",
        max_queued_incoming_messages=MAX_WAITING,
    )


def _bytes(payload: object) -> bytes:
    return bytes(payload) if isinstance(payload, bytes | bytearray) else b""

"""Reads what the broker retains under some topic filters, as a separate client.

Owns one short connection. It publishes one message to itself to know that everything before has arrived.
Must not decide what the topics mean.
"""

import asyncio
import contextlib
import secrets
from collections.abc import Iterable

import aiomqtt

from gateway.config import Mqtt
from gateway.domain.errors import UnreachableError
from gateway.mqtt.link import ConnectionFailedError, tls_context
from gateway.mqtt.own_topics import names

CONNECT_S = 10.0
QUIET_S = 1.0  # without a message: a broker that does not send our own one back has no more
LONGEST_S = 20.0
MAX_TOPICS = 50_000
MAX_BYTES = 16_000_000  # their payloads; what is beyond both is not compared


class NotReadableError(UnreachableError):
    """The broker could not be asked."""


async def read_retained(settings: Mqtt, site: str, filters: Iterable[str]) -> dict[str, bytes]:
    """Topic -> retained payload. Raises NotReadableError."""
    token = secrets.token_hex(4)
    end = f"{names.of_site(site)}gateway/end-{token}"
    found: dict[str, bytes] = {}
    try:
        async with (
            asyncio.timeout(LONGEST_S),
            aiomqtt.Client(
                settings.host,
                settings.port,
                identifier=f"shishigaki-{site}-retained-{token}",
                username=settings.username or None,
                password=settings.password or None,
                tls_context=tls_context(settings),
                timeout=CONNECT_S,
                max_queued_incoming_messages=MAX_TOPICS,
            ) as client,
        ):
            await client.subscribe([(topic, 1) for topic in (end, *filters)])
            with contextlib.suppress(aiomqtt.MqttError):  # it may not be allowed
                await client.publish(end, b"end", qos=1)
            await _collect(client, end, found)
    except (aiomqtt.MqttError, ConnectionFailedError, OSError, TimeoutError) as error:
        raise NotReadableError(str(error) or "no end within the time") from None
    return found


async def _collect(client: aiomqtt.Client, end: str, found: dict[str, bytes]) -> None:
    messages, size = aiter(client.messages), 0
    with contextlib.suppress(TimeoutError, StopAsyncIteration):
        while len(found) < MAX_TOPICS and size < MAX_BYTES:
            async with asyncio.timeout(QUIET_S):
                message = await anext(messages)
            if message.topic.value == end:
                return
            if message.retain and isinstance(message.payload, bytes):
                found[message.topic.value] = message.payload
                size += len(message.payload)

"""Plays a recording to a broker, with its timing.

Owns one connection of its own. Must not read files nor change messages. A broker that is lost ends it: what
was played is no longer what was recorded.
"""

import asyncio
import secrets
from collections.abc import Callable, Iterable

import aiomqtt

from gateway.config import Mqtt
from gateway.domain.errors import UnreachableError
from gateway.mqtt.link import tls_context
from gateway.mqtt.traffic.recording import RecordedMessage

TIMEOUT_S = 10.0


class PlayingError(UnreachableError):
    """The broker does not take the recording."""


async def play(
    settings: Mqtt,
    messages: Iterable[RecordedMessage],
    speed: float,
    played: Callable[[RecordedMessage], None],
) -> None:
    """Publish each message at its time, `speed` times as fast; 0: without pauses. Raises PlayingError."""
    loop = asyncio.get_running_loop()
    try:
        async with _client(settings) as client:
            begun = loop.time()
            for one in messages:
                if speed > 0:
                    await asyncio.sleep(max(0.0, begun + one.at_s / speed - loop.time()))
                await client.publish(one.topic, one.payload, qos=one.qos, retain=one.retain)
                played(one)
    except (aiomqtt.MqttError, OSError) as error:
        raise PlayingError(
            f"{settings.host}:{settings.port}: {error}; ブローカーの宛先と権限を確認 / "
            "check the broker's address and what this account may publish"
        ) from None


def _client(settings: Mqtt) -> aiomqtt.Client:
    return aiomqtt.Client(
        settings.host,
        settings.port,
        username=settings.username or None,
        password=settings.password or None,
        tls_context=tls_context(settings),
        timeout=TIMEOUT_S,
        identifier=f"shishigaki-replay-{secrets.token_hex(4)}",
    )

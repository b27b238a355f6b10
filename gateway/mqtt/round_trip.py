"""Asks the running gateway through the broker, and waits for its answer after the commit.

Owns one short connection with its own id and the gateway's account. Must not take over the gateway's session.
"""

import asyncio
import secrets
import time

import aiomqtt

from gateway.config import Mqtt
from gateway.mqtt.link import ConnectionFailedError, tls_context
from gateway.mqtt.own_topics import loopback

ANSWER_S = 10.0


async def round_trip(settings: Mqtt, site: str, within_s: float = ANSWER_S) -> float:
    """Seconds from the question to the answer. Raises TimeoutError or ConnectionError with the reason."""
    id_ = secrets.token_hex(8)
    try:
        async with (
            asyncio.timeout(within_s),
            aiomqtt.Client(
                settings.host,
                settings.port,
                username=settings.username or None,
                password=settings.password or None,
                identifier=f"shishigaki-loop-{id_}",
                tls_context=tls_context(settings),
                timeout=within_s,
            ) as client,
        ):
            await client.subscribe(loopback.answer_topic(site), qos=1)
            asked_s = time.monotonic()
            await client.publish(loopback.topic(site), loopback.question(id_), qos=1)
            async for message in client.messages:
                if loopback.is_answer(message.payload, id_):
                    return time.monotonic() - asked_s
    except TimeoutError:
        raise TimeoutError(
            f"ブローカー経由の問いに {within_s:g} 秒以内の返事がありません / "
            f"the gateway did not answer through the broker within {within_s:g} s"
        ) from None
    except (aiomqtt.MqttError, ConnectionFailedError, OSError) as error:
        raise ConnectionError(str(error) or type(error).__name__) from None
    raise ConnectionError("the connection ended")

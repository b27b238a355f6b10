"""What the broker says of itself ($SYS): above all, how many messages it had to drop.

Owns the topics and the numbers. aiomqtt is right here: losing one of these does no harm.
"""

import asyncio
import logging
from collections.abc import Callable

import aiomqtt

from gateway.config import Mqtt
from gateway.mqtt.link import Trouble, tls_context

log = logging.getLogger(__name__)
AGAIN_S = 60.0
TOPICS = {  # topic -> name of the number; mosquitto's and amqtt's
    "$SYS/broker/publish/messages/dropped": "dropped",
    "$SYS/broker/messages/publish/dropped": "dropped",
    "$SYS/broker/store/messages/count": "stored",
    "$SYS/broker/messages/stored": "stored",
    "$SYS/broker/clients/connected": "clients",
}


async def follow_broker(settings: Mqtt, site: str, tell: Callable[[str, float], None]) -> None:
    """Hand on each number as it comes, until cancelled; a broker that says nothing is no fault."""
    while True:
        try:
            async with _client(settings, site) as client:
                await client.subscribe([(topic, 0) for topic in TOPICS])
                _heed_stop()
                async for message in client.messages:
                    _read(message, tell)
        except (aiomqtt.MqttError, Trouble, OSError) as error:
            log.debug("no $SYS: %s", error)
        await asyncio.sleep(AGAIN_S)


def _heed_stop() -> None:
    """Python 3.11's wait_for, on which aiomqtt connects and subscribes, may swallow a cancellation."""
    task = asyncio.current_task()
    if task and task.cancelling():
        raise asyncio.CancelledError


def _client(settings: Mqtt, site: str) -> aiomqtt.Client:
    return aiomqtt.Client(
        settings.host, settings.port, username=settings.username or None,
        password=settings.password or None, identifier=f"shishigaki-{site}-sys",
        tls_context=tls_context(settings), timeout=10.0,
    )  # fmt: skip


def _read(message: aiomqtt.Message, tell: Callable[[str, float], None]) -> None:
    try:
        tell(TOPICS[message.topic.value], float(bytes(message.payload)))
    except (KeyError, ValueError, TypeError):
        log.debug("not a number: %s", message.topic)

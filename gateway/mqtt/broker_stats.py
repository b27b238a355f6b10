"""What the broker says of itself ($SYS): how many messages it had to drop, who connects, its log.

Owns the topics and the numbers. aiomqtt is right here: losing one of these does no harm.
"""

import asyncio
import logging
import math
from collections.abc import Callable

import aiomqtt

from gateway.config import Mqtt
from gateway.mqtt.link import ConnectionFailedError, tls_context

log = logging.getLogger(__name__)
AGAIN_S = 15.0
LINE = 1_000  # characters of a line of the log
WAITING = 1_000  # messages; beyond them the oldest are dropped
LOG = "$SYS/broker/log"  # errors and notices, where the broker has `log_dest topic`
TOPICS = {  # topic -> name of the number; mosquitto's and amqtt's. The first is answered first.
    "$SYS/broker/uptime": "uptime_s",
    "$SYS/broker/publish/messages/dropped": "dropped",
    "$SYS/broker/messages/publish/dropped": "dropped",
    "$SYS/broker/store/messages/count": "stored",
    "$SYS/broker/messages/stored": "stored",
    "$SYS/broker/clients/connected": "clients",
}


def ignore(_line: str) -> None:
    """For those whom the broker's log does not concern."""


async def follow_broker(
    settings: Mqtt,
    site: str,
    tell: Callable[[str, float], None],
    hear: Callable[[str], None] = ignore,
) -> None:
    """Hand on each number and each line of the log as it comes, until cancelled.

    `hear` gets an empty line when the log is heard from now on. A broker that says nothing is no fault.
    """
    while True:
        try:
            async with _client(settings, site) as client:
                await client.subscribe([(topic, 0) for topic in (*TOPICS, f"{LOG}/E", f"{LOG}/N")])
                _heed_stop()
                hear("")
                async for message in client.messages:
                    _read(message, tell, hear)
        except (aiomqtt.MqttError, ConnectionFailedError, OSError) as error:
            log.debug("no $SYS: %s", error)
        await asyncio.sleep(AGAIN_S)


def _heed_stop() -> None:
    """Python 3.11's wait_for, on which aiomqtt connects and subscribes, may swallow a cancellation."""
    task = asyncio.current_task()
    if task and task.cancelling():
        raise asyncio.CancelledError


def _client(settings: Mqtt, site: str) -> aiomqtt.Client:
    return aiomqtt.Client(
        settings.host,
        settings.port,
        username=settings.username or None,
        password=settings.password or None,
        identifier=f"shishigaki-{site}-sys",
        tls_context=tls_context(settings),
        timeout=10.0,
        max_queued_incoming_messages=WAITING,
    )


def _read(
    message: aiomqtt.Message, tell: Callable[[str, float], None], hear: Callable[[str], None]
) -> None:
    topic, payload = message.topic.value, message.payload
    if not isinstance(payload, bytes | bytearray):
        return
    text = bytes(payload).decode("utf-8", "replace")
    if topic.startswith(LOG):
        hear(text[:LINE])
        return
    try:
        value = float(text.split()[0])  # "123 seconds"
        if math.isfinite(value):
            tell(TOPICS[topic], value)
    except (KeyError, ValueError, IndexError):
        log.debug("not a number: %s", topic)

"""Reads the broker's $SYS topics: dropped messages, connected clients, its log.

Owns the topics and the numbers. Uses aiomqtt, because losing one of these messages does no harm.
"""

import asyncio
import logging
import math
from collections.abc import Callable

import aiomqtt

from gateway.config import Mqtt
from gateway.mqtt.link import ConnectionFailedError, tls_context

log = logging.getLogger(__name__)
RETRY_S = 15.0
MAX_LINE = 1_000  # characters of a log line
MAX_WAITING = 1_000  # messages; with more the oldest are dropped
LOG = "$SYS/broker/log"  # errors and notices, if the broker has `log_dest topic`
TOPICS = {  # topic -> name of the number; mosquitto's and amqtt's. The first is answered first.
    "$SYS/broker/uptime": "uptime_s",
    "$SYS/broker/publish/messages/dropped": "dropped",
    "$SYS/broker/messages/publish/dropped": "dropped",
    "$SYS/broker/store/messages/count": "stored",
    "$SYS/broker/messages/stored": "stored",
    "$SYS/broker/clients/connected": "clients",
}


def ignore(_line: str) -> None:
    """The default reader of log lines: does nothing."""


async def follow_broker(
    settings: Mqtt,
    site: str,
    on_number: Callable[[str, float], None],
    on_log_line: Callable[[str], None] = ignore,
) -> None:
    """Pass on each number and each log line as it arrives, until cancelled.

    `hear` gets "" when log lines begin to arrive. A broker without $SYS topics is no fault.
    """
    while True:
        try:
            async with _client(settings, site) as client:
                await client.subscribe([(topic, 0) for topic in (*TOPICS, f"{LOG}/E", f"{LOG}/N")])
                _check_cancelled()
                on_log_line("")
                async for message in client.messages:
                    _read(message, on_number, on_log_line)
        except (aiomqtt.MqttError, ConnectionFailedError, OSError) as error:
            log.debug("no $SYS: %s", error)
        await asyncio.sleep(RETRY_S)


def _check_cancelled() -> None:
    """Raise CancelledError if aiomqtt swallowed it: it uses wait_for of Python 3.11, which may do so."""
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
        max_queued_incoming_messages=MAX_WAITING,
    )


def _read(
    message: aiomqtt.Message,
    on_number: Callable[[str, float], None],
    on_log_line: Callable[[str], None],
) -> None:
    topic, payload = message.topic.value, message.payload
    if not isinstance(payload, bytes | bytearray):
        return
    text = bytes(payload).decode("utf-8", "replace")
    if topic.startswith(LOG):
        on_log_line(text[:MAX_LINE])
        return
    try:
        value = float(text.split()[0])  # "123 seconds"
        if math.isfinite(value):
            on_number(TOPICS[topic], value)
    except (KeyError, ValueError, IndexError):
        log.debug("not a number: %s", topic)

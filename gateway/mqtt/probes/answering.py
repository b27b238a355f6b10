"""Tests the broker with a separate client id: does it answer, may we subscribe?

Owns one short connection. Must not receive or publish anything, nor take over another session.
"""

import asyncio
import secrets

import aiomqtt

from gateway.config import Mqtt
from gateway.mqtt.link import tls_context

PROBE_S = 10.0


async def probe(settings: Mqtt, filters: list[str]) -> str:
    """What is wrong; "" if the broker accepts the connection and the topic filters."""
    try:
        async with (
            asyncio.timeout(PROBE_S),
            aiomqtt.Client(
                settings.host,
                settings.port,
                username=settings.username or None,
                password=settings.password or None,
                identifier=f"shishigaki-doctor-{secrets.token_hex(4)}",
                tls_context=tls_context(settings),
                timeout=PROBE_S,
            ) as client,
        ):
            for wanted in filters:
                await client.subscribe(wanted, qos=1)
    except (aiomqtt.MqttError, OSError, TimeoutError) as error:
        return str(error) or f"no answer within {PROBE_S:g} s"
    return ""

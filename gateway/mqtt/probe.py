"""A look at the broker as a stranger: does it answer, may we subscribe? Steals nobody's session.

Owns one short connection under a client id of its own. Must not receive or publish anything.
"""

import asyncio
import secrets

import aiomqtt

from gateway.config import Mqtt
from gateway.mqtt.link import tls_context

PROBE_S = 10.0


async def probe(settings: Mqtt, filters: list[str]) -> str:
    """ "" when the broker takes us and our topic filters, else what is wrong."""
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

"""Speaks once as a device does, with its own account: an event, and the wait for its confirm.

Owns one short connection with the device's certificate, name and topics. Must not use the gateway's account.
"""

import asyncio
import secrets
import socket
import ssl
import time
from typing import Any

import aiomqtt
import msgspec
from msgspec import Struct

from gateway.dialects.native_protocol import encode_confirm
from gateway.domain.errors import UnreachableError

WITHIN_S = 20.0


class DeviceAccess(Struct, frozen=True):
    """How a device reaches the broker, as `shishigaki devices enrol` writes it."""

    host: str
    port: int
    username: str
    password: str
    tls: bool = True
    ca: str = ""  # PEM text


class NotConfirmedError(UnreachableError):
    """The broker refused the device, or the gateway did not confirm its event."""


async def speak(access: DeviceAccess, site: str, kind: str) -> float:
    """Publish an event of this kind; seconds until its confirm. Raises NotConfirmedError."""
    id_, began_s = f"try-{secrets.token_hex(6)}", time.monotonic()
    device = access.username
    try:
        async with asyncio.timeout(WITHIN_S), _connection(access) as client:
            await client.subscribe(f"shishigaki/v1/{site}/{device}/confirm", qos=1)
            event = {"v": 1, "id": id_, "kind": kind}
            topic = f"wildlife/v1/{site}/{device}/event"
            await client.publish(topic, msgspec.json.encode(event), qos=1)
            async for message in client.messages:
                if message.payload == encode_confirm([id_]):
                    break
    except TimeoutError:
        raise NotConfirmedError(
            f"{device}: {WITHIN_S:g} 秒待っても返事がありません。台帳にありますか / no confirm within "
            f"{WITHIN_S:g} s: is it in the registry? shishigaki devices list"
        ) from None
    except (aiomqtt.MqttError, OSError) as error:
        raise NotConfirmedError(f"{device}: {access.host}:{access.port}: {error}") from None
    return time.monotonic() - began_s


def _reachable(host: str) -> str:
    """The host; this machine where its name is unknown, as a gateway's own `.local` name may be."""
    try:
        socket.getaddrinfo(host, None)
    except OSError:
        return "127.0.0.1"
    return host


def _connection(access: DeviceAccess) -> aiomqtt.Client:
    context: Any = ssl.create_default_context(cadata=access.ca or None) if access.tls else None
    return aiomqtt.Client(
        _reachable(access.host),
        access.port,
        username=access.username,
        password=access.password,
        identifier=access.username,
        tls_context=context,
        timeout=WITHIN_S,
    )

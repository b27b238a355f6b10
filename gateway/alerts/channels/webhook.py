"""Webhooks for other programs, signed as Standard Webhooks 1.0 prescribe.

URL: ``webhook:SECRET@https://HOST/PATH``; SECRET is ``whsec_`` and base64 of 24 to 64 bytes, two of them
with a comma between while one replaces the other.
Owns one request: its body, its three headers and the signature. Every attempt at one delivery carries the
same ``webhook-id``, so that a receiver counts it once. No coordinates, no one-tap link: logs keep bodies.
"""

import base64
import binascii
import hmac
import re
import uuid
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import msgspec

from gateway.alerts.channels import ChannelOptions, Notification, Send, UndeliveredError
from gateway.alerts.channels.http_status import judge
from gateway.clock import utc_now
from gateway.domain.model import Alert

REPLAY_S = 300  # a receiver refuses what was signed longer ago, or is from the future
IDS = uuid.UUID("0d5f6c0e-7d0f-4a63-8a3c-52c1b6a7f0d4")  # our own namespace of webhook ids
SECRET_BYTES = range(24, 65)
MOST_SECRETS = 2
MOST_ANSWER = 65_536

_URL = re.compile(r"webhook:(?P<secrets>[^@\s]+)@(?P<target>https?://[^\s@#]+)\Z")


def open_webhook(url: str, options: ChannelOptions) -> Send:
    """ValueError when the URL is not ``webhook:SECRET@https://HOST/PATH``."""
    match = _URL.match(url)
    if match is None:
        raise ValueError("needs webhook:SECRET@https://HOST/PATH")
    secrets = [secret_of(one) for one in match["secrets"].split(",")]
    if len(secrets) > MOST_SECRETS:
        raise ValueError(f"at most {MOST_SECRETS} secrets")
    target = match["target"]
    _check_target(target)
    import aiohttp  # on first use: a board without webhooks does not pay for it

    limit = aiohttp.ClientTimeout(total=options.timeout_s)

    async def send(letter: Notification) -> str:
        body = msgspec.json.encode(message(letter, options.site))
        headers = headers_of(secrets, letter.key, utc_now(), body)
        try:
            async with (
                aiohttp.ClientSession(timeout=limit) as session,
                session.post(target, data=body, headers=headers, allow_redirects=False) as answer,
            ):
                content = await answer.content.read(MOST_ANSWER)
                judge(answer.status, answer.headers, content, utc_now())
        except TimeoutError:
            raise UndeliveredError(f"no answer within {options.timeout_s:g} s") from None
        except (aiohttp.ClientError, ValueError) as error:  # ValueError: a host that is no name
            raise UndeliveredError(f"not reached: {type(error).__name__}") from None
        return f"accepted {answer.status}"

    return send


def message(letter: Notification, site: str) -> dict[str, Any]:
    """The body: what happened at which alerts."""
    return {
        "v": 1,
        "type": "alert.over" if letter.over else "alert.told",
        "site": site,
        "title": letter.title,
        "text": letter.text,
        "urgent": letter.urgent,
        "alerts": [_alert(one) for one in letter.alerts],
    }


def headers_of(secrets: Sequence[bytes], key: str, now: datetime, body: bytes) -> dict[str, str]:
    """Id, time and signatures of one attempt; `key` is equal for every attempt."""
    id_, at_s = str(uuid.uuid5(IDS, key)), int(now.timestamp())
    return {
        "Content-Type": "application/json",
        "User-Agent": "shishigaki",
        "webhook-id": id_,
        "webhook-timestamp": str(at_s),
        "webhook-signature": " ".join(sign(secret, id_, at_s, body) for secret in secrets),
    }


def sign(secret: bytes, id_: str, at_s: int, body: bytes) -> str:
    """HMAC-SHA256 over ``id.timestamp.body``, as ``v1,BASE64``."""
    signed = f"{id_}.{at_s}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(secret, signed, sha256)).decode()


def secret_of(text: str) -> bytes:
    """The bytes of ``whsec_BASE64``; ValueError does not show it."""
    try:
        secret = base64.b64decode(text.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        secret = b""
    if not text.startswith("whsec_") or len(secret) not in SECRET_BYTES:
        raise ValueError("the secret must be whsec_ and base64 of 24 to 64 bytes")
    return secret


def _alert(alert: Alert) -> dict[str, Any]:
    return {
        "id": alert.id,
        "rule": alert.rule,
        "level": alert.level,
        "status": alert.status,
        "subject": alert.subject,
        "observed_at": alert.observed_at,
        "opened_at": alert.opened_at,
    }


def _check_target(target: str) -> None:
    """Without TLS only on this machine or the local network: the body says where a capture is."""
    parts = urlsplit(target)
    host = parts.hostname
    if not host or (parts.port == 0):
        raise ValueError("the address names no host")
    if parts.scheme == "http" and not _is_near(host):
        raise ValueError("http: only to this machine or a private address; use https:")


def _is_near(host: str) -> bool:
    try:
        return ip_address(host).is_private
    except ValueError:
        return host == "localhost" or host.endswith(".local")

"""A browser that wants push messages, as a value. PURE.

Owns what may be one: which addresses and keys. An address is a secret: whoever has it may try to send to
that browser. Must not send anything.
"""

import base64
import binascii
import re
from collections.abc import Sequence
from datetime import datetime
from fnmatch import fnmatchcase
from hashlib import sha256
from urllib.parse import urlsplit

from msgspec import Struct

from gateway.domain.errors import BadInputError

MOST_EACH = 10  # browsers of one person; a new one takes the place of the oldest
LONGEST_ENDPOINT = 1_000
POINT_BYTES, AUTH_BYTES = 65, 16
_BASE64URL = re.compile(r"[A-Za-z0-9_-]+={0,2}\Z")


class PushError(BadInputError):
    """A subscription that cannot be used; the text says why."""


class PushSubscription(Struct, frozen=True):
    """One browser of one person. It ends with the session in which it was made."""

    person: str
    session: str
    endpoint: str
    p256dh: str  # the browser's public key, base64url
    auth: str  # its secret, base64url
    created: datetime

    @property
    def id(self) -> str:
        """A name of it that is no secret."""
        return sha256(self.endpoint.encode()).hexdigest()

    def __repr__(self) -> str:
        return f"PushSubscription({self.person}, {self.id[:8]})"


def check(one: PushSubscription, services: Sequence[str]) -> None:
    """Raise PushError unless messages can be sent to it. `services`: hosts that are push services."""
    try:
        parts = urlsplit(one.endpoint)
        port = parts.port
    except ValueError:
        raise PushError("endpoint: no address") from None
    host = (parts.hostname or "").lower()
    if len(one.endpoint) > LONGEST_ENDPOINT or not parts.path.strip("/") or "@" in parts.netloc:
        raise PushError("endpoint: no address of a push service")
    named = host if port is None else f"{host}:{port}"
    if not any(fnmatchcase(named, pattern.lower()) for pattern in services):
        raise PushError(f"endpoint: {named[:60]} is not among alerts.push_services")
    if parts.scheme != "https" and host != "127.0.0.1":
        raise PushError("endpoint: needs https")
    if len(decoded(one.p256dh)) != POINT_BYTES or decoded(one.p256dh)[:1] != b"\x04":
        raise PushError("p256dh: needs an uncompressed point of P-256")
    if len(decoded(one.auth)) != AUTH_BYTES:
        raise PushError(f"auth: needs {AUTH_BYTES} bytes")


def decoded(text: str) -> bytes:
    """The bytes of base64url; empty if it is none."""
    if not _BASE64URL.match(text):
        return b""
    try:
        return base64.urlsafe_b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4))
    except (binascii.Error, ValueError):
        return b""

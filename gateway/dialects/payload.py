"""Bytes to plain values, within bounds: what every dialect does first.

Owns the size limit, the refusal of broken JSON, the making of identities and the sanity of figures.
"""

import math
import re
from datetime import datetime
from hashlib import blake2b
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from gateway.dialects.native_protocol import MAX_BYTES
from gateway.domain.model import Message, Reason, Refused

T = TypeVar("T")
Counter = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Name = Annotated[str, Meta(max_length=128)]  # what a source calls something; longer is no name

_BROKEN = (msgspec.MsgspecError, ValueError, RecursionError)
_LEADING_NUMBER = re.compile(r"\s*([+-]?\d{1,12}(?:\.\d{1,12})?)")
_anything = msgspec.json.Decoder()


def bounded(payload: bytes) -> bytes:
    """The payload, unless it is larger than any sensor's."""
    if len(payload) > MAX_BYTES:
        raise Refused(Reason.TOO_LARGE, f"{len(payload)} bytes; at most {MAX_BYTES}")
    return payload


def parse(decoder: msgspec.json.Decoder[T], payload: bytes) -> T:
    """Decode JSON into the decoder's type; Refused says what is wrong and where."""
    try:
        return decoder.decode(bounded(payload))
    except _BROKEN as error:
        raise Refused(Reason.MALFORMED, str(error)[:200]) from None


def parse_any(payload: bytes) -> Any:
    """Decode JSON into plain Python values."""
    return parse(_anything, payload)


def parse_object(payload: bytes) -> dict[str, Any]:
    """Decode JSON that must be an object."""
    value = parse_any(payload)
    if not isinstance(value, dict):
        raise Refused(Reason.MALFORMED, f"a JSON object is expected, not {type(value).__name__}")
    return value


def word(payload: bytes) -> str:
    """A payload that is one bare word (``online``), also when it was stored as a JSON string."""
    try:
        return bounded(payload).decode().strip().strip('"').strip()
    except UnicodeDecodeError:
        raise Refused(Reason.MALFORMED, "not UTF-8 text") from None


def shown(value: object, length: int = 40) -> str:
    """A value as a person may see it; the kind of anything nested (which could be endlessly deep)."""
    return type(value).__name__ if isinstance(value, dict | list) else str(value)[:length]


def identity(message: Message, time: datetime | str | None = None) -> str:
    """An id for a message that carries none: of what it says and when (the source's time, else ours)."""
    digest = blake2b(message.topic.encode("utf-8", "surrogatepass"), digest_size=12)
    digest.update(b"\0%b\0" % message.payload)
    digest.update(str(time or message.received_at.isoformat()).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def content(*parts: object) -> str:
    """A short hash of what a frame holds: with its counter it tells copies from later frames."""
    try:
        body = msgspec.json.encode(parts)
    except (msgspec.MsgspecError, ValueError, TypeError, RecursionError):
        body = b""  # absurdly deep: the counter alone must do
    return blake2b(body, digest_size=6).hexdigest()


def number(value: object) -> float | None:
    """A finite number, also as text with a remark (``"2.3(low battery)"``); else None."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value) if value.bit_length() <= 64 else None
    if isinstance(value, str):
        found = _LEADING_NUMBER.match(value)
        return float(found[1]) if found else None
    return None


def within(value: object, low: float, high: float) -> float | None:
    """The number if it lies in low..high, else None."""
    figure = number(value)
    return figure if figure is not None and low <= figure <= high else None


def rssi_dbm(value: object) -> float | None:
    """A believable signal strength, dBm."""
    return within(value, -200, 30)


def snr_db(value: object) -> float | None:
    """A believable signal-to-noise ratio, dB."""
    return within(value, -60, 60)


def volts(value: object) -> float | None:
    """A believable battery voltage, V (0 is a missing measurement)."""
    figure = within(value, 0, 60)
    return figure or None


def place(lat: object, lon: object) -> dict[str, Any]:
    """``lat`` and ``lon`` in degrees if both are possible and not the 0, 0 of a missing fix."""
    north, east = within(lat, -90, 90), within(lon, -180, 180)
    if north is None or east is None or (north == 0 and east == 0):
        return {}
    return {"lat": north, "lon": east}

"""Bytes to plain values, within bounds: what every dialect does first.

Owns the refusal of broken JSON and the making of identities. What a payload may cost is decided in `bounds`,
which figures are possible in `figures`; `side_fields` leaves out impossible side fields.
"""

import re
from datetime import datetime
from hashlib import blake2b
from typing import Any, TypeVar

import msgspec

from gateway.dialects.payloads import bounds
from gateway.dialects.payloads.remedies import Remedy
from gateway.dialects.payloads.side_fields import describe, mended
from gateway.domain.model import Message, MessageRefusedError, RefusalReason

T = TypeVar("T")

_BROKEN = (msgspec.MsgspecError, ValueError, RecursionError)
_AT_BYTE = re.compile(r"\(byte (\d+)\)")
_anything = msgspec.json.Decoder()


def bounded(payload: bytes) -> bytes:
    """The payload, unless it costs more than any sensor's, or empty, which only clears a topic."""
    bounds.bounded(payload)
    if not payload or payload.isspace():
        raise MessageRefusedError(RefusalReason.IRRELEVANT, str(Remedy.CLEARED))
    return payload


def parse(
    decoder: msgspec.json.Decoder[T],
    payload: bytes,
    remedy: Remedy = Remedy.NO_REMEDY,
    core: tuple[str, ...] = (),
) -> T:
    """Decode JSON into the decoder's Struct. Impossible side fields are left out.

    Raises MessageRefusedError that says what is wrong.

    `core`: fields with a default that the message cannot do without; `remedy`: what to do if it is no JSON.
    """
    try:
        return decoder.decode(bounded(payload))
    except msgspec.ValidationError:
        return _mend(decoder, payload, remedy, core)
    except _BROKEN as error:
        raise not_json(error, remedy) from None


def _mend(
    decoder: msgspec.json.Decoder[T], payload: bytes, remedy: Remedy, core: tuple[str, ...]
) -> T:
    found: T = mended(decoder.type, parse_any(payload, remedy), core)
    return found


def not_json(error: Exception, remedy: Remedy) -> MessageRefusedError:
    """The refusal of a payload that is no JSON: where it breaks, and what to do."""
    at = _AT_BYTE.search(str(error))
    where = (
        f"{int(at[1]) + 1} 文字目 / character {int(at[1]) + 1}"
        if at
        else "途中で切れています / cut off"
    )
    return MessageRefusedError(
        RefusalReason.MALFORMED, f"JSON ではありません / not JSON ({where}): {remedy}"
    )


def parse_any(payload: bytes, remedy: Remedy = Remedy.NO_REMEDY) -> Any:
    """Decode JSON into plain Python values."""
    try:
        return _anything.decode(bounded(payload))
    except _BROKEN as error:
        raise not_json(error, remedy) from None


def parse_object(payload: bytes, remedy: Remedy = Remedy.NO_REMEDY) -> dict[str, Any]:
    """Decode JSON that must be an object."""
    value = parse_any(payload, remedy)
    if not isinstance(value, dict):
        raise MessageRefusedError(
            RefusalReason.MALFORMED,
            f"{describe(value)}: JSON の {{...}} が必要です / a JSON object {{...}} is expected: {remedy}",
        )
    return value


def word(payload: bytes) -> str:
    """A payload that is one word (``online``), also if it is a JSON string."""
    try:
        return bounded(payload).decode().strip().strip('"').strip()
    except UnicodeDecodeError:
        raise MessageRefusedError(
            RefusalReason.MALFORMED, "文字として読めません / not UTF-8 text"
        ) from None


def shown(value: object, length: int = 40) -> str:
    """A value as text for a person; of a nested value only its kind, as it may be of any depth."""
    return type(value).__name__ if isinstance(value, dict | list) else str(value)[:length]


def identity(message: Message, time: datetime | str | None = None) -> str:
    """An id for a message without one, made from its content and time (the source's time, else ours)."""
    digest = blake2b(message.topic.encode("utf-8", "surrogatepass"), digest_size=12)
    digest.update(b"\0%b\0" % message.payload)
    digest.update(str(time or message.received_at.isoformat()).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def content(*parts: object) -> str:
    """A short hash of a frame's content: with its counter it distinguishes copies from later frames."""
    try:
        body = msgspec.json.encode(parts)
    except (msgspec.MsgspecError, ValueError, TypeError, RecursionError):
        body = b""  # nested too deep to encode: the counter alone is used
    return blake2b(body, digest_size=6).hexdigest()

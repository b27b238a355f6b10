"""The file of a recording: one JSON object a line, a head and then messages with the seconds since the first.

Owns the format. Must not talk MQTT. A payload that is UTF-8 stands as text, any other as base64, so that a
recording can be read, searched and cut by a person.
"""

from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from gateway.domain.errors import BadInputError
from gateway.domain.model import Message

VERSION = 1


class RecordingError(BadInputError):
    """A line of a recording cannot be used; the text names it."""


class RecordingHead(Struct, frozen=True):
    """The first line."""

    shishigaki_recording: int
    begun: datetime
    filters: list[str]


class RecordedMessage(Struct, frozen=True, omit_defaults=True):
    """One message; `at_s` counts from the first one."""

    at_s: float
    topic: str
    text: str | None = None
    base64: str | None = None
    qos: int = 0
    retain: bool = False

    @property
    def payload(self) -> bytes:
        """The bytes as they came."""
        return (self.text or "").encode() if self.base64 is None else b64decode(self.base64)


def head(begun: datetime, filters: Iterable[str]) -> bytes:
    """The first line of a recording."""
    return msgspec.json.encode(RecordingHead(VERSION, begun, list(filters))) + b"\n"


def line(message: Message, begun: datetime) -> bytes:
    """The line of a message."""
    body: dict[str, Any] = {}
    try:
        body["text"] = message.payload.decode()
    except UnicodeDecodeError:
        body["base64"] = b64encode(message.payload).decode()
    at_s = round((message.received_at - begun).total_seconds(), 3)
    one = RecordedMessage(at_s, message.topic, qos=message.qos, retain=message.retain, **body)
    return msgspec.json.encode(one) + b"\n"


def read(lines: Iterable[bytes]) -> Iterator[RecordedMessage]:
    """The messages of a recording. Raises RecordingError, naming the line."""
    decoder, number = msgspec.json.Decoder(RecordedMessage), 0
    for number, text in enumerate(lines, start=1):
        try:
            if number == 1:
                _check(msgspec.json.decode(text, type=RecordingHead))
            else:
                yield _checked(decoder.decode(text))
        except (msgspec.DecodeError, ValueError) as error:
            raise RecordingError(
                f"{number} 行目: {error}; `shishigaki record` のファイルを / "
                f"line {number}: give a file that `shishigaki record` wrote"
            ) from None
    if number == 0:
        raise RecordingError("空です / it is empty: give a file that `shishigaki record` wrote")


def _checked(one: RecordedMessage) -> RecordedMessage:
    if one.qos not in {0, 1, 2}:
        raise ValueError(f"qos {one.qos}, allowed: 0, 1, 2")
    if not one.topic or set("+#\0") & set(one.topic):
        raise ValueError(f"topic {one.topic!r}, allowed: a topic without + and #")
    if one.base64 is not None:
        b64decode(one.base64, validate=True)
    return one


def _check(found: RecordingHead) -> None:
    if found.shishigaki_recording != VERSION:
        raise ValueError(f"version {found.shishigaki_recording}, this program reads {VERSION}")

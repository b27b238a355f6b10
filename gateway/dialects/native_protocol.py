"""The native protocol, version 1: its topics and its payload, both ways.

Owns names, ranges and encodings (design: "Native protocol"). Pure; knows neither MQTT nor the registry.
Devices write only under ``wildlife/``, the gateway only under ``shishigaki/``.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct

from gateway.dialects.payloads.bounds import bounded
from gateway.dialects.payloads.side_fields import mended
from gateway.domain.model import Kind, MessageRefusedError, RefusalReason, TimeSource

VERSION = 1

T = TypeVar("T")
TopicLeaf = Literal["event", "telemetry", "status", "meta"]
CHANNELS: tuple[TopicLeaf, ...] = ("event", "telemetry", "status", "meta")
FILTERS = tuple(f"wildlife/v1/+/+/{channel}" for channel in CHANNELS)

_NAME = re.compile(r"[a-z0-9-]{1,32}\Z")

IdText = Annotated[str, Meta(min_length=1, max_length=128)]
SequenceNumber = Annotated[int, Meta(ge=0, le=2**63 - 1)]


class Address(Struct, frozen=True):
    """The parts of a topic: who sends, and which kind of message."""

    site: str
    device: str
    channel: TopicLeaf
    confirm_to: str  # where the gateway tells the device which ids are durable


class BatteryReport(Struct, frozen=True):
    """`v` volts, `pct` 0..100, `ext` whether mains or sun feeds it."""

    v: Annotated[float, Meta(ge=0, le=60)] | None = None
    pct: Annotated[float, Meta(ge=0, le=100)] | None = None
    ext: bool | None = None


class RadioReport(Struct, frozen=True):
    """The radio signal as the device measures it."""

    rssi_dbm: Annotated[float, Meta(ge=-200, le=30)] | None = None
    snr_db: Annotated[float, Meta(ge=-60, le=60)] | None = None


class PositionReport(Struct, frozen=True):
    """WGS 84 degrees; `acc_m` metres."""

    lat: Annotated[float, Meta(ge=-90, le=90)]
    lon: Annotated[float, Meta(ge=-180, le=180)]
    acc_m: Annotated[float, Meta(ge=0, le=1_000_000)] | None = None


class NativePayload(Struct, frozen=True, kw_only=True):
    """A whole event, heartbeat, birth or last will. `v`, `kind` and `id` are its core."""

    v: Literal[1]
    kind: Kind | None = None  # telemetry may leave out that it is a heartbeat
    id: IdText | None = None
    boot: SequenceNumber | None = None
    seq: SequenceNumber | None = None
    ts: Any = None  # RFC 3339 text; anything else counts as "no time"
    ts_src: TimeSource = TimeSource.NONE
    uptime_ms: SequenceNumber | None = None
    species: Annotated[str, Meta(max_length=128)] | None = None
    count: Annotated[int, Meta(ge=0, le=10_000)] | None = None  # 0: no animal was seen
    confidence: Annotated[float, Meta(ge=0, le=1)] | None = None
    media: Annotated[str, Meta(max_length=2_048)] | None = None
    battery: BatteryReport | None = None
    link: RadioReport | None = None
    loc: PositionReport | None = None


class DeviceMeta(Struct, frozen=True, kw_only=True):
    """A device's description of itself (`meta`, retained)."""

    v: Literal[1]
    id: IdText | None = None
    model: Annotated[str, Meta(max_length=64)] | None = None
    firmware: Annotated[str, Meta(max_length=64)] | None = None
    heartbeat_s: Annotated[int, Meta(ge=1, le=31_536_000)] | None = None
    inverted: bool | None = None


class _Version(Struct, frozen=True):
    v: Any = None


_report = msgspec.json.Decoder(NativePayload)
_anything = msgspec.json.Decoder()
_about = msgspec.json.Decoder(DeviceMeta)
_version = msgspec.json.Decoder(_Version)
_encode = msgspec.json.Encoder().encode
_BROKEN = (msgspec.MsgspecError, ValueError, RecursionError)


@lru_cache(maxsize=8_192)  # as many topics as `Claims` remembers
def parse_topic(topic: str) -> Address | None:
    """Read ``wildlife/v1/{site}/{device}/{channel}``; None for any other topic."""
    levels = topic.split("/")
    if len(levels) != 5 or levels[0] != "wildlife" or levels[1] != "v1":
        return None
    channel: TopicLeaf | None = next((name for name in CHANNELS if name == levels[4]), None)
    if channel is None or not (_NAME.match(levels[2]) and _NAME.match(levels[3])):
        return None
    _, _, site, device, _ = levels
    return Address(site, device, channel, confirm_topic(site, device))


def parse_report(payload: bytes) -> NativePayload:
    """Read an event, heartbeat or birth. Raises MessageRefusedError that names what is wrong.

    A broken battery, radio, place or counter never costs the event: such facts are left out.
    """
    bounded(payload)
    try:
        return _report.decode(payload)
    except _BROKEN:
        return _mended(payload, NativePayload)


def parse_about(payload: bytes) -> DeviceMeta:
    """Read a `meta` payload. Raises MessageRefusedError that names what is wrong."""
    bounded(payload)
    try:
        return _about.decode(payload)
    except _BROKEN:
        return _mended(payload, DeviceMeta)


def _mended(payload: bytes, kind: type[T]) -> T:
    """The payload without its impossible facts. Raises MessageRefusedError if `v` or `kind` is wrong too."""
    _refuse_version(payload)
    found: T = mended(kind, _anything.decode(payload), core=("kind", "id"))
    return found


def _refuse_version(payload: bytes) -> None:
    try:
        v = _version.decode(payload).v
        _anything.decode(payload)
    except msgspec.ValidationError:
        raise MessageRefusedError(
            RefusalReason.MALFORMED, "{...} が必要です / a JSON object is expected"
        ) from None
    except _BROKEN:
        raise MessageRefusedError(
            RefusalReason.MALFORMED,
            "JSON として読めないか途中で切れています / not JSON, or cut off",
        ) from None
    if v is None:
        raise MessageRefusedError(
            RefusalReason.MALFORMED, "版 `v` がありません / no version: the key `v` is missing"
        )
    if v != VERSION or isinstance(v, bool):
        raise MessageRefusedError(
            RefusalReason.VERSION, f"v = {_shown(v)}; this gateway reads v = {VERSION}"
        )


def _shown(value: object) -> str:
    return type(value).__name__ if isinstance(value, dict | list) else str(value)[:40]


def confirm_topic(site: str, device: str) -> str:
    """Where the gateway tells a device which ids are durable."""
    return f"shishigaki/v1/{site}/{device}/confirm"


def encode_confirm(ids: Iterable[str]) -> bytes:
    """``{"v":1,"ids":[...]}``: these ids are durable, the device may forget them."""
    return _encode({"v": VERSION, "ids": list(ids)})

"""ChirpStack v4, JSON marshaler: ``application/{id}/device/{devEui}/event/{type}``.

Before 4.1 zero values are left out: a missing ``fCnt`` is 0. A doubled or replayed uplink comes with
another ``deduplicationId``; ``key`` (devEui, devAddr, fCnt, content) tells that it is the same. The content
belongs to it because counters of ABP devices begin again after a battery change.
"""

from typing import Any

import msgspec
from msgspec import Struct, field

from gateway.dialects import Context
from gateway.dialects.lorawan import codec
from gateway.dialects.payload import (
    Counter,
    Name,
    content,
    identity,
    parse,
    place,
    rssi_dbm,
    snr_db,
)
from gateway.dialects.sensors.interpret import Envelope, battery_pct
from gateway.dialects.timestamps import instant
from gateway.domain.model import Kind, Message, Reading, Reason, Refused, TimeSource

FILTERS = ("application/+/device/+/event/+",)
_SILENT = frozenset(("log", "ack", "txack", "integration"))


class _DeviceInfo(Struct, rename="camel"):
    dev_eui: Name


class _Rx(Struct):
    rssi: Any = None
    snr: Any = None


class _Up(Struct, rename="camel"):
    device_info: _DeviceInfo
    deduplication_id: Name = ""
    time: Any = None
    dev_addr: Name = ""
    f_cnt: Counter = 0
    f_port: int | None = None
    data: Any = None  # the frame itself, base64
    rx_info: list[_Rx] = field(default_factory=list)
    object: dict[str, Any] | None = None


class _Status(Struct, rename="camel"):
    device_info: _DeviceInfo
    deduplication_id: Name = ""
    time: Any = None
    battery_level: Any = None
    battery_level_unavailable: bool = False
    external_power_source: bool = False
    location: dict[str, Any] | None = None


_up = msgspec.json.Decoder(_Up)
_status = msgspec.json.Decoder(_Status)


def decode(message: Message, context: Context) -> list[Reading]:
    """Read an event; those about downlinks and logs are irrelevant."""
    kind = message.topic.rsplit("/", 1)[-1]
    if kind == "up":
        return _uplink(message, context)
    if kind == "join":
        return [codec.alive(_envelope(message, parse(_status, message.payload), kind), Kind.JOIN)]
    if kind in ("status", "location"):
        return [_sign_of_life(message, kind)]
    if kind in _SILENT:
        raise Refused(Reason.IRRELEVANT, f"ChirpStack event {kind!r}: about the network")
    raise Refused(Reason.TOPIC, f"ChirpStack event {kind[:40]!r}: up, join, status, location ...")


def _uplink(message: Message, context: Context) -> list[Reading]:
    up = parse(_up, message.payload)
    eui = _eui(up.device_info)
    key = f"{eui}:{up.dev_addr.lower()}:{up.f_cnt}:{_content(up)}" if up.dev_addr else None
    time = instant(up.time)
    envelope = Envelope(
        device=eui,
        id=up.deduplication_id or identity(message, time),
        key=key,
        time=time,
        time_source=TimeSource.NETWORK if time else TimeSource.NONE,
        facts=_radio(up.rx_info),
    )
    return codec.sense(envelope, up.object or {}, context, up.f_port)


def _content(up: _Up) -> str:
    return content(up.f_port, up.data if isinstance(up.data, str) else up.object)


def _radio(heard: list[_Rx]) -> dict[str, float | None]:
    """How the gateway that heard it best heard it."""
    best = max(heard, key=lambda rx: rssi_dbm(rx.rssi) or -999.0, default=None)
    return {"rssi_dbm": rssi_dbm(best.rssi), "snr_db": snr_db(best.snr)} if best else {}


def _eui(info: _DeviceInfo) -> str:
    if not info.dev_eui:
        raise Refused(Reason.MALFORMED, "deviceInfo.devEui is empty")
    return info.dev_eui.lower()


def _envelope(message: Message, event: _Status, kind: str) -> Envelope:
    """A join and the first uplink carry the same deduplicationId: the type keeps them apart."""
    time = instant(event.time)
    base = event.deduplication_id or identity(message, time)
    return Envelope(
        device=_eui(event.device_info),
        id=f"{base}:{kind}",
        time=time,
        time_source=TimeSource.NETWORK if time else TimeSource.NONE,
    )


def _sign_of_life(message: Message, kind: str) -> Reading:
    event = parse(_status, message.payload)
    facts: dict[str, Any] = {}
    if event.external_power_source:
        facts["external_power"] = True
    elif not event.battery_level_unavailable:
        facts |= battery_pct(event.battery_level)
    if event.location:
        facts |= place(event.location.get("latitude"), event.location.get("longitude"))
    return codec.alive(
        msgspec.structs.replace(_envelope(message, event, kind), facts=facts), Kind.HEARTBEAT
    )

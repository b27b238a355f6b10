"""ChirpStack v4, JSON marshaler: ``application/{id}/device/{devEui}/event/{type}``.

Before 4.1 zero values are left out: a missing ``fCnt`` is 0. A doubled or replayed uplink has
another ``deduplicationId``; ``key`` (devEui, devAddr, fCnt, content) shows that it is the same. The content
is part of the key because counters of ABP devices begin again after a battery change.
"""

import re
from typing import Any

import msgspec
from msgspec import Struct, field

from gateway.dialects import Context
from gateway.dialects.lorawan import codec
from gateway.dialects.payload import content, identity, parse, parse_any
from gateway.dialects.payloads import figures
from gateway.dialects.payloads.remedies import Remedy
from gateway.dialects.sensors.interpret import Envelope
from gateway.dialects.timestamps import instant
from gateway.domain.model import (
    Kind,
    Message,
    MessageRefusedError,
    Reading,
    RefusalReason,
    TimeSource,
)

FILTERS = ("application/+/device/+/event/+",)
_SILENT = frozenset(("ack", "txack", "integration"))
_OF_V3 = ("devEUI", "applicationID", "objectJSON")
_EUI = re.compile("[0-9A-Fa-f]{16}")
_CODEC = "CODEC"  # in the codes of event/log: UPLINK_CODEC


class _DeviceInfo(Struct, rename="camel"):
    dev_eui: Any = ""


class _ChirpStackRx(Struct, rename="camel"):
    gateway_id: Any = None
    rssi: Any = None
    snr: Any = None


class _Up(Struct, rename="camel"):
    device_info: _DeviceInfo | None = None
    deduplication_id: Any = ""
    time: Any = None
    dev_addr: Any = ""
    f_cnt: Any = 0
    f_port: Any = 0
    data: Any = None  # the frame itself, base64
    rx_info: list[_ChirpStackRx] = field(default_factory=list)
    object: Any = None


class _Status(Struct, rename="camel"):
    device_info: _DeviceInfo | None = None
    deduplication_id: Any = ""
    time: Any = None
    battery_level: Any = None
    battery_level_unavailable: Any = False
    external_power_source: Any = False
    location: Any = None
    level: Any = ""
    code: Any = ""
    description: Any = ""


_up = msgspec.json.Decoder(_Up)
_status = msgspec.json.Decoder(_Status)


def decode(message: Message, context: Context) -> list[Reading]:
    """Read an event; events about downlinks and the network are irrelevant."""
    kind = message.topic.rsplit("/", 1)[-1]
    if kind == "up":
        return _uplink(message, context)
    if kind == "join":
        return [codec.alive(_envelope(message, _parse_status(message), kind), Kind.JOIN)]
    if kind in ("status", "location"):
        return [_sign_of_life(message, kind)]
    if kind == "log":
        return [_log(message)]
    if kind in _SILENT:
        raise MessageRefusedError(
            RefusalReason.IRRELEVANT, f"ChirpStack event {kind!r}: about the network"
        )
    raise MessageRefusedError(
        RefusalReason.TOPIC, f"ChirpStack event {kind[:40]!r}: up, join, status, location ..."
    )


def _uplink(message: Message, context: Context) -> list[Reading]:
    up = parse(_up, message.payload, Remedy.CHIRPSTACK_JSON)
    eui = _eui(up.device_info, message)
    address, count = figures.name(up.dev_addr).lower(), figures.counter(up.f_cnt)
    time = instant(up.time)
    envelope = Envelope(
        device=eui,
        id=figures.name(up.deduplication_id) or identity(message, time),
        key=f"{eui}:{address}:{count}:{_content(up)}" if address and count is not None else None,
        time=time,
        time_source=TimeSource.NETWORK if time else TimeSource.NONE,
        clock=_clock(up.rx_info),
        facts=_radio(up.rx_info),
    )
    port = figures.counter(up.f_port)
    values = up.object if isinstance(up.object, dict) else {}
    unread = "" if values else codec.undecoded(up.data, up.object, port, Remedy.CODEC_CHIRPSTACK)
    return codec.sense(envelope, values, context, port, unread)


def _content(up: _Up) -> str:
    return content(up.f_port, up.data if isinstance(up.data, str) else up.object)


def _radio(heard: list[_ChirpStackRx]) -> dict[str, float | None]:
    """The signal at the radio gateway that received it best."""
    best = max(heard, key=lambda rx: figures.rssi_dbm(rx.rssi) or -999.0, default=None)
    if best is None:
        return {}
    return {"rssi_dbm": figures.rssi_dbm(best.rssi), "snr_db": figures.snr_db(best.snr)}


def _clock(heard: list[_ChirpStackRx]) -> str:
    """Whose clock gave the time: of the first radio gateway that received it, else of the network server."""
    receiver = figures.name(heard[0].gateway_id) if heard else ""
    return f"chirpstack:{receiver[:32]}" if receiver else "chirpstack"


def _eui(info: _DeviceInfo | None, message: Message) -> str:
    """The device's address: from the body, else from the topic."""
    eui = figures.name(info.dev_eui) if info else ""
    if _EUI.fullmatch(eui):
        return eui.lower()
    _refuse_v3(message)
    levels = message.topic.split("/")
    named = levels[levels.index("device") + 1] if "device" in levels[:-1] else ""
    address = named if _EUI.fullmatch(named) else eui or named[:128]
    if not address:
        raise MessageRefusedError(
            RefusalReason.MALFORMED, "deviceInfo.devEui がありません / deviceInfo.devEui is missing"
        )
    return address.lower()


def _refuse_v3(message: Message) -> None:
    body = parse_any(message.payload)
    if isinstance(body, dict) and any(name in body for name in _OF_V3):
        raise MessageRefusedError(RefusalReason.MALFORMED, str(Remedy.CHIRPSTACK_V3))


def _parse_status(message: Message) -> _Status:
    return parse(_status, message.payload, Remedy.CHIRPSTACK_JSON)


def _envelope(message: Message, event: _Status, kind: str) -> Envelope:
    """A join and the first uplink have the same deduplicationId: the type distinguishes them."""
    time = instant(event.time)
    base = figures.name(event.deduplication_id) or identity(message, time)
    return Envelope(
        device=_eui(event.device_info, message),
        id=f"{base}:{kind}",
        time=time,
        time_source=TimeSource.NETWORK if time else TimeSource.NONE,
        clock=_clock([]),
    )


def _log(message: Message) -> Reading:
    """A failed codec leaves a frame unread; other errors of the network are irrelevant."""
    event = _parse_status(message)
    code = figures.name(event.code)
    if _CODEC not in code or "DOWNLINK" in code:
        raise MessageRefusedError(
            RefusalReason.IRRELEVANT, f"ChirpStack event 'log' {code[:40]}: about the network"
        )
    why = figures.name(event.description)[:120] or code
    unread = f"コーデックのエラー / codec error: {why}: {Remedy.CODEC_CHIRPSTACK}"
    return codec.alive(_envelope(message, event, "log"), unread=unread)


def _sign_of_life(message: Message, kind: str) -> Reading:
    event = _parse_status(message)
    facts: dict[str, Any] = {}
    if event.external_power_source is True:
        facts["external_power"] = True
    elif event.battery_level_unavailable is not True:
        facts |= figures.battery(event.battery_level, "%")
    if isinstance(event.location, dict):
        facts |= figures.place(event.location.get("latitude"), event.location.get("longitude"))
    return codec.alive(
        msgspec.structs.replace(_envelope(message, event, kind), facts=facts), Kind.HEARTBEAT
    )

"""The Things Stack v3 (The Things Network): ``v3/{app}@{tenant}/devices/{device}/{up,join,...}``.

Empty and zero fields are left out: a missing ``f_cnt`` is 0. Publishes with QoS 0 only.
The counter of an ABP device begins again in the same session, so the id holds the time too; copies are
told by ``key`` (device, session, counter, content).
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

FILTERS = (
    "v3/+/devices/+/up",
    "v3/+/devices/+/join",
    "v3/+/devices/+/location/solved",
)


class _Ids(Struct):
    device_id: Name = ""
    dev_eui: Name = ""
    dev_addr: Name = ""


class _Rx(Struct):
    rssi: Any = None
    channel_rssi: Any = None
    snr: Any = None
    time: Any = None


class _Uplink(Struct):
    session_key_id: Name = ""
    f_cnt: Counter = 0
    f_port: int | None = None
    frm_payload: Any = None  # the frame itself, base64
    decoded_payload: dict[str, Any] | None = None
    rx_metadata: list[_Rx] = field(default_factory=list)
    received_at: Any = None
    last_battery_percentage: dict[str, Any] | None = None


class _Accept(Struct):
    session_key_id: Name = ""


class _Solved(Struct):
    location: dict[str, Any] = field(default_factory=dict)


class _Message(Struct):
    end_device_ids: _Ids
    received_at: Any = None
    uplink_message: _Uplink | None = None
    join_accept: _Accept | None = None
    location_solved: _Solved | None = None


_message = msgspec.json.Decoder(_Message)


def decode(message: Message, context: Context) -> list[Reading]:
    """Read an uplink, a join or a solved location; messages about downlinks are irrelevant."""
    if "/down/" in message.topic or message.topic.endswith("/service/data"):
        raise Refused(Reason.IRRELEVANT, "The Things Stack: about a downlink or a service")
    told = parse(_message, message.payload)
    device = _address(told.end_device_ids, context)
    if told.uplink_message is not None:
        return _uplink(message, told, told.uplink_message, device, context)
    if told.join_accept is not None:
        return [_join(message, told, told.join_accept, device)]
    if told.location_solved is not None:
        return [_solved(message, told, told.location_solved, device)]
    raise Refused(Reason.IRRELEVANT, "The Things Stack: neither uplink, join nor location", device)


def _address(ids: _Ids, context: Context) -> str:
    """The registered one of device id and EUI; for new devices the EUI."""
    eui = ids.dev_eui.lower()
    address = ids.device_id if ids.device_id in context.devices else eui or ids.device_id
    if not address:
        raise Refused(Reason.MALFORMED, "end_device_ids names no device")
    return address


def _uplink(
    message: Message, told: _Message, up: _Uplink, device: str, context: Context
) -> list[Reading]:
    first = up.rx_metadata[0].time if up.rx_metadata else None
    times = (instant(value) for value in (up.received_at, told.received_at, first))
    time = next(filter(None, times), None)
    session = up.session_key_id or told.end_device_ids.dev_addr
    known = f"{device}:{session}:{up.f_cnt}" if session else None
    frame = up.frm_payload if isinstance(up.frm_payload, str) else up.decoded_payload
    envelope = Envelope(
        device=device,
        id=f"{known}@{int(time.timestamp())}" if known and time else identity(message, time),
        key=f"{known}:{content(up.f_port, frame)}" if known else None,
        time=time,
        time_source=TimeSource.NETWORK if time else TimeSource.NONE,
        facts=_radio(up.rx_metadata) | _battery(up.last_battery_percentage),
    )
    return codec.sense(envelope, up.decoded_payload or {}, context, up.f_port)


def _radio(heard: list[_Rx]) -> dict[str, Any]:
    """How the gateway that heard it best heard it."""
    best = max(heard, key=lambda rx: rssi_dbm(rx.rssi) or -999.0, default=None)
    if best is None:
        return {}
    strength = best.channel_rssi if best.rssi is None else best.rssi
    return {"rssi_dbm": rssi_dbm(strength), "snr_db": snr_db(best.snr)}


def _battery(level: dict[str, Any] | None) -> dict[str, Any]:
    return battery_pct(level.get("value")) if level else {}


def _join(message: Message, told: _Message, accept: _Accept, device: str) -> Reading:
    time = instant(told.received_at)
    session = accept.session_key_id
    return Reading(
        id=f"{device}:{session}:join" if session else identity(message, time),
        device=device,
        kind=Kind.JOIN,
        device_time=time,
        time_source=TimeSource.NETWORK if time else TimeSource.NONE,
    )


def _solved(message: Message, told: _Message, solved: _Solved, device: str) -> Reading:
    time = instant(told.received_at)
    return Reading(
        id=identity(message, time),
        device=device,
        kind=Kind.HEARTBEAT,
        device_time=time,
        time_source=TimeSource.NETWORK if time else TimeSource.NONE,
        **place(solved.location.get("latitude"), solved.location.get("longitude")),
    )

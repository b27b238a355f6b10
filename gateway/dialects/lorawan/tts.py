"""The Things Stack v3 (The Things Network): ``v3/{app}@{tenant}/devices/{device}/{up,join,...}``.

Empty and zero fields are left out: a missing ``f_cnt`` is 0. Publishes with QoS 0 only.
The counter of an ABP device begins again in the same session, so the id contains the time too; copies are
recognised by ``key`` (device, session, counter, content).
"""

from typing import Any

import msgspec
from msgspec import Struct, field

from gateway.dialects import Context
from gateway.dialects.lorawan import codec
from gateway.dialects.payload import content, identity, parse
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

FILTERS = (
    "v3/+/devices/+/up",
    "v3/+/devices/+/join",
    "v3/+/devices/+/location/solved",
)
_CORE = ("uplink_message", "join_accept", "location_solved")


class _Ids(Struct):
    device_id: Any = ""
    dev_eui: Any = ""
    dev_addr: Any = ""


class _TtsRx(Struct):
    rssi: Any = None
    channel_rssi: Any = None
    snr: Any = None
    time: Any = None


class _Uplink(Struct):
    session_key_id: Any = ""
    f_cnt: Any = 0
    f_port: Any = 0
    frm_payload: Any = None  # the frame itself, base64
    decoded_payload: Any = None
    rx_metadata: list[_TtsRx] = field(default_factory=list)
    received_at: Any = None
    last_battery_percentage: Any = None


class _Accept(Struct):
    session_key_id: Any = ""


class _Solved(Struct):
    location: Any = None


class _Message(Struct):
    end_device_ids: _Ids | None = None
    received_at: Any = None
    uplink_message: _Uplink | None = None
    join_accept: _Accept | None = None
    location_solved: _Solved | None = None
    simulated: Any = False


_message = msgspec.json.Decoder(_Message)


def decode(message: Message, context: Context) -> list[Reading]:
    """Read an uplink, a join or a solved location; messages about downlinks are irrelevant."""
    if "/down/" in message.topic or message.topic.endswith("/service/data"):
        raise MessageRefusedError(
            RefusalReason.IRRELEVANT, "The Things Stack: about a downlink or a service"
        )
    body = parse(_message, message.payload, core=_CORE)
    device = _address(body.end_device_ids, message, context)
    if body.uplink_message is not None:
        return _uplink(message, body, body.uplink_message, device, context)
    if body.join_accept is not None:
        return [_join(message, body, body.join_accept, device)]
    if body.location_solved is not None:
        return [_solved(message, body, body.location_solved, device)]
    raise MessageRefusedError(
        RefusalReason.IRRELEVANT, "The Things Stack: neither uplink, join nor location", device
    )


def _address(ids: _Ids | None, message: Message, context: Context) -> str:
    """The registered one of device id and EUI; for new devices the EUI; else the device of the topic."""
    named = figures.name(ids.device_id) if ids else ""
    eui = figures.name(ids.dev_eui).lower() if ids else ""
    address = named if named in context.devices else eui or named
    if address:
        return address
    levels = message.topic.split("/")
    if "devices" in levels[:-1] and (level := levels[levels.index("devices") + 1]):
        return level[:128]
    raise MessageRefusedError(
        RefusalReason.MALFORMED,
        "end_device_ids に機器がありません / end_device_ids names no device",
    )


def _uplink(
    message: Message, body: _Message, up: _Uplink, device: str, context: Context
) -> list[Reading]:
    first = up.rx_metadata[0].time if up.rx_metadata else None
    times = (instant(value) for value in (up.received_at, body.received_at, first))
    time = next(filter(None, times), None)
    known = _frame(body, up, device)
    frame = up.frm_payload if isinstance(up.frm_payload, str) else up.decoded_payload
    envelope = Envelope(
        device=device,
        id=f"{known}@{int(time.timestamp())}" if known and time else identity(message, time),
        key=f"{known}:{content(up.f_port, frame)}" if known else None,
        time=time,
        time_source=TimeSource.NETWORK if time else TimeSource.NONE,
        clock="tts",
        facts=_radio(up.rx_metadata) | _battery(up.last_battery_percentage),
        simulated=body.simulated is True,
    )
    port = figures.counter(up.f_port)
    values = up.decoded_payload if isinstance(up.decoded_payload, dict) else {}
    unread = (
        ""
        if values
        else codec.undecoded(up.frm_payload, up.decoded_payload, port, Remedy.CODEC_TTS)
    )
    return codec.sense(envelope, values, context, port, unread)


def _frame(body: _Message, up: _Uplink, device: str) -> str | None:
    """Device, session and counter; None if one of them is missing."""
    address = figures.name(body.end_device_ids.dev_addr) if body.end_device_ids else ""
    session, count = figures.name(up.session_key_id) or address, figures.counter(up.f_cnt)
    return f"{device}:{session}:{count}" if session and count is not None else None


def _radio(heard: list[_TtsRx]) -> dict[str, Any]:
    """The signal at the radio gateway that received it best."""
    best = max(heard, key=lambda rx: figures.rssi_dbm(rx.rssi) or -999.0, default=None)
    if best is None:
        return {}
    strength = best.channel_rssi if best.rssi is None else best.rssi
    return {"rssi_dbm": figures.rssi_dbm(strength), "snr_db": figures.snr_db(best.snr)}


def _battery(level: Any) -> dict[str, Any]:
    return figures.battery(level.get("value"), "%") if isinstance(level, dict) else {}


def _join(message: Message, body: _Message, accept: _Accept, device: str) -> Reading:
    time = instant(body.received_at)
    session = figures.name(accept.session_key_id)
    return Reading(
        id=f"{device}:{session}:join" if session else identity(message, time),
        device=device,
        kind=Kind.JOIN,
        simulated=body.simulated is True,
        device_time=time,
        time_source=TimeSource.NETWORK if time else TimeSource.NONE,
        clock="tts",
    )


def _solved(message: Message, body: _Message, solved: _Solved, device: str) -> Reading:
    time = instant(body.received_at)
    return Reading(
        id=identity(message, time),
        device=device,
        kind=Kind.HEARTBEAT,
        device_time=time,
        time_source=TimeSource.NETWORK if time else TimeSource.NONE,
        clock="tts",
        **_place(solved.location),
    )


def _place(location: Any) -> dict[str, Any]:
    if not isinstance(location, dict):
        return {}
    return figures.place(location.get("latitude"), location.get("longitude"))

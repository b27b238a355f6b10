"""LoRaWAN, whatever the network server: the choice of the sensor model for a decoded object.

Shared by ChirpStack and The Things Stack, and a dialect of its own (`lorawan_codec`) for the bare
output of a payload codec, so that an installer can try one before any radio is involved. A new sensor is a
row of `dialects/sensors/models.toml`.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from gateway.dialects import Context
from gateway.dialects.payload import identity, parse_object, shown
from gateway.dialects.payloads.figures import rssi_dbm, snr_db
from gateway.dialects.payloads.remedies import Remedy
from gateway.dialects.sensors.interpret import Envelope, readings
from gateway.dialects.sensors.models import GENERIC, SPRINGS, Match, Model, recognise, shipped
from gateway.dialects.timestamps import instant
from gateway.domain.model import (
    Device,
    Kind,
    Message,
    MessageRefusedError,
    Reading,
    RefusalReason,
    Role,
    Standing,
    TimeSource,
)


def sense(
    envelope: Envelope,
    values: Mapping[str, Any],
    context: Context,
    port: int | None = None,
    unread: str = "",
) -> list[Reading]:
    """The readings of one uplink on `port`. `unread`: why nothing could be decoded in it."""
    if not values:
        return [alive(envelope, unread=unread)]
    try:
        match = choose(envelope.device, values, context, port)
    except MessageRefusedError as refused:
        refused.at = envelope.time
        raise
    if match is None:
        return [alive(envelope, unread=_strange(values))]
    if match.proved:
        envelope = msgspec.structs.replace(envelope, model=match.model.name)
    return readings(envelope, match.model, values, context.devices, whole=match.whole)


def undecoded(content: object, decoded: object, port: object, remedy: Remedy) -> str:
    """Why a frame's content is unread, "" if it has no content: a network frame is a sign of life.

    `content`: the frame itself; `decoded`: the decoded object; `port`: 0 is the network's own.
    """
    if decoded is not None and not isinstance(decoded, dict):
        return f"解読結果が項目の集まりではありません / the decoded object is none: {remedy}"
    if decoded or not content or port == 0:
        return ""
    return f"中身が解読されていません / the frame was not decoded: {remedy}"


def alive(envelope: Envelope, kind: Kind = Kind.HEARTBEAT, unread: str = "") -> Reading:
    """A reading of the envelope alone: a sign of life."""
    return Reading(
        id=envelope.id,
        key=envelope.key,
        device=envelope.device,
        kind=kind,
        device_time=envelope.time,
        time_source=envelope.time_source,
        simulated=envelope.simulated,
        clock=envelope.clock,
        unread=unread or None,
        **envelope.facts,
    )


def choose(
    address: str, values: Mapping[str, Any], context: Context, port: int | None = None
) -> Match | None:
    """The registered model, else the one recognised; nothing is guessed unless `context.assume`.

    None: no row has any of its fields, which `assume` reads as a sign of life.
    """
    models = context.models or shipped()
    device = context.devices.get(address)
    if device is not None and device.model:
        if device.model in models:
            return Match(models[device.model], whole=True, proved=True)
        raise MessageRefusedError(
            RefusalReason.MODEL,
            f"機種 {device.model!r} は表にありません / registered as model {device.model!r}, of which "
            f"there is no row: {Remedy.MODEL}",
            address,
            unread=True,
        )
    match = recognise(models, values, port)
    if match is not None and match.rival is not None:
        detail = _rivals(address, match.model, match.rival)
        raise MessageRefusedError(
            RefusalReason.MODEL, detail, address, _offered(address, match), unread=True
        )
    if context.assume or (match is not None and match.whole):
        return match
    offered = _offered(address, match) if match else None
    raise MessageRefusedError(
        RefusalReason.MODEL, _offer(address, values, match), address, offered, unread=True
    )


def _rivals(address: str, one: Model, other: Model) -> str:
    """Two models have every field and read them differently: a person must choose one."""
    return (
        f"{one.title}（{one.what}）か {other.title}（{other.what}）か決められません。"
        f"--model で選んでください / either {one.title} ({one.what}) or {other.title} ({other.what}): "
        f"approve with `shishigaki devices approve {address} --model {one.name}` or {other.name}"
    )


def _strange(values: Mapping[str, Any]) -> str:
    names = ", ".join(str(name)[:24] for name in list(values)[:8])
    return f"{names}: どの機種の項目か不明です / no sensor model knows these fields; {Remedy.MODEL}"


def _offered(address: str, match: Match) -> Device:
    """What a person may approve: the likely model and the role of such a device."""
    row = match.model
    return Device(
        id=address,
        role=Role.TRAP if SPRINGS & row.meanings else Role.DETECTOR,
        standing=Standing.PENDING,
        model="" if row.name == GENERIC else row.name,
    )


def _offer(address: str, values: Mapping[str, Any], match: Match | None) -> str:
    names = ", ".join(str(name)[:24] for name in list(values)[:8])
    if match is None:
        return _strange(values)
    row = match.model
    if row.name == GENERIC:
        known = ", ".join(sorted(row.keys & frozenset(values))[:4])
        return f"the fields {known} look familiar but no sensor model has them; name a model"
    return (
        f"looks like {row.title} ({row.what}), which the fields {names} do not prove: "
        f"approve with `shishigaki devices approve {address} --model {row.name}`"
    )


_WRAPPERS = ("object", "decoded_payload", "decoded", "data")


def decode(message: Message, context: Context) -> list[Reading]:
    """Read a payload codec's bare output; the last level of the topic names the device."""
    outer = parse_object(message.payload)
    values = _bare(outer)
    unread = _errors(outer)
    address = outer.get("device_id")
    time = instant(outer.get("received_at"))
    device = address if isinstance(address, str) and address else message.topic.rsplit("/", 1)[-1]
    heard = {"rssi_dbm": rssi_dbm(outer.get("rssi")), "snr_db": snr_db(outer.get("snr"))}
    envelope = Envelope(
        device=device[:128] or "lorawan",
        id=identity(message, time),
        time=time,
        time_source=TimeSource.NETWORK if time else TimeSource.NONE,
        clock="lorawan",
        facts=heard if values is not outer else {},
    )
    return sense(envelope, {} if unread else values, context, _port(outer), unread)


def _errors(outer: dict[str, Any]) -> str:
    """The codec's own error, if it decoded nothing."""
    result = outer.get("output")
    inside = result if isinstance(result, dict) else outer
    errors = inside.get("errors")
    if not isinstance(errors, list) or not errors or isinstance(inside.get("data"), dict):
        return ""
    what = ", ".join(shown(one, 60) for one in errors[:3])
    return f"コーデックのエラー / codec error: {what}: {Remedy.CODEC_ANY}"


def _port(outer: dict[str, Any]) -> int | None:
    """The fPort of a test vector."""
    vector = outer.get("input")
    port = vector.get("fPort") if isinstance(vector, dict) else outer.get("fPort")
    return port if isinstance(port, int) else None


def _bare(outer: dict[str, Any]) -> dict[str, Any]:
    """The decoded object inside a test vector, a codec's return value or a forwarded message."""
    result = outer.get("output")
    inside = result if isinstance(result, dict) else outer
    for name in _WRAPPERS:
        value = inside.get(name)
        if isinstance(value, dict):
            return value
    return inside

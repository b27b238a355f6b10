"""Makes the readings of a device from a decoded object.

Owns the events of states, moments and late records, with polarity and the choice of the input. `fields`
reads the fields; the dialects read the envelope (who sent it, when, how strong).
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct, field

from gateway.dialects.payloads.remedies import Remedy
from gateway.dialects.sensors import names
from gateway.dialects.sensors.fields import FieldValues, read
from gateway.dialects.sensors.models import Model
from gateway.dialects.timestamps import instant
from gateway.domain.model import (
    Device,
    Kind,
    MessageRefusedError,
    Reading,
    RefusalReason,
    Role,
    TimeSource,
)
from gateway.domain.species import UNKNOWN


class Envelope(Struct, frozen=True, kw_only=True):
    """The data around a decoded object: who sent it, when, with which signal."""

    device: str
    id: str
    key: str | None = None
    time: datetime | None = None
    time_source: TimeSource = TimeSource.NONE
    clock: str = ""  # whose clock it is: a receiver's or bridge's; empty: the device's own
    logged: bool = False  # a record of the device's own log
    facts: Mapping[str, Any] = field(default_factory=dict)
    model: str | None = None  # the device's model, where it is certain
    simulated: bool = False


def readings(
    envelope: Envelope,
    model: Model,
    values: Mapping[str, Any],
    devices: Mapping[str, Device],
    *,
    whole: bool = True,
) -> list[Reading]:
    """All readings of an object: late records first, oldest first. Raises MessageRefusedError without any.

    `whole`: the row is that of the device's model, so that fields which it does not have are ignored.
    """
    device = devices.get(envelope.device)
    fields = read(model, values, device.input if device else "")
    late = (
        sorted(
            (
                reading
                for number, row in enumerate(fields.records)
                for reading in _late(envelope, model, number, row, devices)
            ),
            key=lambda reading: reading.device_time or datetime.max.replace(tzinfo=UTC),
        )
        if fields.records
        else []
    )
    return late + _live(envelope, fields, devices, alone=not late, whole=whole)


def _events(
    fields: FieldValues, envelope: Envelope, devices: Mapping[str, Device]
) -> list[tuple[Kind, bool, str]]:
    """(kind, whether it is a state, device) of all states; the trap's own first."""
    states, found = fields.states, []
    registered = envelope.device in devices
    for meaning in ("contact", "contact:2"):
        name = envelope.device + ("/2" if meaning == "contact:2" else "")
        device = devices.get(name)
        if meaning in states and (device is not None or not registered):
            sprung = states[meaning] is not (device is not None and device.inverted)
            found.append((Kind.SPRUNG if sprung else Kind.SET, True, name))
    shaken = states.get("trigger") or states.get("alarm")
    if shaken and (Kind.SPRUNG, True, envelope.device) not in found:
        found = [row for row in found if row[2] != envelope.device]
        found.insert(0, (Kind.SPRUNG, not states.get("trigger"), envelope.device))
    if states.get("detection") or states.get("motion"):
        found.append((Kind.DETECTION, not states.get("detection"), envelope.device))
    if states.get("tamper"):
        found.append((Kind.TAMPER, True, envelope.device))
    if states.get("join"):
        found.append((Kind.JOIN, False, envelope.device))
    if states.get("button") and not found and _is_trap(devices.get(envelope.device)):
        found.append((Kind.SET, False, envelope.device))
    return found


def _is_trap(device: Device | None) -> bool:
    return device is not None and device.role is Role.TRAP


def _live(
    envelope: Envelope,
    fields: FieldValues,
    devices: Mapping[str, Device],
    *,
    alone: bool,
    whole: bool,
) -> list[Reading]:
    events = _events(fields, envelope, devices)
    facts = {**fields.facts, **envelope.facts}
    if not events:
        _refuse(envelope, fields, known=envelope.device in devices, alone=alone)
        events = [(Kind.HEARTBEAT, False, envelope.device)]
        if alone and (unread := _not_understood(fields, whole=whole)):
            facts["unread"] = unread
    return [
        _reading(envelope, row, facts, suffix=f":{index}" if index else "")
        for index, row in enumerate(events)
    ]


def _refuse(envelope: Envelope, fields: FieldValues, *, known: bool, alone: bool) -> None:
    """From a registered device every uplink is a sign of life; from others only what we can use."""
    if fields.unread:
        detail = f"{fields.unread}: 知らない状態です / not a known state"
        raise MessageRefusedError(RefusalReason.MALFORMED, detail, envelope.device, unread=True)
    if alone and not known and (fields.others or "button" in fields.states):
        raise MessageRefusedError(RefusalReason.IRRELEVANT, _of_no_trap(fields), envelope.device)


def _of_no_trap(fields: FieldValues) -> str:
    read = ", ".join(name[:24] for name in fields.others[:4]) or "button"
    return (
        f"{read}: わな・動物・機器の状態ではありません。わなの接点なら機器を登録し input に項目名を / "
        "says nothing about animals, traps or devices; if it is the trap's contact, register the "
        "device and name the field as its input"
    )


def _not_understood(fields: FieldValues, *, whole: bool) -> str:
    """Why an object without any state may hide one; "" if everything relevant was understood."""
    unknown: Sequence[str] = fields.unknown
    if whole and fields.known:
        unknown = [name for name in unknown if names.may_be_relevant(name)]
    if not unknown:
        return ""
    shown = ", ".join(name[:24] for name in unknown[:6])
    return f"{shown}: どの機種の項目か不明です / no sensor model knows these fields; {Remedy.MODEL}"


def _late(
    envelope: Envelope,
    model: Model,
    number: int,
    row: dict[str, Any],
    devices: Mapping[str, Device],
) -> list[Reading]:
    """The reading of one late record. Records differ by the device's clock, else by their order."""
    device = devices.get(envelope.device)
    fields = read(model, row, device.input if device else "")
    time = instant(fields.time, device.zone if device else "")
    events = _events(fields, envelope, devices) or [(Kind.HEARTBEAT, False, envelope.device)]
    late = Envelope(
        device=envelope.device,
        id=f"{envelope.device}@{int(time.timestamp())}" if time else f"{envelope.id}@{number}",
        model=envelope.model,
        time=time,
        time_source=TimeSource.RTC if time else TimeSource.NONE,
        logged=True,
    )
    return [_reading(late, item, fields.facts, suffix=f":{item[0]}") for item in events]


def _reading(
    envelope: Envelope,
    event: tuple[Kind, bool, str],
    facts: Mapping[str, Any],
    suffix: str,
) -> Reading:
    kind, is_state, device = event
    if kind is Kind.DETECTION:
        facts = {"species": UNKNOWN, **facts}
    return Reading(
        id=envelope.id + suffix,
        key=envelope.key + suffix if envelope.key else None,
        device=device,
        kind=kind,
        is_state=is_state,
        device_time=envelope.time,
        time_source=envelope.time_source,
        clock=envelope.clock,
        logged=envelope.logged,
        model=envelope.model,
        simulated=envelope.simulated,
        is_content=True,
        **facts,
    )

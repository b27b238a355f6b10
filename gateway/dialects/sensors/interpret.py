"""What a decoded object amounts to for a device: readings.

Owns the events that states, moments and late records make, with polarity and the choice of the input.
What the fields say is read in `fields`; envelopes (who sent it, when, how strong) are the dialects'.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct, field

from gateway.dialects.payloads.remedies import Remedy
from gateway.dialects.sensors import names
from gateway.dialects.sensors.fields import Heard, read
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
    """What surrounds a decoded object: who sent it, when, how it was heard."""

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
    """Everything an object says, late records first, oldest first. Refused when it says nothing.

    `whole`: the row is the device's own, so that what it does not know may be passed over.
    """
    device = devices.get(envelope.device)
    heard = read(model, values, device.input if device else "")
    late = (
        sorted(
            (
                reading
                for number, row in enumerate(heard.records)
                for reading in _late(envelope, model, number, row, devices)
            ),
            key=lambda reading: reading.device_time or datetime.max.replace(tzinfo=UTC),
        )
        if heard.records
        else []
    )
    return late + _live(envelope, heard, devices, alone=not late, whole=whole)


def _said(
    heard: Heard, envelope: Envelope, devices: Mapping[str, Device]
) -> list[tuple[Kind, bool, str]]:
    """(kind, is it a state, device) for all that the states say; the trap's own first."""
    states, found = heard.states, []
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
    envelope: Envelope, heard: Heard, devices: Mapping[str, Device], *, alone: bool, whole: bool
) -> list[Reading]:
    said = _said(heard, envelope, devices)
    facts = {**heard.facts, **envelope.facts}
    if not said:
        _refuse(envelope, heard, known=envelope.device in devices, alone=alone)
        said = [(Kind.HEARTBEAT, False, envelope.device)]
        if alone and (unread := _not_understood(heard, whole=whole)):
            facts["unread"] = unread
    return [
        _reading(envelope, row, facts, suffix=f":{index}" if index else "")
        for index, row in enumerate(said)
    ]


def _refuse(envelope: Envelope, heard: Heard, *, known: bool, alone: bool) -> None:
    """From a registered device every uplink is a sign of life; from others only what concerns us."""
    if heard.unread:
        detail = f"{heard.unread}: 知らない状態です / not a known state"
        raise MessageRefusedError(RefusalReason.MALFORMED, detail, envelope.device, unread=True)
    if alone and not known and (heard.others or "button" in heard.states):
        raise MessageRefusedError(RefusalReason.IRRELEVANT, _of_no_trap(heard), envelope.device)


def _of_no_trap(heard: Heard) -> str:
    read = ", ".join(name[:24] for name in heard.others[:4]) or "button"
    return (
        f"{read}: わな・動物・機器の状態ではありません。わなの接点なら機器を登録し input に項目名を / "
        "says nothing about animals, traps or devices; if it is the trap's contact, register the "
        "device and name the field as its input"
    )


def _not_understood(heard: Heard, *, whole: bool) -> str:
    """Why an object without any state is no sign of health: "" when all that matters was understood."""
    strange: Sequence[str] = heard.strange
    if whole and heard.known:
        strange = [name for name in strange if names.may_tell(name)]
    if not strange:
        return ""
    told = ", ".join(name[:24] for name in strange[:6])
    return f"{told}: どの機種の項目か不明です / no sensor model knows these fields; {Remedy.MODEL}"


def _late(
    envelope: Envelope,
    model: Model,
    number: int,
    row: dict[str, Any],
    devices: Mapping[str, Device],
) -> list[Reading]:
    """What one late record says. A device's clock tells records apart, else the place in the uplink."""
    device = devices.get(envelope.device)
    heard = read(model, row, device.input if device else "")
    time = instant(heard.time, device.zone if device else "")
    said = _said(heard, envelope, devices) or [(Kind.HEARTBEAT, False, envelope.device)]
    late = Envelope(
        device=envelope.device,
        id=f"{envelope.device}@{int(time.timestamp())}" if time else f"{envelope.id}@{number}",
        model=envelope.model,
        time=time,
        time_source=TimeSource.RTC if time else TimeSource.NONE,
        logged=True,
    )
    return [_reading(late, item, heard.facts, suffix=f":{item[0]}") for item in said]


def _reading(
    envelope: Envelope,
    said: tuple[Kind, bool, str],
    facts: Mapping[str, Any],
    suffix: str,
) -> Reading:
    kind, is_state, device = said
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

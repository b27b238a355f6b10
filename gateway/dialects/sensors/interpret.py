"""A decoded object through a row of the model table, to readings.

Owns what meanings amount to: states, moments, facts, late records, polarity. Envelopes (who sent it,
when, how strong) are the dialects' affair.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct, field

from gateway.dialects import payload
from gateway.dialects.sensors.models import EVENTS, Model, Rule
from gateway.dialects.timestamps import instant
from gateway.domain.model import Device, Kind, Reading, Reason, Refused, Role, TimeSource
from gateway.domain.species import UNKNOWN

MAX_RECORDS = 256  # one uplink holds some fifty at most

_ACTIVE = frozenset(
    (
        *("open", "opened", "on", "1", "true", "yes", "active", "detected", "present", "alarm"),
        *("trigger", "triggered", "threshold_alarm", "tilt", "tilted", "motion", "moving"),
        *("occupied", "start_moving", "uninstall", "uninstalled", "removed", "dismantled"),
        *("press", "pressed", "short", "long", "double"),
        *("short_press", "long_press", "double_press"),
    )
)
_INACTIVE = frozenset(
    (
        *("close", "closed", "off", "0", "false", "no", "inactive", "normal", "none", "ok"),
        *("vacant", "unoccupied", "free", "idle", "static", "stop_moving", "clear", "cleared"),
        *("install", "installed", "threshold_release", "threshold_alarm_release"),
    )
)
_DOOR = frozenset(("open", "close", "closed"))
_DATALOG = re.compile(r"\[([^\[\]]{1,120})\]")
_TIME_IN_LOG = re.compile(r"\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}:\d{2}Z?")


class Envelope(Struct, frozen=True, kw_only=True):
    """What surrounds a decoded object: who sent it, when, how it was heard."""

    device: str
    id: str
    key: str | None = None
    time: datetime | None = None
    time_source: TimeSource = TimeSource.NONE
    facts: Mapping[str, Any] = field(default_factory=dict)
    model: str | None = None  # the device's model, where it is certain


class Heard(Struct):
    """What an object says, before polarity, identity and time."""

    states: dict[str, bool] = field(default_factory=dict)  # event meaning -> active
    facts: dict[str, Any] = field(default_factory=dict)  # fields of model.Facts
    records: list[dict[str, Any]] = field(default_factory=list)
    time: Any = None
    other: bool = False
    unread: str = ""  # a field that matters, with a value that is neither active nor inactive


def readings(
    envelope: Envelope, model: Model, values: Mapping[str, Any], devices: Mapping[str, Device]
) -> list[Reading]:
    """Everything an object says, late records first, oldest first. Refused when it says nothing."""
    heard = read(model, values)
    late = sorted(
        (
            reading
            for number, row in enumerate(heard.records)
            for reading in _late(envelope, model, number, row, devices)
        ),
        key=lambda reading: reading.device_time or datetime.max.replace(tzinfo=UTC),
    )
    return late + _live(envelope, heard, devices, alone=not late)


def read(model: Model, values: Mapping[str, Any]) -> Heard:
    """Read an object through a row. Unknown fields are passed over."""
    heard = Heard()
    for key in values:
        for path, rule in model.by_key.get(key, ()):
            value: Any = values
            for name in path:
                value = value.get(name) if isinstance(value, dict) else None
            if value is not None:
                _take(heard, rule, value, path[-1])
    if "lat" not in heard.facts or "lon" not in heard.facts or not _fix(heard.facts):
        for name in ("lat", "lon", "accuracy_m"):
            heard.facts.pop(name, None)
    return heard


def truth(value: object) -> bool | None:
    """Whether a value means active; None when it is no such value."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        text = value[:32].strip().lower().replace(" ", "_")
        return True if text in _ACTIVE else False if text in _INACTIVE else None
    figure = payload.number(value)
    return None if figure is None else figure != 0


def _fix(facts: Mapping[str, Any]) -> bool:
    return bool(facts["lat"] or facts["lon"])


def _take(heard: Heard, rule: Rule, value: Any, name: str) -> None:
    if isinstance(rule, dict):
        named = rule.get(payload.shown(value, 64).strip().lower())
        chosen = named or rule.get("*")
        if chosen is None:
            return
        rule, value = chosen, True
    turned = rule.startswith("!")
    meaning = rule[1:] if turned else rule
    if meaning in EVENTS:
        _state(heard, meaning, value, name, turned=turned)
    elif meaning == "other":
        heard.other = True
    elif meaning == "time":
        heard.time = value
    elif meaning == "records":
        heard.records += _records(value)
    elif meaning == "datalog":
        heard.records += _datalog(value)
    elif meaning != "telemetry":
        heard.facts.update(_fact(meaning, value))


def _state(heard: Heard, meaning: str, value: Any, name: str, *, turned: bool) -> None:
    active = True if meaning == "join" else truth(value)
    if active is None:
        heard.unread = f"{name} = {payload.shown(value)!r}"
    else:
        heard.states[meaning] = heard.states.get(meaning, False) or active is not turned


def _records(value: Any) -> list[dict[str, Any]]:
    """Records from a list, or from an object that numbers them (Sensative)."""
    if isinstance(value, dict):
        value = list(value.values())
    rows = value[:MAX_RECORDS] if isinstance(value, list) else []
    return [row for row in rows if isinstance(row, dict)]


def _datalog(value: Any) -> list[dict[str, Any]]:
    """Records of the form ``[OPEN,12,3,2024-01-05 10:00:00],...``: first the state, somewhere a time."""
    rows = []
    for found in _DATALOG.findall(value[:16_384]) if isinstance(value, str) else []:
        time = _TIME_IN_LOG.search(found)
        if time is None:
            continue
        words = [text.strip(" \"'") for text in found.split(",")]
        states = [text for text in words if truth(text) is not None]
        state = next((text for text in states if text.lower() in _DOOR), next(iter(states), None))
        rows.append({"datalog_state": state, "datalog_time": time[0]})
    return rows[:MAX_RECORDS]


def _fact(meaning: str, value: Any) -> dict[str, Any]:
    """The field of Facts that a value fills, if it is believable."""
    if meaning == "battery_pct":
        return battery_pct(value)
    if meaning == "external_power":
        active = truth(value)
        return {} if active is None else {meaning: active}
    if meaning == "count":
        figure = payload.within(value, 1, 10_000)
        return {} if figure is None else {meaning: int(figure)}
    if meaning == "battery_mv":
        millivolts = payload.within(value, 900, 60_000)  # less is volts of a mains plug
        meaning, value = "battery_v", (millivolts or 0) / 1_000
    figure = payload.within(value, *_RANGES[meaning])
    return {} if figure is None else {meaning: figure}


_RANGES = {
    "battery_v": (0.1, 60.0),
    "lat": (-90.0, 90.0),
    "lon": (-180.0, 180.0),
    "accuracy_m": (0.0, 1e6),
}


def battery_pct(value: object) -> dict[str, Any]:
    """A battery level, where 101 and more stands for external power."""
    figure = payload.number(value)
    if figure is None or figure < 0:
        return {}
    return {"external_power": True} if figure > 100 else {"battery_pct": figure}


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
    envelope: Envelope, heard: Heard, devices: Mapping[str, Device], *, alone: bool
) -> list[Reading]:
    said = _said(heard, envelope, devices)
    if not said:
        _refuse(envelope, heard, known=envelope.device in devices, alone=alone)
        said = [(Kind.HEARTBEAT, False, envelope.device)]
    facts = {**heard.facts, **envelope.facts}
    return [
        _reading(envelope, row, facts, suffix=f":{index}" if index else "")
        for index, row in enumerate(said)
    ]


def _refuse(envelope: Envelope, heard: Heard, *, known: bool, alone: bool) -> None:
    """From a registered device every uplink is a sign of life; from others only what concerns us."""
    if heard.unread:
        raise Refused(Reason.MALFORMED, f"{heard.unread}: not a known state", envelope.device)
    if alone and not known and (heard.other or ("button" in heard.states)):
        raise Refused(
            Reason.IRRELEVANT,
            "understood, and says nothing about animals, traps or devices",
            envelope.device,
        )


def _late(
    envelope: Envelope,
    model: Model,
    number: int,
    row: dict[str, Any],
    devices: Mapping[str, Device],
) -> list[Reading]:
    """What one late record says. A device's clock tells records apart, else the place in the uplink."""
    heard = read(model, row)
    device = devices.get(envelope.device)
    time = instant(heard.time, device.zone if device else "")
    said = _said(heard, envelope, devices) or [(Kind.HEARTBEAT, False, envelope.device)]
    late = Envelope(
        device=envelope.device,
        id=f"{envelope.device}@{int(time.timestamp())}" if time else f"{envelope.id}@{number}",
        model=envelope.model,
        time=time,
        time_source=TimeSource.RTC if time else TimeSource.NONE,
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
        model=envelope.model,
        **facts,
    )

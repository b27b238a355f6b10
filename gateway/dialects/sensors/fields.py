"""Reads the fields of a decoded object by a row of the model table.

Owns states, facts, flags and late records of one object. `interpret` makes readings of them; `figures`
decides which figures are possible.
"""

import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from gateway.dialects.payload import shown
from gateway.dialects.payloads import figures
from gateway.dialects.sensors import names
from gateway.dialects.sensors.models import EVENTS, SPRINGS, Model, Rule

MAX_RECORDS = 256  # one uplink holds some fifty at most
MAX_UNKNOWN = 64  # fields of no row whose names are checked
OLD_FIX_S = 3_600  # an older fix is not the device's present place

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
_NO_FIX = re.compile(
    r"\b(?:no|not|none|invalid|lost|searching|timeout|failed?|old|stale|cached)\b", re.IGNORECASE
)
_DATALOG = re.compile(r"\[([^\[\]]{1,120})\]")
_TIME_IN_LOG = re.compile(r"\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}:\d{2}Z?")
_UNITS = {"battery": "", "battery_pct": "%", "battery_v": "V", "battery_mv": "mV"}


class FieldValues(Struct):
    """The content of an object, before polarity, identity and time are known."""

    states: dict[str, bool] = field(default_factory=dict)  # event meaning -> active
    facts: dict[str, Any] = field(default_factory=dict)  # fields of model.FACTS
    records: list[dict[str, Any]] = field(default_factory=list)
    time: Any = None
    others: list[str] = field(default_factory=list)  # names of fields that do not concern us
    unread: str = ""  # a field that matters, with a value that is neither active nor inactive
    known: int = 0  # fields that were understood
    unknown: list[str] = field(default_factory=list)  # names of fields of no row
    has_fix: bool = True


def read(model: Model, values: Mapping[str, Any], only: str = "") -> FieldValues:
    """Read an object by a row. `only`: the one field that gives the trap's state, if it is set."""
    found = FieldValues()
    by_key, unknown = model.by_key, found.unknown
    for key in values:
        rules = by_key.get(key)
        if rules is None:
            unknown.append(key)
            continue
        found.known += 1
        for path, rule in rules:
            value: Any = values
            for name in path:
                value = value.get(name) if isinstance(value, dict) else None
            if value is not None and not (only and key != only and _springs(rule)):
                _take(found, rule, value, path[-1])
    if unknown:
        found.unknown = _flags(found, values, unknown[:MAX_UNKNOWN])
    if only:
        _only(found, model, values, only)
    if "lat" in found.facts or "lon" in found.facts:
        _place(found)
    return found


def _springs(rule: Rule) -> bool:
    meanings = (rule,) if isinstance(rule, str) else rule.values()
    return any(meaning.removeprefix("!") in SPRINGS for meaning in meanings)


def _only(found: FieldValues, model: Model, values: Mapping[str, Any], name: str) -> None:
    """The registered input is the contact, also if the row does not have it."""
    if values.get(name) is None or any(_springs(rule) for _, rule in model.by_key.get(name, ())):
        return
    found.known += 1
    found.others.clear()
    _state(found, "contact", values[name], name, turned=False)


def _flags(found: FieldValues, values: Mapping[str, Any], unknown: list[str]) -> list[str]:
    """Read the flags among fields of no row; gives the names that mean nothing to us."""
    left = []
    for name in unknown:
        meaning = names.flag(name)
        if not meaning:
            left.append(name)
        elif (value := values[name]) is not None:
            found.known += 1
            _take(found, meaning, value, name)
    return left


def truth(value: object) -> bool | None:
    """Whether a value means active; None for any other value."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        text = value[:32].strip().lower().replace(" ", "_")
        return True if text in _ACTIVE else False if text in _INACTIVE else None
    figure = figures.number(value)
    return None if figure is None else figure != 0


def _place(found: FieldValues) -> None:
    """Take a possible place, and how exact it is."""
    facts = found.facts
    place = figures.place(facts.pop("lat", None), facts.pop("lon", None)) if found.has_fix else {}
    if place:
        facts.update(place)
    else:
        for name in ("lat", "lon", "accuracy_m"):
            facts.pop(name, None)


def _take(found: FieldValues, rule: Rule, value: Any, name: str) -> None:
    if isinstance(rule, dict):
        chosen = rule.get(shown(value, 64).strip().lower()) or rule.get("*")
        if chosen is None:
            return
        rule, value = chosen, True
    turned = rule.startswith("!")
    meaning = rule[1:] if turned else rule
    if meaning in EVENTS:
        _state(found, meaning, value, name, turned=turned)
    elif meaning in _UNITS:
        found.facts.update(figures.battery(value, _UNITS[meaning]))
    elif meaning == "telemetry":
        return
    elif meaning == "other":
        found.others.append(name)
    elif meaning == "time":
        found.time = value
    elif meaning == "records":
        found.records += _records(value)
    elif meaning == "datalog":
        found.records += _datalog(value)
    else:
        _fact(found, meaning, value, turned=turned)


def _state(found: FieldValues, meaning: str, value: Any, name: str, *, turned: bool) -> None:
    active = True if meaning == "join" else truth(value)
    if active is None:
        found.unread = f"{name} = {shown(value)!r}"
    else:
        found.states[meaning] = found.states.get(meaning, False) or active is not turned


def _fact(found: FieldValues, meaning: str, value: Any, *, turned: bool) -> None:
    """Take a value as one of the facts, if it is possible."""
    facts = found.facts
    if meaning in ("lat", "lon"):
        facts[meaning] = value
    elif meaning == "accuracy_m":
        if (exact := figures.accuracy_m(value)) is not None:
            facts[meaning] = exact
    elif meaning in ("external_power", "battery_low"):
        active = truth(value)
        if active is not None:
            facts[meaning] = active is not turned
        elif isinstance(value, str):
            facts.update(figures.battery(value))
    elif meaning == "battery_word":
        facts.update(figures.battery(value) if isinstance(value, str) else {})
    elif meaning == "count":
        _count(found, value)
    elif _fails(meaning, value):
        found.has_fix = False


def _count(found: FieldValues, value: Any) -> None:
    """How many animals; a count of 0 is no sighting."""
    figure = figures.within(value, 0, 10_000)
    if figure is not None and figure >= 1:
        found.facts["count"] = int(figure)
    elif figure is not None:
        found.states["detection"] = found.states["motion"] = False


def _fails(meaning: str, value: Any) -> bool:
    """Whether a field shows that there is no place, or an old one: ``no_fix``, ``fix``, ``fix_age``."""
    if meaning == "fix_age":
        return (figures.number(value) or 0) > OLD_FIX_S
    active = truth(value)
    if meaning == "no_fix":
        return active is True
    return active is False or (isinstance(value, str) and _NO_FIX.search(value[:40]) is not None)


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

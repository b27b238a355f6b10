"""A decoded object through a row of the model table: what its fields say.

Owns states, facts, flags and late records of one object. What they amount to for a device is decided in
`sensing`; which figures can be true, in `figures`.
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
MAX_STRANGE = 64  # fields of no row whose names are looked at
OLD_FIX_S = 3_600  # a fix older than this is where the device was

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


class Heard(Struct):
    """What an object says, before polarity, identity and time."""

    states: dict[str, bool] = field(default_factory=dict)  # event meaning -> active
    facts: dict[str, Any] = field(default_factory=dict)  # fields of model.FACTS
    records: list[dict[str, Any]] = field(default_factory=list)
    time: Any = None
    others: list[str] = field(default_factory=list)  # names of fields of another trade
    unread: str = ""  # a field that matters, with a value that is neither active nor inactive
    known: int = 0  # fields that were understood
    strange: list[str] = field(default_factory=list)  # names of fields that were not
    has_fix: bool = True


def read(model: Model, values: Mapping[str, Any], only: str = "") -> Heard:
    """Read an object through a row. `only`: the field that alone speaks for the trap, where it is set."""
    heard = Heard()
    by_key, strange = model.by_key, heard.strange
    for key in values:
        rules = by_key.get(key)
        if rules is None:
            strange.append(key)
            continue
        heard.known += 1
        for path, rule in rules:
            value: Any = values
            for name in path:
                value = value.get(name) if isinstance(value, dict) else None
            if value is not None and not (only and key != only and _springs(rule)):
                _take(heard, rule, value, path[-1])
    if strange:
        heard.strange = _flags(heard, values, strange[:MAX_STRANGE])
    if only:
        _only(heard, model, values, only)
    if "lat" in heard.facts or "lon" in heard.facts:
        _place(heard)
    return heard


def _springs(rule: Rule) -> bool:
    meanings = (rule,) if isinstance(rule, str) else rule.values()
    return any(meaning.removeprefix("!") in SPRINGS for meaning in meanings)


def _only(heard: Heard, model: Model, values: Mapping[str, Any], name: str) -> None:
    """The registered input is the contact, also where the row knows nothing of it."""
    if values.get(name) is None or any(_springs(rule) for _, rule in model.by_key.get(name, ())):
        return
    heard.known += 1
    heard.others.clear()
    _state(heard, "contact", values[name], name, turned=False)


def _flags(heard: Heard, values: Mapping[str, Any], strange: list[str]) -> list[str]:
    """Hear the flags among fields of no row; gives the names that say nothing to us."""
    left = []
    for name in strange:
        meaning = names.flag(name)
        if not meaning:
            left.append(name)
        elif (value := values[name]) is not None:
            heard.known += 1
            _take(heard, meaning, value, name)
    return left


def truth(value: object) -> bool | None:
    """Whether a value means active; None when it is no such value."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        text = value[:32].strip().lower().replace(" ", "_")
        return True if text in _ACTIVE else False if text in _INACTIVE else None
    figure = figures.number(value)
    return None if figure is None else figure != 0


def _place(heard: Heard) -> None:
    """Keep a place that can be, and how exact it is."""
    facts = heard.facts
    told = figures.place(facts.pop("lat", None), facts.pop("lon", None)) if heard.has_fix else {}
    if told:
        facts.update(told)
    else:
        for name in ("lat", "lon", "accuracy_m"):
            facts.pop(name, None)


def _take(heard: Heard, rule: Rule, value: Any, name: str) -> None:
    if isinstance(rule, dict):
        chosen = rule.get(shown(value, 64).strip().lower()) or rule.get("*")
        if chosen is None:
            return
        rule, value = chosen, True
    turned = rule.startswith("!")
    meaning = rule[1:] if turned else rule
    if meaning in EVENTS:
        _state(heard, meaning, value, name, turned=turned)
    elif meaning in _UNITS:
        heard.facts.update(figures.battery(value, _UNITS[meaning]))
    elif meaning == "telemetry":
        return
    elif meaning == "other":
        heard.others.append(name)
    elif meaning == "time":
        heard.time = value
    elif meaning == "records":
        heard.records += _records(value)
    elif meaning == "datalog":
        heard.records += _datalog(value)
    else:
        _fact(heard, meaning, value, turned=turned)


def _state(heard: Heard, meaning: str, value: Any, name: str, *, turned: bool) -> None:
    active = True if meaning == "join" else truth(value)
    if active is None:
        heard.unread = f"{name} = {shown(value)!r}"
    else:
        heard.states[meaning] = heard.states.get(meaning, False) or active is not turned


def _fact(heard: Heard, meaning: str, value: Any, *, turned: bool) -> None:
    """Take a value as one of the facts, if it is believable."""
    facts = heard.facts
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
        _count(heard, value)
    elif _fails(meaning, value):
        heard.has_fix = False


def _count(heard: Heard, value: Any) -> None:
    """How many; nothing counted is nothing seen."""
    figure = figures.within(value, 0, 10_000)
    if figure is not None and figure >= 1:
        heard.facts["count"] = int(figure)
    elif figure is not None:
        heard.states["detection"] = heard.states["motion"] = False


def _fails(meaning: str, value: Any) -> bool:
    """Whether a field says that the place is none, or old: ``no_fix``, ``fix``, ``fix_age``."""
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

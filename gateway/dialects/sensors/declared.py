"""Remembers the discovery messages of Home Assistant and Tasmota.

Owns, within bounds, which input has which class and where a Tasmota puts its prefix. Must not decide what
an input's value means: it only answers what was declared.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct, field

from gateway.dialects.payloads.bounds import bounded
from gateway.dialects.sensors.names import Purpose
from gateway.domain.model import Message, MessageRefusedError

MAX_DECLARATIONS = 4_096  # that are kept of each kind
TASMOTA = "tasmota/discovery/"

# The device classes of Home Assistant's binary sensors.
CLASSES: Mapping[str, Purpose] = {
    **dict.fromkeys(("door", "garage_door", "opening", "window", "lock"), Purpose.CONTACT),
    **dict.fromkeys(("motion", "moving", "occupancy", "presence"), Purpose.MOTION),
    "vibration": Purpose.SHOCK,
    "tamper": Purpose.TAMPER,
    "battery": Purpose.BATTERY,
    "connectivity": Purpose.LINK,
    **dict.fromkeys(
        (
            *("battery_charging", "carbon_monoxide", "cold", "gas", "heat", "light", "moisture"),
            *("plug", "power", "problem", "running", "safety", "smoke", "sound", "update"),
        ),
        Purpose.DIAGNOSTIC,
    ),
}
_SHORT = {
    "dev": "device",
    "ids": "identifiers",
    "cns": "connections",
    "o": "origin",
    "cmps": "components",
    "p": "platform",
    "dev_cla": "device_class",
    "ent_cat": "entity_category",
    "stat_t": "state_topic",
    "uniq_id": "unique_id",
    "val_tpl": "value_template",
    "mf": "manufacturer",
    "mdl": "model",
    "sn": "serial_number",
    "avty_t": "availability_topic",
}
_ABBREVIATED = {long: short for short, long in _SHORT.items()}
_anything = msgspec.json.Decoder()


class Tasmota(Struct, frozen=True):
    """One Tasmota's own words for on and off, and its names of switches."""

    topic: str
    states: tuple[str, ...] = ("OFF", "ON")
    switches: Mapping[str, int] = {}  # the name in a message -> number


class Declared(Struct):
    """What has been declared so far. When it is full it is emptied."""

    purposes: dict[str, Purpose] = field(default_factory=dict)  # state topic -> class
    tasmotas: dict[str, Tasmota] = field(default_factory=dict)  # topic up to its last level

    def learn(self, message: Message) -> None:
        """Remember a declaration; anything else is ignored."""
        if message.topic.startswith(TASMOTA):
            self._tasmota(_object(message))
        elif message.topic.endswith("/config"):
            self._entities(full(_object(message)))

    def _entities(self, declared: dict[str, Any]) -> None:
        parts = declared.get("components")
        every = [full(one) for one in parts.values()] if isinstance(parts, dict) else [declared]
        for one in every[:256]:
            topic = state_topic({**declared, **one})
            if topic and (told := purpose_of(one)):
                if len(self.purposes) >= MAX_DECLARATIONS:
                    self.purposes.clear()
                self.purposes[topic] = told

    def _tasmota(self, told: dict[str, Any]) -> None:
        """``ft``: FullTopic, ``tp``: prefixes, ``t``: topic, ``state``: words, ``swn``: names."""
        form, prefixes, topic = told.get("ft"), told.get("tp"), told.get("t")
        if not (isinstance(form, str) and isinstance(prefixes, list) and isinstance(topic, str)):
            return
        one = Tasmota(topic, _words(told.get("state")), _switches(told.get("swn")))
        if len(self.tasmotas) >= MAX_DECLARATIONS:
            self.tasmotas.clear()
        for prefix in (word for word in prefixes[1:3] if isinstance(word, str)):
            place = form.replace("%prefix%", prefix).replace("%topic%", topic)
            self.tasmotas[place.strip("/")] = one


def field_of(declared: Mapping[str, Any], name: str) -> Any:
    """A field by its long name, else by its abbreviation."""
    value = declared.get(name)
    return declared.get(_ABBREVIATED[name]) if value is None else value


def full(declared: Any) -> dict[str, Any]:
    """A declaration with the long names for the abbreviated ones; {} for anything else."""
    if not isinstance(declared, dict):
        return {}
    return {str(_SHORT.get(name, name)): value for name, value in declared.items()}


def state_topic(declared: Mapping[str, Any]) -> str:
    """The state topic, with ``~`` replaced by the declaration's base topic."""
    topic, base = declared.get("state_topic"), declared.get("~")
    if not isinstance(topic, str):
        return ""
    return topic.replace("~", base) if isinstance(base, str) else topic


def purpose_of(declared: Mapping[str, Any]) -> Purpose:
    """The purpose of a declared entity, by its class or category."""
    device_class = declared.get("device_class")
    if isinstance(device_class, str) and device_class in CLASSES:
        return CLASSES[device_class]
    category = declared.get("entity_category")
    return Purpose.DIAGNOSTIC if category in ("diagnostic", "config") else Purpose.UNTOLD


def _object(message: Message) -> dict[str, Any]:
    try:
        value = _anything.decode(bounded(message.payload))
    except (MessageRefusedError, msgspec.MsgspecError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _words(told: Any) -> tuple[str, ...]:
    """The device's words for off and on."""
    if isinstance(told, list) and len(told) >= 2 and all(isinstance(one, str) for one in told[:2]):
        return (told[0].lower(), told[1].lower())
    return ("off", "on")


def _switches(told: Any) -> dict[str, int]:
    names: list[Any] = told[:32] if isinstance(told, list) else []
    return {name: at for at, name in enumerate(names, start=1) if isinstance(name, str) and name}

"""Sensor models: the meaning of the fields of a decoded object, from `models.toml` and the configuration.

Owns the words a row may use, the shipped rows and the recognition of an object by its fields.
Must not know a dialect's envelope, a device or a time. A new model is a row, never code.

A field's value is either a meaning (``door = "contact"``) or a small table from values to meanings
(``event = { occupied = "detection" }``, ``"*"``: any other value). ``!`` before a meaning inverts
it (``install = "!tamper"``: not installed is tampering). A dotted name is a field of a nested object.
"""

import tomllib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any

import msgspec
from msgspec import Struct, field

from gateway.dialects.sensors.names import flag
from gateway.domain.errors import BadConfigurationError

MEANINGS: Mapping[str, str] = {
    "contact": "state: open or active = sprung, closed = set (the device's polarity may turn it)",
    "contact:2": "a second contact of the same device, which is called <device>/2",
    "trigger": "moment: active = sprung; inactive says nothing",
    "alarm": "state: active = sprung; inactive says nothing",
    "motion": "state: active = detection",
    "detection": "moment: active = detection",
    "tamper": "active = tamper",
    "button": "pressed = set, on a registered trap",
    "join": "the device started",
    "records": "a list of late records, each read like the object itself",
    "datalog": "the same as text, the way Dragino writes it",
    "time": "when the record was made: seconds since 1970, or text",
    "count": "how many animals; 0 = none was seen",
    "battery": "a figure under a bare name: 0..100, unless it may as well be volts; a word like low",
    "battery_pct": "0..100",
    "battery_v": "volts, or text that starts with them",
    "battery_mv": "millivolts",
    "battery_low": "active = the device says that its battery is low",
    "battery_word": "a word like low or good; figures are passed over",
    "external_power": "active = fed by mains or sun",
    "lat": "degrees",
    "lon": "degrees",
    "accuracy_m": "metres",
    "no_fix": "active = the place in this object is none, or an old one",
    "fix": "inactive, 0 or a word like invalid = the same",
    "fix_age": "seconds since the place was found; over an hour = the same",
    "telemetry": "known, a sign of life",
    "other": "known, of another trade: alone it says nothing about animals, traps or devices",
}
EVENTS = frozenset(
    ("contact", "contact:2", "trigger", "alarm", "motion", "detection", "tamper", "button", "join")
)
SPRINGS = frozenset(("contact", "contact:2", "trigger", "alarm"))  # what a trap's sensor reports
PRIVATE = frozenset(("zigbee2mqtt", "tasmota-zigbee", "senml"))  # rows of other dialects
GENERIC = "generic"  # the row of what fields usually mean, for `assume`
_NONE: frozenset[str] = frozenset()
_MEMORABLE = 32  # names of an object that is remembered at most
_REMEMBERED = 1_024  # objects
_COMMON = "common"  # fields that every row knows

Rule = str | dict[str, str]


class ModelRow(Struct, frozen=True, forbid_unknown_fields=True):
    """A row as written in TOML: shipped, or under ``[models.NAME]`` of the configuration."""

    title: str
    what: str = ""  # what the sensor watches, for a person: "door", "tilt", "motion" ...
    fields: dict[str, Rule] = field(default_factory=dict)
    sign: dict[str, str] = field(default_factory=dict)  # fields whose values prove the model
    port: int | None = None  # its fPort, if only that distinguishes it from another model


class Names(Struct, frozen=True):
    """The fields of an object: all of them, and those that hold an object themselves."""

    all: frozenset[str]
    nested: frozenset[str]


class Model(Struct, frozen=True):
    """A row ready for use."""

    name: str
    title: str
    what: str
    rules: tuple[tuple[tuple[str, ...], Rule], ...]
    by_key: Mapping[str, list[tuple[tuple[str, ...], Rule]]]  # the same by top-level name
    keys: frozenset[str]  # top-level names in the row
    own: frozenset[str]  # those of them that are not in every row
    meanings: frozenset[str]  # meanings that they can have
    eventful: frozenset[str]  # those meanings that can make an event
    sign: Mapping[str, str]
    port: int | None

    def sense(self, names: Names) -> list[tuple[tuple[str, ...], Rule]]:
        """The meanings of those fields of an object that can make an event."""
        wanted = self.eventful & names.all
        return [
            (path, rule)
            for path, rule in self.rules
            if path[0] in wanted and (len(path) > 1) is (path[0] in names.nested)
        ]


class UnknownMeaningError(BadConfigurationError, ValueError):
    """A row uses a word that is not in MEANINGS; the text names row, field and what is allowed."""


class Match(Struct, frozen=True):
    """A model that may read an object.

    `whole`: the row has every field, so nothing is guessed. `proved`: no other row has, so that the model may
    be stored with the device. `rival`: another row that has every field and reads them differently.
    """

    model: Model
    whole: bool
    proved: bool = False
    rival: Model | None = None


class Models(dict[str, Model]):
    """The rows by name, in order of preference, and which objects were recognised before."""

    def __init__(self, rows: Mapping[str, Model]) -> None:
        """`rows`: checked and compiled."""
        super().__init__(rows)
        self.signed = [model for model in rows.values() if model.sign]
        self.plain = [
            model
            for name, model in rows.items()
            if not model.sign and name not in PRIVATE and name != GENERIC
        ]
        self.seen: dict[tuple[Names, int | None], Match | None] = {}


def compile_rows(rows: Mapping[str, ModelRow], common: Mapping[str, Rule]) -> Models:
    """Check rows and compile them. Raises UnknownMeaningError that names the first broken field."""
    return Models({name: _compile(name, row, common) for name, row in rows.items()})


def _compile(name: str, row: ModelRow, common: Mapping[str, Rule]) -> Model:
    own = {path.split(".")[0] for path in row.fields} | set(row.sign)
    rules = dict(row.fields) | {key: rule for key, rule in common.items() if key not in own}
    for path, rule in rules.items():
        for meaning in _meanings(rule):
            if meaning.removeprefix("!") not in MEANINGS:
                raise UnknownMeaningError(
                    f"models.{name}.fields.{path} = {meaning!r}: one of {', '.join(MEANINGS)}"
                )
    paths = tuple((tuple(path.split(".")), rule) for path, rule in rules.items())
    by_key: dict[str, list[tuple[tuple[str, ...], Rule]]] = {}
    for keys, rule in paths:
        by_key.setdefault(keys[0], []).append((keys, rule))
    return Model(
        name=name,
        title=row.title,
        what=row.what,
        rules=paths,
        by_key=by_key,
        keys=frozenset(path.split(".")[0] for path in rules) | frozenset(row.sign),
        own=frozenset(own),
        meanings=frozenset(
            m.removeprefix("!") for rule in row.fields.values() for m in _meanings(rule)
        ),
        eventful=frozenset(
            path.split(".")[0] for path, rule in rules.items() if _makes_events(rule)
        ),
        sign=row.sign,
        port=row.port,
    )


def _meanings(rule: Rule) -> Iterable[str]:
    return [rule] if isinstance(rule, str) else rule.values()


def _makes_events(rule: Rule) -> bool:
    return any(
        meaning.removeprefix("!") in EVENTS | {"records", "datalog"} for meaning in _meanings(rule)
    )


@lru_cache(maxsize=1)
def _written() -> tuple[dict[str, ModelRow], Mapping[str, Rule]]:
    text = files("gateway.dialects.sensors").joinpath("models.toml").read_text(encoding="utf-8")
    rows = msgspec.convert(tomllib.loads(text), dict[str, ModelRow])
    common = rows.pop(_COMMON).fields
    return rows, common


@lru_cache(maxsize=1)
def shipped() -> Models:
    """The models that come with the program, by name, in the order of the file."""
    return compile_rows(*_written())


def with_own(own: Mapping[str, ModelRow]) -> Models:
    """The operator's rows before the shipped ones; a row of the same name replaces the shipped one."""
    _, common = _written()
    rest = {name: model for name, model in shipped().items() if name not in own}
    return Models({**compile_rows(own, common), **rest})


def recognise(models: Models, values: Mapping[str, Any], port: int | None = None) -> Match | None:
    """The row that fits an object best, or None if no row has any of its fields.

    A row's sign proves the model; else it is the row with most of the names, on the right `port` (fPort), the
    first of equal ones. Two rows with all names that read them differently prove nothing.
    """
    for model in models.signed:
        if all(values.get(key) == value for key, value in model.sign.items()):
            return Match(model, whole=True, proved=True)
    names = (_names(values), port)
    if names in models.seen:
        return models.seen[names]
    match = _by_names(models, *names)
    if len(names[0].all) <= _MEMORABLE:
        if len(models.seen) >= _REMEMBERED:
            models.seen.clear()
        models.seen[names] = match
    return match


def _by_names(models: Models, names: Names, port: int | None) -> Match | None:
    keys = frozenset(name for name in names.all if not flag(name))
    known = [model for model in models.plain if model.own & keys]
    if any(model.port == port for model in known if model.port is not None):
        known = [model for model in known if model.port in (None, port)]
    whole = [model for model in known if keys <= model.keys]
    if not whole:
        return _familiar(models.get(GENERIC), known, keys)
    ranks = {model.name: _rank(model, names) for model in whole}
    best = max(whole, key=lambda model: ranks[model.name])
    equal = [model for model in whole if ranks[model.name] == ranks[best.name]]
    rival = next((model for model in equal if model.sense(names) != best.sense(names)), None)
    proved = len(whole) == 1 and len(best.own & keys) > 1
    return Match(best, whole=rival is None, proved=proved, rival=rival)


def _names(values: Mapping[str, Any]) -> Names:
    """Top-level names, and those inside the first late record (256 at most)."""
    names = list(values)[:256]
    objects = [name for name in names if type(values[name]) is dict]
    for name in ("history", "records"):
        rows = values.get(name)
        if isinstance(rows, list) and rows and isinstance(rows[0], dict):
            names += list(rows[0])[:256]
    return Names(frozenset(names), frozenset(objects) if objects else _NONE)


def _rank(model: Model, names: Names) -> tuple[int, int]:
    read = {path[0] for path, _ in model.sense(names)}
    return len(read), len(model.own & names.all)


def _familiar(generic: Model | None, known: Iterable[Model], keys: frozenset[str]) -> Match | None:
    if generic is None or not generic.keys & keys:
        best = max(known, key=lambda model: _likeness(model, keys), default=None)
        return Match(best, whole=False) if best else None
    no_event = keys <= generic.keys and not generic.eventful & keys
    partial = [model for model in known if model.eventful & keys]
    if partial and not no_event:
        return Match(max(partial, key=lambda model: _likeness(model, keys)), whole=False)
    return Match(generic, whole=no_event)


def _likeness(model: Model, keys: frozenset[str]) -> tuple[int, int]:
    return len(model.eventful & keys), len(model.own & keys)

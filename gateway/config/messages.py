"""The error messages for a wrong setting: its key, its value, what is allowed. PURE.

Owns ConfigError and the translation of msgspec's messages. Must not show the value of a secret nor a
table that may contain one.
"""

import difflib
import re
from collections.abc import Iterable
from datetime import date
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from msgspec import Meta, Struct

from gateway.domain.errors import BadConfigurationError

_AT = re.compile(r"^(?P<what>.*?)(?: - at `\$?\.?(?P<path>[^`]*)`)?$", re.DOTALL)
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<key>[^`]*)`")
_MISSING = re.compile(r"Object missing required field `(?P<key>[^`]*)`")
_STEP = re.compile(r"(?P<key>[^.\[\]]+)|\[(?P<index>[^\]]*)\]")
_SECRET = {"password", "secret", "token", "channels", "heartbeat_url", "mail"}
_PLAIN: dict[Any, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: 'text, "in quotes"',
    date: "a date, 2026-11-23",
}


class ConfigError(BadConfigurationError):
    """The configuration cannot be used; the text says which key, its value and what is allowed."""


def explain(text: str, values: dict[str, Any], root: type[Struct]) -> str:
    """The key, its value, and what `root`, the class of all settings, allows there."""
    match = _AT.match(text)
    what, path = (match["what"], match["path"] or "") if match else (text, "")
    kind = _kind(root, path)
    if unknown := _UNKNOWN.search(what):
        return _unknown_key(unknown["key"], path, _keys(kind))
    if missing := _MISSING.search(what):
        key = _below(path, missing["key"])
        return f"{key} is missing; allowed: {allowed(_kind(root, key))}"
    rule = allowed(kind) or what[:1].lower() + what[1:]
    return f"{path or 'configuration'} = {_shown(values, path)}; allowed: {rule}"


def allowed(kind: Any) -> str:
    """What a setting of this annotation allows, in words; "" if there are none."""
    bare, metas = _bare(kind), [arg for arg in get_args(kind) if isinstance(arg, Meta)]
    if described := [meta.description for meta in metas if meta.description]:
        return described[0]
    if get_origin(bare) is Literal:
        return ", ".join(get_args(bare))
    if get_origin(bare) is tuple:
        return _many(get_args(bare))
    if _keys(bare):
        return f"a table with {', '.join(sorted(_keys(bare)))}"
    return " ".join([_PLAIN.get(bare, ""), *map(_bounds, metas)]).strip()


def _many(parts: tuple[Any, ...]) -> str:
    """What a tuple allows: a list of tables, or a list of values."""
    if _keys(parts[0]):
        return "a table of its own for each, under [[double brackets]]"
    if parts[-1] is Ellipsis:
        return f"a list [..., ...], each {allowed(parts[0])}"
    return f"a list [{'; '.join(map(allowed, parts))}]"


def _bounds(meta: Meta) -> str:
    signs = {
        "ge": "at least",
        "gt": "above",
        "le": "at most",
        "lt": "below",
        "min_length": "of length at least",
        "max_length": "of length at most",
    }
    found = [f"{word} {getattr(meta, name):g}" for name, word in _present(meta, signs)]
    return ", ".join(found)


def _present(meta: Meta, signs: dict[str, str]) -> Iterable[tuple[str, str]]:
    return ((name, word) for name, word in signs.items() if getattr(meta, name) is not None)


def _unknown_key(key: str, path: str, known: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(key, known, n=1)
    hint = f" (did you mean {near[0]}?)" if near else ""
    return f"{_below(path, key)}: unknown key{hint}; allowed: {', '.join(sorted(known))}"


def _below(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _kind(root: Any, path: str) -> Any:
    """The annotation at a path such as `people[0].name`; Any if there is none."""
    kind = root
    for step in _STEP.finditer(path):
        bare = _bare(kind)
        if key := step["key"]:
            kind = get_type_hints(bare, include_extras=True).get(key, Any) if _keys(bare) else Any
        else:
            kind = _element(get_args(bare), step["index"])
    return kind


def _element(parts: tuple[Any, ...], index: str) -> Any:
    """The part of a tuple, list or dict annotation for `index` ("..." in a dict)."""
    if not parts:
        return Any
    if parts[-1] is Ellipsis:
        return parts[0]
    return parts[int(index)] if index.isdigit() and int(index) < len(parts) else parts[-1]


def _bare(kind: Any) -> Any:
    """The annotation without limits; X for "X or None"."""
    if get_origin(kind) is Annotated:
        return _bare(get_args(kind)[0])
    if get_origin(kind) in (Union, UnionType):
        return _bare(get_args(kind)[0])
    return kind


def _keys(kind: Any) -> tuple[str, ...]:
    bare = _bare(kind)
    return bare.__struct_fields__ if isinstance(bare, type) and issubclass(bare, Struct) else ()


def _shown(values: Any, path: str) -> str:
    if any(step["key"] in _SECRET for step in _STEP.finditer(path)):
        return "***"
    value = _at(values, path)
    return "{...}" if isinstance(value, dict) else "[...]" if _holds_tables(value) else repr(value)


def _holds_tables(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(one, dict) for one in value)


def _at(values: Any, path: str) -> Any:
    for step in _STEP.finditer(path):
        name = step["key"] or step["index"]
        if isinstance(values, dict):
            values = values.get(
                name, values
            )  # msgspec does not name a key of a free table: show the whole table
        elif isinstance(values, list) and name.isdigit():
            values = values[int(name)]
    return values

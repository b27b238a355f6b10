"""Reads a payload although some of its side fields are impossible.

Owns the second reading of a payload that is JSON but has fields of wrong types: a field that may be missing
is then left out. For a field that the payload cannot do without the message is refused by name.
"""

import types
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Union, get_args, get_origin

import msgspec

from gateway.domain.model import MessageRefusedError, RefusalReason

MOST_ITEMS = 256  # of a list that are checked one by one
_DEEPEST = 6


def mended(kind: Any, value: Any, core: tuple[str, ...] = (), depth: int = 0) -> Any:
    """`value` as the Struct `kind`, without its impossible side fields.

    Raises MessageRefusedError that names a broken core field.

    `core`: fields with a default that are no side fields, by their name in the payload.
    """
    if not isinstance(value, dict):
        raise _broken("", value)
    found: dict[str, Any] = {}
    for field in _fields(kind):
        if field.encode_name not in value:
            if field.required:
                missing = field.encode_name
                raise MessageRefusedError(
                    RefusalReason.MALFORMED, f"{missing} がありません / {missing} is missing"
                )
            continue
        raw = value[field.encode_name]
        try:
            found[field.name] = msgspec.convert(raw, field.type)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            if field.required or field.encode_name in core:
                found[field.name] = _core(field, raw, core, depth)
            elif (part := _part(field.type, raw, core, depth)) is not None:
                found[field.name] = part
    return kind(**found)


@lru_cache(maxsize=64)
def _fields(kind: Any) -> tuple[Any, ...]:
    return msgspec.structs.fields(kind)


def _core(field: Any, raw: Any, core: tuple[str, ...], depth: int) -> Any:
    inner = _struct(field.type)
    if inner is None or not isinstance(raw, dict) or depth > _DEEPEST:
        raise _broken(field.encode_name, raw)
    return mended(inner, raw, core, depth + 1)


def _part(kind: Any, raw: Any, core: tuple[str, ...], depth: int) -> Any:
    """The possible part of a side field: a struct or list without its wrong fields or items."""
    inner = _struct(kind)
    if inner is not None and isinstance(raw, dict) and depth < _DEEPEST:
        return _tried(inner, raw, core, depth)
    if get_origin(kind) is list and isinstance(raw, list) and depth < _DEEPEST:
        item = _struct(get_args(kind)[0])
        if item is not None:
            parts = (_tried(item, one, core, depth) for one in raw[:MOST_ITEMS])
            return [one for one in parts if one is not None]
    return None


def _tried(kind: Any, raw: Any, core: tuple[str, ...], depth: int) -> Any:
    try:
        return mended(kind, raw, core, depth + 1)
    except MessageRefusedError:
        return None


@lru_cache(maxsize=256)
def _struct(kind: Any) -> Any:
    """The Struct in a type like ``_Up`` or ``_Up | None``; None when there is none."""
    if get_origin(kind) in (Union, types.UnionType):
        return next(filter(None, map(_struct, get_args(kind))), None)
    return kind if isinstance(kind, type) and issubclass(kind, msgspec.Struct) else None


def _broken(name: str, raw: Any) -> MessageRefusedError:
    shown = describe(raw)
    where = f"{name} = {shown}" if name else shown
    return MessageRefusedError(RefusalReason.MALFORMED, f"{where}: 使えない値です / cannot be used")


_NAMES: Mapping[type, str] = {dict: "{...}", list: "[...]", type(None): "null", bool: "true/false"}


def describe(value: Any, length: int = 40) -> str:
    """A value as text for a person; of a nested value only the brackets."""
    if isinstance(value, dict | list):
        return _NAMES[type(value)]
    return "null" if value is None else repr(value)[:length]

"""The words for a broken setting: which key, its value, what is allowed. PURE.

Owns the translation of msgspec's messages; a secret's value is never shown.
"""

import difflib
import re
from collections.abc import Callable
from typing import Any

Fields = Callable[[str], tuple[str, ...]]
"""The keys allowed at a path such as `mqtt` or `people[...]`."""

_AT = re.compile(r"^(?P<what>.*?)(?: - at `\$?\.?(?P<path>[^`]*)`)?$", re.DOTALL)
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<key>[^`]*)`")


def explain(text: str, values: dict[str, Any], fields: Fields) -> str:
    """Name the key, its value and what is allowed, from msgspec's message."""
    match = _AT.match(text)
    what, path = (match["what"], match["path"] or "") if match else (text, "")
    if unknown := _UNKNOWN.search(what):
        return _explain_unknown(unknown["key"], path, fields(path))
    value = _at(values, path)
    shown = "***" if _is_secret(path) else repr(value)
    return f"{path or 'configuration'} = {shown}: {what[:1].lower()}{what[1:]}"


def _explain_unknown(key: str, path: str, allowed: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(key, allowed, n=1)
    hint = f" (did you mean {near[0]}?)" if near else ""
    where = f"{path}.{key}" if path else key
    return f"{where}: unknown key{hint}; allowed: {', '.join(sorted(allowed))}"


def _at(values: Any, path: str) -> Any:
    for part in re.findall(r"[^.\[\]]+", path):
        if isinstance(values, dict):
            values = values.get(part, values)
        elif isinstance(values, list):  # msgspec writes [...] for any element: show them all
            continue
    return values


def _is_secret(path: str) -> bool:
    return path.rsplit(".", 1)[-1] in {"password", "secret", "token", "channels"}

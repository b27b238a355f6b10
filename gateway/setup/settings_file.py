"""Lines of the settings file that are changed, with everything else of it left as it is. PURE.

Owns finding the line of a setting in its section. Must not check a value (`gateway.config`).
"""

import re
from collections.abc import Mapping

import msgspec

Value = str | int | bool


def with_settings(text: str, changes: Mapping[str, Mapping[str, Value]]) -> str:
    """The text with the settings of each section; a commented line of the same name is used."""
    for section, settings in changes.items():
        for key, value in settings.items():
            text = _with_setting(text, section, key, value)
    return text


def _with_setting(text: str, section: str, key: str, value: Value) -> str:
    lines = text.splitlines()
    begin = next((n for n, line in enumerate(lines) if line.strip() == f"[{section}]"), None)
    if begin is None:
        lines += ["", f"[{section}]"]
        begin = len(lines) - 1
    end = next((n for n in range(begin + 1, len(lines)) if _HEAD.match(lines[n])), len(lines))
    new = f"{key} = {_literal(value)}"
    active, sleeping = (
        [n for n in range(begin + 1, end) if re.match(rf"{mark}{key}\s*=", lines[n])]
        for mark in ("", "#")
    )
    if found := active or sleeping:
        lines[found[0]] = new
    else:
        lines.insert(begin + 1, new)
    return "\n".join(lines) + "\n"


def _literal(value: Value) -> str:
    """JSON's form is TOML's too, but for one control character."""
    return msgspec.json.encode(value).decode().replace("\x7f", "\\u007f")


_HEAD = re.compile(r"#?\[")

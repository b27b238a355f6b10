"""Settings from the environment, which replace those of the file.

Owns the names of the variables. Must not use a setting.

``SHISHIGAKI_<SECTION>__<KEY>`` holds a setting. ``SHISHIGAKI_<SECTION>__<KEY>_FILE`` names a file that
holds it (for secrets: systemd credentials, container secrets).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_type_hints

import msgspec
from msgspec import Struct

from gateway.config.messages import ConfigError

PREFIX = "SHISHIGAKI_"


def overlay(values: dict[str, Any], environ: Mapping[str, str], root: type[Struct]) -> None:
    """Replace in `values` what the environment sets. Raises ConfigError for an unknown variable."""
    for variable, text in sorted(environ.items()):
        if not variable.startswith(PREFIX) or "__" not in variable:
            continue
        path = variable.removeprefix(PREFIX).lower()
        if path.endswith("_file") and not _is_key(root, path):
            path, text = path.removesuffix("_file"), _secret(variable, text)
        if not _is_key(root, path):
            raise ConfigError(f"environment variable {variable}: no such setting")
        section, key = path.split("__", 1)
        values.setdefault(section, {})[key] = _typed(text, _annotation(root, section, key))


def _is_key(root: type[Struct], path: str) -> bool:
    section, _, key = path.partition("__")
    kind = get_type_hints(root).get(section)
    return isinstance(kind, type) and issubclass(kind, Struct) and key in kind.__struct_fields__


def _annotation(root: type[Struct], section: str, key: str) -> Any:
    return get_type_hints(get_type_hints(root)[section], include_extras=True)[key]


def _secret(variable: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"environment variable {variable}: cannot read {path}: {error}") from None


def _typed(text: str, annotation: Any) -> Any:
    """The text converted to the setting's type; `check` reports a text that does not fit."""
    try:
        return msgspec.convert(text, annotation, strict=False)
    except msgspec.ValidationError:
        return text

"""deploy/config.example.toml: it loads, and every setting stands in it, explained in both languages."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import msgspec
import pytest

from gateway.config import Config, check, load
from tests.deploy.folder import DEPLOY

EXAMPLE = DEPLOY / "config.example.toml"
SETTING = re.compile(r"^#?(\w+) = ")
HEAD = re.compile(r"^#?\[+(\w+)(?:\.[\w-]+)?\]+$")


def sections() -> dict[str, type[msgspec.Struct]]:
    """Section name -> its struct, for tables, lists of tables and named tables."""
    found = {}
    for name, kind in get_type_hints(Config).items():
        inner = kind
        if get_origin(kind) in {tuple, dict}:
            inner = next(one for one in get_args(kind) if one not in {str, ...})
        if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
            found[name] = inner
    return found


def lines_by_section(text: str) -> Iterator[tuple[str, str, str]]:
    """(section, setting, the comment above it) of every setting, in force or not."""
    section, comment = "", ""
    for line in text.splitlines():
        if head := HEAD.match(line):
            section, comment = head[1], ""
        elif setting := SETTING.match(line):
            yield section, setting[1], comment
            comment = ""
        else:
            comment = f"{comment}{line}\n" if line else ""


def uncommented(text: str) -> str:
    """The example with every setting in force."""
    return "\n".join(
        line[1:] if line.startswith("#") and (SETTING.match(line) or HEAD.match(line)) else line
        for line in text.splitlines()
    )


def documented_settings() -> dict[str, dict[str, str]]:
    by_section: dict[str, dict[str, str]] = {}
    for section, setting, comment in lines_by_section(EXAMPLE.read_text(encoding="utf-8")):
        by_section.setdefault(section, {}).setdefault(setting, comment)
    return by_section


def test_the_example_loads_unchanged() -> None:
    config = load(EXAMPLE, {})
    assert config.store.path.startswith("/var/lib/shishigaki/")
    assert config.mqtt.password == config.dashboard.secret == ""


def test_the_example_loads_with_every_setting_uncommented(tmp_path: Path) -> None:
    whole = tmp_path / "whole.toml"
    whole.write_text(uncommented(EXAMPLE.read_text(encoding="utf-8")), encoding="utf-8")
    config = load(whole, {})
    assert config.people[0].name == "taro"
    assert len(config.sources) == 2


@pytest.mark.parametrize("section", sections())
def test_every_setting_of_the_section_stands_in_it(section: str) -> None:
    assert set(sections()[section].__struct_fields__) == set(documented_settings()[section])


def test_every_setting_is_explained_in_japanese_and_english() -> None:
    for section, settings in documented_settings().items():
        for setting, comment in settings.items():
            if section in {"sources", "people"} and not comment:
                continue  # a second example of the same
            assert re.search(r"[ぁ-んァ-ヶ一-龠]", comment), f"{section}.{setting}: no Japanese"
            assert re.search(r"[a-z]{3}", comment), f"{section}.{setting}: no English"


def test_a_commented_setting_shows_its_default() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    whole = tomllib.loads(uncommented(text))
    defaults: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(check({})))
    in_force = tomllib.loads(text)
    for section, values in whole.items():
        if isinstance(values, dict) and section not in {"models", "camera_makes"}:
            for key, value in values.items():
                default = defaults[section][key]
                if key not in in_force.get(section, {}) and default is not None:
                    assert value == default, f"{section}.{key}"

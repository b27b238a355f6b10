"""Settings are changed line by line, everything else of the file stays, and the result can be used."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.config import Config, ConfigError, load
from gateway.setup.settings_file import with_settings
from gateway.setup.steps import write_settings

EXAMPLE = Path(__file__).parents[3] / "deploy" / "config.example.toml"
CHANGES: dict[str, dict[str, str | int | bool]] = {
    "site": {"name": "goto", "title": '三井楽 "奥"', "timezone": "Asia/Tokyo"},
    "dashboard": {"port": 8001},
}


def test_the_shipped_file_takes_the_answers_and_keeps_every_other_line() -> None:
    before = EXAMPLE.read_text(encoding="utf-8")
    after = with_settings(before, CHANGES)
    found = tomllib.loads(after)
    assert found["site"] == {"name": "goto", "title": '三井楽 "奥"', "timezone": "Asia/Tokyo"}
    assert found["dashboard"]["port"] == 8001
    changed = [
        pair
        for pair in zip(before.splitlines(), after.splitlines(), strict=True)
        if pair[0] != pair[1]
    ]
    assert len(changed) == 4, "one line each, nothing is added"


def test_the_same_change_twice_changes_nothing() -> None:
    once = with_settings(EXAMPLE.read_text(encoding="utf-8"), CHANGES)
    assert with_settings(once, CHANGES) == once


def test_a_section_and_a_line_that_are_missing_are_added() -> None:
    assert tomllib.loads(with_settings("[mqtt]\nport = 1\n", CHANGES)) == {
        "mqtt": {"port": 1},
        **CHANGES,
    }


@given(st.text(st.characters(codec="utf-8"), max_size=30))
def test_any_text_is_read_back_as_it_was_given(title: str) -> None:
    after = with_settings("[site]\n", {"site": {"title": title}})
    assert tomllib.loads(after)["site"]["title"] == title


def test_a_change_that_could_not_be_used_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[site]\nname = "site"\n')
    with pytest.raises(ConfigError, match=r"site\.name"):
        write_settings(file, {"site": {"name": "Goto Island"}})
    assert file.read_text() == '[site]\nname = "site"\n'
    assert [one.name for one in tmp_path.iterdir()] == ["config.toml"]
    assert write_settings(file, CHANGES)
    assert not write_settings(file, CHANGES)
    assert isinstance(load(file), Config)
    assert load(file).site.name == "goto"

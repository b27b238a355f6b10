"""Each finding gives its text the values that it shows, in the code of every check."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.doctor.table import CHECKS
from gateway.words.catalogue import LANGUAGES, translations
from tests.architecture.test_catalogues import placeholders

ROOT = Path(__file__).parents[3]
FILES = [*(ROOT / "gateway" / "doctor").rglob("*.py"), ROOT / "dashboard/web/asset_check.py"]


def calls(source: str) -> Iterator[tuple[str, set[str]]]:
    """(key of the text, names of the values) of every finding that is made in a source."""
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
            continue
        if node.func.id in {"well", "unknown", "fault"} and node.args:
            keys = [one.value for one in ast.walk(node.args[0]) if isinstance(one, ast.Constant)]
            for key in keys:
                yield str(key), {one.arg or "" for one in node.keywords}


def wrong(source: str) -> list[str]:
    words = translations("en").words
    return [key for key, given in calls(source) if placeholders(words[key]) != given]


@pytest.mark.parametrize("file", FILES, ids=lambda one: one.stem)
def test_every_finding_has_the_values_of_its_text(file: Path) -> None:
    assert wrong(file.read_text(encoding="utf-8")) == []


def test_control_a_value_of_another_name_is_found() -> None:
    assert wrong('fault("doctor.unwell", "x", why="")') == ["doctor.unwell"]


def test_every_check_has_a_title() -> None:
    for language in LANGUAGES:
        assert {f"check.{one.name}" for one in CHECKS} <= translations(language).words.keys()

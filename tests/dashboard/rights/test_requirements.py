"""Each test that SECURITY.md names exists."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "dashboard/SECURITY.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`([\w/]+\.py)(?:::(\w+))?` \|$", TEXT, re.MULTILINE)


def exists(path: str, function: str) -> bool:
    """Whether a file of tests exists, and in it the function if one is named."""
    file = ROOT / "tests" / path
    if not file.is_file():
        return False
    tree = ast.parse(file.read_text(encoding="utf-8"))
    names = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    return function in names if function else any(name.startswith("test_") for name in names)


@pytest.mark.parametrize(("path", "function"), NAMED)
def test_a_requirement_names_a_test_that_exists(path: str, function: str) -> None:
    assert exists(path, function)


def test_requirements_are_found_and_a_test_that_does_not_exist_is_noticed() -> None:
    assert len(NAMED) >= 20
    assert not exists("dashboard/rights/test_matrix.py", "test_nothing_of_the_kind")
    assert not exists("dashboard/rights/test_none.py", "")

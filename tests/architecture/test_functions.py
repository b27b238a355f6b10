"""Functions are short and take few parameters: measured over the whole product."""

import ast
from functools import cache
from statistics import median
from typing import NamedTuple

from tests.architecture.sources import FILES, tree

MOST_LINES = 40
MOST_MEDIAN = 8
MOST_PARAMETERS = 7  # beside self
# "module:function" -> why it is longer. Empty: nothing is.
LONGER: dict[str, str] = {}


class Function(NamedTuple):
    """One function of the source."""

    name: str
    lines: int
    parameters: int


def functions(module: ast.Module, name: str) -> list[Function]:
    """Every function and method of a module, inner ones too; decorators are not counted."""
    found = []
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            names = [one.arg for one in given if one.arg not in {"self", "cls"}]
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            found.append(Function(f"{name}:{node.name}", lines, len(names)))
    return found


@cache
def all_functions() -> tuple[Function, ...]:
    """Every function of the product."""
    return tuple(function for path in FILES for function in functions(tree(path), path))


def test_no_function_is_long() -> None:
    long = {one.name for one in all_functions() if one.lines > MOST_LINES}
    assert long == set(LONGER)


def test_most_functions_are_short() -> None:
    assert len(all_functions()) > 1_000
    assert median(one.lines for one in all_functions()) <= MOST_MEDIAN


def test_no_function_takes_many_parameters() -> None:
    assert [one for one in all_functions() if one.parameters > MOST_PARAMETERS] == []


def test_control_a_long_function_is_measured() -> None:
    source = "class A:\n    def f(self, a, *, b):\n" + "        a = b\n" * 41
    assert functions(ast.parse(source), "m") == [Function("m:f", 42, 2)]

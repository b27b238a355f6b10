"""The tree of errors in `gateway.domain.errors` is complete and true."""

import ast
import re
from collections.abc import Iterator
from importlib import import_module

from gateway.domain import errors
from tests.architecture.sources import module, python_files, tree

BRANCHES = (errors.BadInputError, errors.BadConfigurationError, errors.UnreachableError)


def defined() -> Iterator[str]:
    """module.Class of every public exception of the gateway and its pages, read from the code."""
    for path in python_files("gateway", "dashboard"):
        for node in tree(path).body:
            if isinstance(node, ast.ClassDef) and is_error(node) and node.name[0] != "_":
                yield f"{module(path)}.{node.name}"


def is_error(node: ast.ClassDef) -> bool:
    """Whether a class is an exception, by the names of its bases."""
    return any(ast.unparse(base).endswith(("Error", "Exception")) for base in node.bases)


def listed() -> dict[str, list[str]]:
    """module.Class by branch, as the page says it."""
    found: dict[str, list[str]] = {}
    branch = ""
    for line in (errors.__doc__ or "").splitlines():
        if name := re.fullmatch(r" {4,7}(\w+Error)", line):
            branch = name[1]
        elif name := re.fullmatch(r" {8,}((?:gateway|dashboard)\.[\w.]+Error)", line):
            found.setdefault(branch, []).append(name[1])
    return found


def test_the_module_of_errors_lists_every_exception_of_the_project() -> None:
    ours = {name for name in defined() if not name.startswith(errors.__name__)}
    named = [name for names in listed().values() for name in names]
    assert len(ours) > 20
    assert sorted(named) == sorted(ours)


def test_each_exception_derives_from_exactly_the_branch_that_lists_it() -> None:
    assert set(listed()) == {branch.__name__ for branch in BRANCHES}
    for branch, names in listed().items():
        for name in names:
            home, _, class_name = name.rpartition(".")
            error = getattr(import_module(home), class_name)
            above = [one.__name__ for one in BRANCHES if issubclass(error, one)]
            assert above == [branch], name


def test_every_branch_of_errors_names_who_can_solve_it() -> None:
    assert all(issubclass(branch, errors.ShishigakiError) for branch in BRANCHES)


def test_a_new_exception_outside_the_tree_would_be_found() -> None:
    [stray] = ast.parse("class StrayError(Exception): pass").body
    assert isinstance(stray, ast.ClassDef)
    assert is_error(stray)

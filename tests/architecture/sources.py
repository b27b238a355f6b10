"""The project's own source files, each read and parsed once for all tests of the architecture.

Owns where the product's and the tests' Python files are, and what each imports. Must not judge them.
"""

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("gateway", "dashboard", "firmware_sim")


def python_files(*rooms: str) -> list[str]:
    """The Python files of some top folders, as paths from the root."""
    paths = (path for room in rooms for path in (ROOT / room).rglob("*.py"))
    return sorted(str(path.relative_to(ROOT)) for path in paths)


def module(path: str) -> str:
    """The full name of the module in a file."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


FILES = python_files(*ROOMS)
TESTS = [path for path in python_files("tests") if not path.endswith("__init__.py")]
MODULES = {module(path): path for path in FILES}


@cache
def source(path: str) -> str:
    """The text of a file."""
    return (ROOT / path).read_text(encoding="utf-8")


@cache
def tree(path: str) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(source(path))


@cache
def imports(path: str) -> frozenset[str]:
    """Every name that a file imports; of our own modules the module, not what is in it."""
    names: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: relative import"
            full = (f"{node.module}.{alias.name}" for alias in node.names)
            names.update(name if name in MODULES else str(node.module) for name in full)
    return frozenset(names)

"""Every file, module and package that a document names exists, and the README names every package."""

import pkgutil
import re
from collections import Counter
from functools import cache
from pathlib import Path

import msgspec
import pytest

from gateway.config import Dashboard

ROOT = Path(__file__).parents[2]
PACKAGES = ("gateway", "dashboard", "firmware_sim", "tests", "deploy")
DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *(path for name in PACKAGES for path in (ROOT / name).rglob("*.md"))]
)
NAMES = [str(path.relative_to(ROOT)) for path in DOCUMENTS]
FILES = {str(path.relative_to(ROOT)) for name in PACKAGES for path in (ROOT / name).rglob("*.py")}
SETTINGS = {f"dashboard.{field.name}" for field in msgspec.structs.fields(Dashboard)}
MODULES_UNNAMED = 2  # a package with more modules than this stands in the README's tree

PYTHON_FILE = re.compile(r"[\w./-]*\w\.py\b")
PROJECT_PATH = re.compile(rf"`((?:{'|'.join(PACKAGES)})/[\w./-]*)`")
DOTTED = re.compile(r"\b(?:gateway|dashboard|firmware_sim|tests)(?:\.\w+)+")
CERTIFICATES = re.compile(r"gateway\.(?:key|csr|crt)")


def missing(text: str) -> list[str]:
    """Names in a document that are no file, folder, module or definition of the project."""
    files = [name for name in PYTHON_FILE.findall(text) if not is_file(name)]
    paths = [
        name
        for name in PROJECT_PATH.findall(text)
        if not any((start / name).exists() for start in (ROOT, ROOT / "tests"))
    ]
    dotted = [
        name
        for name in DOTTED.findall(text)
        if not CERTIFICATES.fullmatch(name) and name not in SETTINGS and not is_definition(name)
    ]
    return [*files, *paths, *dotted]


def is_file(name: str) -> bool:
    """A document may leave out the first folders of a path."""
    return any(path == name or path.endswith(f"/{name}") for path in FILES)


def is_definition(name: str) -> bool:
    try:
        pkgutil.resolve_name(name)
    except (ImportError, AttributeError):
        return False
    return True


@pytest.mark.parametrize("document", NAMES)
def test_every_name_of_the_project_in_a_document_exists(document: str) -> None:
    assert missing((ROOT / document).read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "name",
    [
        "gateway/alerts/ticker.py",
        "ticker.py",
        "`gateway/shelf/`",
        "gateway.domain.mesh",
        "gateway.domain.geo.mesh.mesh_of_nowhere",
        "dashboard.public_address",
    ],
)
def test_control_an_invented_name_is_found(name: str) -> None:
    assert missing(f"Read {name} first.")


@cache
def tree_of(readme: str) -> frozenset[str]:
    """Folders named in the tree "Where everything lives", with their full paths.

    A line begins with one or more folders at the depth of its indent; folders named in the text behind
    lie inside the first of them.
    """
    tree = readme.split("## Where everything lives")[1].split("```")[1]
    named: set[str] = set()
    parents: list[str] = []
    for line in filter(str.strip, tree.splitlines()):
        indent = (len(line) - len(line.lstrip())) // 2
        first, _, text = line.strip().partition("  ")
        above = "".join(f"{parent}/" for parent in parents[:indent])
        folders = [name.rstrip("/") for name in first.split() if name.endswith("/")]
        named |= {above + folder for folder in folders}
        for folder in folders[:1]:
            named |= {f"{above}{folder}/{inner}" for inner in inner_folders(text)}
        parents = [*parents[:indent], *folders[:1]]
    return frozenset(named)


def inner_folders(text: str) -> list[str]:
    """`a/ b/c/ d/{e,f}` -> a, b/c, d/e, d/f, and the folders above them."""
    found = []
    for path, choices in re.findall(r"(?<![\w/])((?:\w+/)+)(?:\{([\w,]+)\})?", text):
        whole = path.rstrip("/")
        found += [whole, *(f"{whole}/{choice}" for choice in choices.split(",") if choice)]
    return found


def packages_to_name() -> list[str]:
    """Packages with several modules; tests of a package lie in a folder of the same name."""
    modules = Counter(str(Path(path).parent) for path in FILES if "__init__" not in path)
    return sorted(
        folder
        for folder, count in modules.items()
        if count > MODULES_UNNAMED
        and not re.match(r"tests/\w+/|tests/(gateway|dashboard|firmware_sim)$", folder)
    )


README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("folder", packages_to_name())
def test_every_package_with_several_modules_is_in_the_tree_of_the_readme(folder: str) -> None:
    assert folder in tree_of(README)


def test_every_folder_in_the_tree_of_the_readme_exists() -> None:
    assert {folder for folder in tree_of(README) if not (ROOT / folder).is_dir()} == set()


def test_control_a_folder_missing_in_the_tree_is_found() -> None:
    without = README.replace("  mqtt/  ", "        ", 1)
    assert "gateway/mqtt" in tree_of(README) - tree_of(without)

"""Who may import whom: held by folder names, read from the code."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("gateway", "dashboard", "firmware_sim")
FILES = sorted(
    str(path.relative_to(ROOT)) for room in ROOMS for path in (ROOT / room).rglob("*.py")
)
MOST_MODULES = 13  # in one folder, beside __init__.py
MOST_LINES = 300

# A package may import only what stands in a later row. Packages of one row never import each other.
ORDER: tuple[tuple[str, ...], ...] = (
    ("gateway.__main__",),
    ("gateway.cli",),
    ("gateway.app",),
    ("gateway.parts",),
    ("dashboard.app", "dashboard.serve"),
    ("dashboard.public", "dashboard.api"),
    ("dashboard.office", "dashboard.trapper", "dashboard.installer", "dashboard.people"),
    ("dashboard.live",),
    ("dashboard.maps",),
    ("dashboard.web",),
    ("dashboard.documents",),
    ("dashboard.analysis",),
    ("gateway.ingest", "gateway.export", "gateway.faults", "gateway.watchdog"),
    ("gateway.alerts", "gateway.metrics"),
    ("gateway.mqtt",),
    ("gateway.config", "gateway.store"),
    ("gateway.dialects", "gateway.clock", "gateway.version", "gateway.signals"),
    ("gateway.domain",),
    ("gateway.words",),
)
INSIDE: dict[str, tuple[tuple[str, ...], ...]] = {  # the same rule among the parts of one package
    "gateway.ingest": (("devices", "people", "files", "photos"), ("messages",), ("tables",)),
    "gateway.alerts": (
        ("notifier", "scheduler"),
        ("claims", "evaluation"),
        ("apply",),
        ("policy",),
        ("channels", "rules"),
    ),
    "gateway.export": (("topics", "influx", "files"),),
    "gateway.dialects": (("table",), ("lorawan",), ("sensors",)),
}
PURE = (
    "gateway.words",
    "gateway.domain",
    "gateway.dialects",
    "gateway.alerts.rules",
    "gateway.config.thresholds",
    "dashboard.analysis",
)
PURE_LIBRARIES = {"msgspec", "numpy", "shapely"}
PURE_READS = {  # their own tables, once
    "gateway.dialects.sensors.models": {"importlib.resources"},
    "gateway.words.catalogue": {"importlib.resources", "importlib.resources.abc"},
}
IMPURE = {
    "asyncio",
    "os",
    "pathlib",
    "random",
    "socket",
    "subprocess",
    "threading",
    "time",
    "logging",
}
HOME = {  # a library -> the only packages that use it
    "aiomqtt": ("gateway.mqtt",),
    "amqtt": ("gateway.mqtt",),
    "mqtt5": ("gateway.mqtt",),
    "paho": ("gateway.mqtt", "firmware_sim"),
    "apsw": ("gateway.store", "dashboard.documents.geopackage"),
    "influxdb_client": ("gateway.export.influx",),
    "PIL": ("gateway.ingest.photos",),
    "pillow_heif": ("gateway.ingest.photos",),
    "apprise": ("gateway.alerts.channels",),
    "imap_tools": ("gateway.alerts.replies",),
    "folium": ("dashboard.maps", "dashboard.office.map", "dashboard.web.assets"),
}


def module(path: str) -> str:
    """The full name of the module in a file."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


MODULES = {module(path): path for path in FILES}


def imports(path: str) -> set[str]:
    """Every name that a file imports; of our own modules the module, not what is in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: relative import"
            full = (f"{node.module}.{alias.name}" for alias in node.names)
            names.update(name if name in MODULES else str(node.module) for name in full)
    return names


def within(name: str, packages: tuple[str, ...]) -> bool:
    """Whether a module is one of the packages or stands in one."""
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def rank(name: str, order: tuple[tuple[str, ...], ...]) -> int | None:
    """The row of the order that a module belongs to; None when no row names it."""
    return next((row for row, packages in enumerate(order) if within(name, packages)), None)


def breaches(order: tuple[tuple[str, ...], ...], files: list[str]) -> list[str]:
    """Imports that go up in the order, or across a row."""
    found = []
    for path in files:
        here = rank(module(path), order)
        for name in imports(path):
            there = rank(name, order)
            if here is None or there is None or there > here:
                continue
            same = any(within(module(path), (p,)) and within(name, (p,)) for p in order[here])
            if not same:
                found.append(f"{path} imports {name}")
    return found


def test_packages_import_only_packages_of_later_rows() -> None:
    assert breaches(ORDER, FILES) == []


@pytest.mark.parametrize("package", INSIDE)
def test_the_parts_of_a_package_keep_their_order(package: str) -> None:
    order = tuple(tuple(f"{package}.{part}" for part in row) for row in INSIDE[package])
    assert breaches(order, [p for p in FILES if within(module(p), (package,))]) == []


def test_control_an_import_against_the_order_is_found() -> None:
    order = (("gateway.domain",), ("gateway.store",))
    assert any("gateway/store/" in breach for breach in breaches(order, FILES))


@pytest.mark.parametrize("path", FILES)
def test_every_module_has_its_place_in_the_order(path: str) -> None:
    name = module(path)
    assert name in ROOMS or within(name, ("firmware_sim",)) or rank(name, ORDER) is not None


@pytest.mark.parametrize("path", [p for p in FILES if within(module(p), PURE)])
def test_a_pure_module_imports_only_what_is_pure(path: str) -> None:
    allowed = PURE_READS.get(module(path), set())
    for name in imports(path):
        top = name.split(".")[0]
        if top in ROOMS:
            assert within(name, PURE), f"{path} imports {name}"
        elif name not in allowed:
            assert top in PURE_LIBRARIES or top in sys.stdlib_module_names, f"{path}: {name}"
            assert top not in IMPURE, f"{path} imports {name}"


@pytest.mark.parametrize("path", [p for p in FILES if p.startswith("firmware_sim/")])
def test_the_simulator_imports_no_other_package(path: str) -> None:
    assert [n for n in imports(path) if within(n, ("gateway", "dashboard"))] == []


@pytest.mark.parametrize(
    "path", [p for p in FILES if not p.startswith(("firmware_sim/", "gateway/cli/"))]
)
def test_only_commands_import_the_simulator(path: str) -> None:
    assert [n for n in imports(path) if within(n, ("firmware_sim",))] == []


@pytest.mark.parametrize("library", HOME)
def test_a_library_with_a_home_is_used_only_there(library: str) -> None:
    users = {path for path in FILES if any(within(n, (library,)) for n in imports(path))}
    assert {path for path in users if not within(module(path), HOME[library])} == set()


TESTS = sorted(
    str(path.relative_to(ROOT))
    for path in (ROOT / "tests").rglob("*.py")
    if path.name != "__init__.py"
)


@pytest.mark.parametrize("path", [*FILES, *TESTS])
def test_every_module_says_what_it_is_and_stays_short(path: str) -> None:
    source = (ROOT / path).read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(source)), f"{path}: no docstring"
    assert source.count("\n") <= MOST_LINES, f"{path}: more than {MOST_LINES} lines"


def test_the_formatter_formats_everything() -> None:
    """A table laid out by hand is found by eye only; a longer module is split by subject."""
    marks = ("# fmt: " + "skip", "# fmt: " + "off")
    sources = (p for room in (*ROOMS, "tests") for p in (ROOT / room).rglob("*.py"))
    assert [path.name for path in sources if any(m in path.read_text("utf-8") for m in marks)] == []


def test_no_folder_has_too_many_modules() -> None:
    folders: dict[Path, int] = {}
    for path in (p for room in (*ROOMS, "tests") for p in (ROOT / room).rglob("*.py")):
        folders[path.parent] = folders.get(path.parent, 0) + (path.name != "__init__.py")
    crowded = {str(f.relative_to(ROOT)): n for f, n in folders.items() if n > MOST_MODULES}
    assert crowded == {}


def test_browser_tests_are_in_one_folder() -> None:
    """Playwright's loop keeps asyncio.run from every later test until its package ends."""
    users = [
        path for path in (ROOT / "tests").rglob("*.py") if "playwright" in path.read_text("utf-8")
    ]
    elsewhere = {path for path in users if "browser" not in path.relative_to(ROOT).parts}
    assert {path.name for path in elsewhere} == {"screenshot.py", "test_imports.py"}

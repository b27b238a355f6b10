"""Who may import whom: held by folder names, read from the code."""

import ast
import sys
from collections import Counter

import pytest

from tests.architecture.sources import (
    FILES,
    ROOMS,
    TESTS,
    imports,
    module,
    python_files,
    source,
    tree,
)

MOST_MODULES = 13  # in one folder, beside __init__.py
MOST_LINES = 300

# A package may import only what stands in a later row. Packages of one row never import each other.
ORDER: tuple[tuple[str, ...], ...] = (
    ("gateway.__main__",),
    ("gateway.cli",),
    ("gateway.app",),
    ("gateway.upkeep",),
    ("gateway.parts",),
    ("dashboard.app", "dashboard.serve"),
    ("dashboard.public", "dashboard.api"),
    (
        "dashboard.office",
        "dashboard.trapper",
        "dashboard.pictures",
        "dashboard.installer",
        "dashboard.people",
    ),
    ("dashboard.live",),
    ("dashboard.maps",),
    ("dashboard.web",),
    ("dashboard.documents",),
    ("dashboard.analysis",),
    ("gateway.setup",),
    ("gateway.doctor",),
    ("gateway.backup",),
    ("gateway.ingest", "gateway.export", "gateway.region", "gateway.faults", "gateway.watchdog"),
    ("gateway.alerts", "gateway.metrics", "gateway.following"),
    ("gateway.upgrade",),
    ("gateway.mqtt", "gateway.broker"),
    ("gateway.config", "gateway.store"),
    (
        "gateway.dialects",
        "gateway.clock",
        "gateway.version",
        "gateway.signals",
        "gateway.stopping",
        "gateway.atomic_file",
    ),
    ("gateway.domain",),
    ("gateway.words",),
)
INSIDE: dict[str, tuple[tuple[str, ...], ...]] = {  # the same rule among the parts of one package
    "gateway.ingest": (
        ("pictures",),
        ("devices", "people", "files", "photos", "reports"),
        ("messages",),
        ("tables",),
    ),
    "gateway.alerts": (
        ("notifier", "scheduler"),
        ("claims", "evaluation"),
        ("apply",),
        ("policy",),
        ("channels", "rules"),
    ),
    "gateway.export": (("topics", "influx", "files"),),
    "gateway.region": (
        ("upward",),
        ("uplink", "hub"),
        ("verify",),
        ("protocol",),
        ("records", "sharing"),
    ),
    "gateway.dialects": (("table",), ("lorawan",), ("sensors",)),
}
PURE = (
    "gateway.words",
    "gateway.domain",
    "gateway.dialects",
    "gateway.alerts.rules",
    "gateway.config.thresholds",
    "gateway.region.protocol",
    "gateway.region.records",
    "gateway.region.sharing",
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
    "PIL": ("gateway.ingest.photos", "dashboard.office.papers.thumbnails"),
    "pillow_heif": ("gateway.ingest.photos",),
    "apprise": ("gateway.alerts.channels",),
    "pyarrow": ("gateway.region.hub",),
    "imap_tools": ("gateway.alerts.replies",),
    "fpdf": ("dashboard.documents.paper",),
    "folium": ("dashboard.maps", "dashboard.web.assets"),
}


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


def test_every_module_has_its_place_in_the_order() -> None:
    named = (name for name in map(module, FILES) if not within(name, ("firmware_sim",)))
    assert [name for name in named if name not in ROOMS and rank(name, ORDER) is None] == []


def impure(path: str, name: str) -> bool:
    """Whether a module that must be pure may not import `name`."""
    top = name.split(".")[0]
    if top in ROOMS:
        return not within(name, PURE)
    if name in PURE_READS.get(module(path), set()):
        return False
    known = top in PURE_LIBRARIES or top in sys.stdlib_module_names
    return not known or top in IMPURE


def test_a_pure_module_imports_only_what_is_pure() -> None:
    pure = [path for path in FILES if within(module(path), PURE)]
    assert len(pure) > 50
    assert [(path, name) for path in pure for name in imports(path) if impure(path, name)] == []


@pytest.mark.parametrize("name", ["asyncio", "gateway.store.reader", "uvicorn"])
def test_control_an_impure_import_is_found(name: str) -> None:
    assert impure("gateway/domain/model.py", name)


def users(package: str, files: list[str]) -> set[str]:
    """The files among these that import from a package."""
    return {path for path in files if any(within(name, (package,)) for name in imports(path))}


def test_the_simulator_imports_no_other_package() -> None:
    simulator = [path for path in FILES if path.startswith("firmware_sim/")]
    assert len(simulator) > 10
    assert users("gateway", simulator) | users("dashboard", simulator) == set()


def test_only_commands_import_the_simulator() -> None:
    found = users("firmware_sim", FILES)
    assert any(path.startswith("gateway/cli/") for path in found)
    assert {p for p in found if not p.startswith(("firmware_sim/", "gateway/cli/"))} == set()


@pytest.mark.parametrize("library", HOME)
def test_a_library_with_a_home_is_used_only_there(library: str) -> None:
    found = users(library, FILES)
    assert {path for path in found if not within(module(path), HOME[library])} == set()


def test_every_module_says_what_it_is_and_stays_short() -> None:
    everything = [*FILES, *TESTS]
    assert [path for path in everything if not ast.get_docstring(tree(path))] == []
    assert [path for path in everything if source(path).count("\n") > MOST_LINES] == []


def test_the_formatter_formats_everything() -> None:
    """A table laid out by hand is found by eye only; a longer module is split by subject."""
    marks = ("# fmt: " + "skip", "# fmt: " + "off")
    sources = [*FILES, *python_files("tests")]
    assert [path for path in sources if any(mark in source(path) for mark in marks)] == []


def test_no_folder_has_too_many_modules() -> None:
    folders = Counter(
        path.rpartition("/")[0] for path in [*FILES, *TESTS] if "__init__" not in path
    )
    assert {folder: count for folder, count in folders.items() if count > MOST_MODULES} == {}


def test_browser_tests_are_in_one_folder() -> None:
    """Playwright's loop keeps asyncio.run from every later test until its package ends."""
    found = [path for path in python_files("tests") if "playwright" in source(path)]
    elsewhere = {path for path in found if "browser" not in path.split("/")}
    assert elsewhere == {"tests/support/screenshot.py", "tests/architecture/test_imports.py"}

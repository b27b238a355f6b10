"""Who may import whom: the design's rule, read from the code."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PURE = {  # standard library, these libraries and each other
    "gateway/domain/model.py",
    "gateway/dialects/native_protocol.py",
    "gateway/domain/device_state.py",
    "gateway/domain/effort.py",
    "gateway/domain/timing.py",
    "gateway/domain/accounts.py",
    "gateway/domain/errors.py",
    "gateway/domain/trap_lifecycle.py",
    "gateway/domain/alert_lifecycle.py",
    "gateway/domain/geo/areas.py",
    "gateway/mqtt/certificate.py",
    *(str(path.relative_to(ROOT)) for path in (ROOT / "gateway/rules").glob("*.py")),
    "gateway/alerts/texts.py",
    "gateway/domain/geo/mesh.py",
    "gateway/domain/species.py",
    "gateway/ingest/devices/lists.py",
    "gateway/config/messages.py",
    "gateway/ingest/files/camtrapdp.py",
    "gateway/ingest/files/cell_values.py",
    "gateway/ingest/files/import_report.py",
    "gateway/ingest/files/report_columns.py",
    "gateway/domain/resident_reports.py",
    "gateway/ingest/files/report_table.py",
    "gateway/config/office.py",
    "gateway/cli/demo/diary.py",
    "gateway/cli/demo/village.py",
    "gateway/export/files/camtrapdp.py",
    "gateway/ingest/messages/discovery.py",
    "gateway/export/topics/retained.py",
    "gateway/export/topics/homeassistant.py",
    "gateway/ingest/messages/state_changes.py",
    "gateway/ingest/devices/message_trace.py",
    "gateway/ingest/messages/corrections.py",
    *(str(path.relative_to(ROOT)) for path in (ROOT / "gateway/dialects").glob("*.py")),
    *(
        f"dashboard/{name}.py"
        for name in (
            "activity",
            "coverage",
            "pdf",
            "table",
            "plots",
            "span",
            "wish",
            "density",
            "frame",
            "ground",
            "hotspots",
            "kriging",
            "plane",
            "poisson",
            "proposals",
            "raster",
            "rate",
            "rates",
            "reasons",
            "significance",
            "siting",
            "surface",
        )
    ),
}
PURE_LIBRARIES = {"msgspec", "numpy", "shapely", "folium"}
KNOW_EVERYONE = {"gateway/app.py", "gateway/cli/demo/island.py"}
DASHBOARD_MAY = {
    "gateway.domain.model", "gateway.domain.accounts", "gateway.domain.trap_lifecycle", "gateway.store", "gateway.domain.geo.mesh",
    "gateway.config", "gateway.clock", "gateway.domain.errors",
    "gateway.store.feed", "gateway.domain.device_state", "gateway.alerts.texts", "gateway.alerts.rules", "gateway.domain.species",
    "gateway.domain.effort", "gateway.config.office", "gateway.domain.resident_reports",
    "gateway.ingest.devices.approval", "gateway.ingest.devices.message_trace", "gateway.dialects.table",
    "gateway.ingest.people.actions", "gateway.ingest.messages.batch", "gateway.alerts.links", "gateway.alerts.policy",
}  # fmt: skip
FILES = sorted(
    str(path.relative_to(ROOT))
    for room in ("gateway", "dashboard", "firmware_sim")
    for path in (ROOT / room).rglob("*.py")
)


def imports(path: str) -> set[str]:
    """Every module that a file imports, by full name."""
    names: set[str] = set()
    for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: relative import"
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def ours(names: set[str], room: str) -> set[str]:
    return {name for name in names if name == room or name.startswith(f"{room}.")}


def within(name: str, allowed: set[str]) -> bool:
    return any(name == a or name.startswith(f"{a}.") for a in allowed)


@pytest.mark.parametrize("path", sorted(PURE))
def test_a_pure_file_imports_only_what_is_pure(path: str) -> None:
    pure_modules = {p.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for p in PURE}
    for name in imports(path):
        top = name.split(".")[0]
        if top in {"gateway", "dashboard"}:
            assert within(name, pure_modules) or any(
                m.startswith(f"{name}.") for m in pure_modules
            ), name
        else:
            assert top in PURE_LIBRARIES or top in sys.stdlib_module_names, f"{path} imports {name}"


@pytest.mark.parametrize("path", [p for p in FILES if p.startswith("firmware_sim/")])
def test_the_simulator_knows_nothing_of_the_others(path: str) -> None:
    assert ours(imports(path), "gateway") | ours(imports(path), "dashboard") == set()


@pytest.mark.parametrize("path", [p for p in FILES if p.startswith("dashboard/")])
def test_the_dashboard_knows_only_the_gateways_words_and_store(path: str) -> None:
    strangers = {
        name
        for name in ours(imports(path), "gateway") - {"gateway"}
        if not within(name, DASHBOARD_MAY)
    }
    assert strangers == set()
    assert ours(imports(path), "firmware_sim") == set()


@pytest.mark.parametrize("path", [p for p in FILES if p.startswith("gateway/")])
def test_only_the_composition_root_and_commands_know_everyone(path: str) -> None:
    if path in KNOW_EVERYONE or path.startswith("gateway/cli/"):
        return
    assert ours(imports(path), "dashboard") | ours(imports(path), "firmware_sim") == set()


@pytest.mark.parametrize("library", ["paho", "aiomqtt", "mqtt5", "amqtt"])
def test_only_the_mqtt_files_talk_mqtt(library: str) -> None:
    users = {path for path in FILES if ours(imports(path), library) and path.startswith("gateway/")}
    assert {
        path for path in users if "mqtt" not in path and path != "gateway/mqtt/embedded_broker.py"
    } == set()


def test_only_the_store_speaks_sql() -> None:
    users = {path for path in FILES if ours(imports(path), "apsw")}
    assert {p for p in users if not p.startswith("gateway/store/")} <= {
        "gateway/ingest/messages/intake.py"
    }


@pytest.mark.parametrize("path", FILES)
def test_every_module_says_what_it_is_and_stays_short(path: str) -> None:
    source = (ROOT / path).read_text(encoding="utf-8")
    if not source.strip():
        return
    assert ast.get_docstring(ast.parse(source)), f"{path}: no docstring"
    assert source.count("\n") <= 300, f"{path}: more than 300 lines"


def test_browser_tests_stand_together() -> None:
    """Playwright's loop keeps asyncio.run from every later test until its package ends."""
    users = [
        path for path in (ROOT / "tests").rglob("*.py") if "playwright" in path.read_text("utf-8")
    ]
    elsewhere = {
        str(path.relative_to(ROOT / "tests")) for path in users if path.parent.name != "browser"
    }
    assert elsewhere == {"screenshot.py", "test_architecture.py"}

"""Packages of other projects give the effort and the events that camtraptor counts, on every row."""

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest

from gateway.domain import species
from gateway.domain.model import Kind
from gateway.ingest.files import replay
from gateway.ingest.files.camtrapdp import cells
from gateway.ingest.files.camtrapdp import package as camtrapdp
from gateway.ingest.files.camtrapdp.tables import PackageError
from gateway.ingest.tables.import_report import kinds
from gateway.store import Store
from gateway.store.answers import DeviceEffort
from tests.gateway.ingest.files.foreign import INSIGHTS, OLDER, SHAPES, expected, package
from tests.gateway.ingest.files.packages import NOW, read
from tests.science.shared import ROOT, needs_shared
from tests.support.samples import open_store

FOREVER = (-(10**6), 10**6)


def code(name: str) -> str:
    return species.PERSON if name == "Homo sapiens" else species.code(name) or name


def rate(store: Store, device: str, kind: str) -> DeviceEffort:
    found = store.read_now(lambda reader: reader.rates(*FOREVER, kind))
    return next(one for one in found if one.device == device)


def check_figures(folder: Path, tables: Mapping[str, str]) -> int:
    """Imports a package and compares every figure; returns how many."""
    days, events = expected(tables)
    found = read(package(tables))
    assert found.findings.refused == []
    names = {device.id: device.name for device in found.devices}
    assert len(names) == len(days)
    with closing(open_store(folder)) as store:
        replay.import_history(store, found.devices, found.readings, NOW)
        effort = {one.device: one for one in store.read_now(lambda r: r.rates(*FOREVER))}
        for device, expected_days in days.items():
            assert effort[device].alive_days == pytest.approx(expected_days, abs=1e-9)
        for (device, name), count in events.items():
            one = rate(store, device, code(name))
            rai = 100 * one.independent / one.alive_days
            assert rai == pytest.approx(100 * count / days[device], rel=1e-12), (device, name)
    return len(days) + len(events)


@pytest.mark.parametrize("shape", SHAPES)
def test_every_deployment_and_species_has_the_effort_and_rate_of_the_source(
    shape: str, tmp_path: Path
) -> None:
    assert check_figures(tmp_path, SHAPES[shape]) >= 4


@needs_shared
def test_the_published_older_package_equals_camtraptor_on_every_row(tmp_path: Path) -> None:
    folder = ROOT / "failing/camtrapdp_0.1.6_mica"
    names = ("deployments.csv", "observations.csv")
    tables = {name: (folder / name).read_text("utf-8-sig") for name in names}
    assert check_figures(tmp_path, tables) == 4 + 9
    days, events = expected(tables)
    assert sum(days.values()) == pytest.approx(55.0369, abs=1e-4)
    human = next(where for where in events if where[1] == "Homo sapiens")
    assert 100 * events[human] / days[human[0]] == pytest.approx(7.1705, abs=1e-4)


def test_what_lies_just_outside_is_kept_at_the_edge_with_a_note() -> None:
    found = read(package(OLDER))
    [person] = [one for one in found.readings if one.species == species.PERSON]
    end = max(
        one.device_time
        for one in found.readings
        if one.device == person.device and one.kind is Kind.HEARTBEAT and one.device_time
    )
    assert person.device_time == end, "the effort does not grow by it"
    assert [one.text for one in found.findings.repaired].count(camtrapdp.EDGE_NOTE) == 1


def test_repairs_are_counted_by_their_kind() -> None:
    counted = {one.text: one for one in kinds(read(package(INSIGHTS)).findings.repaired)}
    decimals = counted[cells.DECIMALS_NOTE]
    assert (decimals.column, decimals.rows, decimals.example) == ("count", 4, "1.0")


def test_the_title_of_an_older_package_is_its_projects() -> None:
    assert read(package(OLDER)).title == "MICA"


def test_a_package_without_any_name_of_a_start_is_refused_with_the_newer_name() -> None:
    broken = package(OLDER)
    broken["deployments.csv"] = broken["deployments.csv"].replace(b",start,", b",begin,")
    with pytest.raises(PackageError, match="deploymentStart is missing"):
        read(broken)

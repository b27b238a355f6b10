"""The shipped scenarios, and what is said about broken ones."""

import re
from pathlib import Path

import pytest
from shapely.geometry import Point, Polygon

from firmware_sim.habitat.scenario import Scenario, ScenarioError, load, registry, shipped_scenarios
from gateway.ingest.devices.lists import parse, to_csv

NAMES = {
    "native": r"[a-z0-9-]{1,32}",
    "chirpstack": r"[0-9a-f]{16}",
    "meshtastic": r"![0-9a-f]{8}",
}


@pytest.fixture(scope="module")
def fukue() -> Scenario:
    return load("fukue")


def test_fukue_has_forty_detectors_and_sixty_traps_on_both_networks(fukue: Scenario) -> None:
    roles = [spec.role for spec in fukue.devices]
    assert (roles.count("detector"), roles.count("trap")) == (40, 60)
    assert {spec.radio for spec in fukue.devices} == {"native", "chirpstack"}
    assert {spec.trap_type for spec in fukue.devices} == {"", "snare", "box"}


def test_every_device_of_fukue_stands_on_the_islands_safe_land(fukue: Scenario) -> None:
    land = Polygon(fukue.outline)
    assert land.is_valid
    outside = [spec.id for spec in fukue.devices if not land.contains(Point(spec.at))]
    assert outside == []


@pytest.mark.parametrize("name", shipped_scenarios())
def test_names_fit_their_network(name: str) -> None:
    for spec in load(name).devices:
        assert re.fullmatch(NAMES[spec.radio], spec.id)
        assert (spec.trap_type == "") == (spec.role == "detector")


@pytest.mark.parametrize("name", shipped_scenarios())
def test_local_names_are_unique(name: str) -> None:
    names = [(spec.role, spec.name) for spec in load(name).devices]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("name", shipped_scenarios())
def test_registry_rows_are_what_the_gateways_device_import_reads(name: str) -> None:
    scenario = load(name)
    header, *rows = registry(scenario), *registry(scenario)
    lines = [",".join(header[0]), *(",".join(map(str, row.values())) for row in rows)]
    devices = parse("\n".join(lines).encode())
    assert [d.id for d in devices] == [spec.id for spec in scenario.devices]
    assert [(d.lat, d.lon) for d in devices] == [spec.at for spec in scenario.devices]
    assert [d.inverted for d in devices] == [spec.inverted for spec in scenario.devices]
    assert parse(to_csv(devices).encode()) == devices


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name = ", "Invalid value"),
        ('name = "x"\ntitle = "x"\nsite = "x"\ndevices = []\nsped = 3', "sped"),
        ('name = "x"\ntitle = "x"\nsite = "x"\nhabitat = "flat"\ndevices = []', "habitat"),
        (
            'name = "x"\ntitle = "x"\nsite = "x"\ndevices = [\n'
            + '{ id = "a", role = "trap", name = "a", at = [1.0, 2.0], area = "a" },\n' * 2
            + "]",
            "unique",
        ),
    ],
)
def test_a_broken_scenario_says_what_is_wrong(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "broken.toml"
    file.write_text(text)
    with pytest.raises(ScenarioError, match=says):
        load(file)


def test_an_unknown_scenario_names_the_shipped_ones() -> None:
    with pytest.raises(ScenarioError, match="fukue, goto-2017"):
        load("nowhere")

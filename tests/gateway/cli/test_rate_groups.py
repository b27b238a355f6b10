"""`shishigaki rates` and the map leave out the same detectors: those that cannot tell the species."""

from collections import Counter

import pytest
from msgspec.structs import replace

from gateway.cli.office.rates import PeriodCounts, rate_groups
from gateway.domain.model import Device, Role
from gateway.store.answers import DeviceEffort

CAMERA = Device(id="camera", role=Role.DETECTOR, area="oku")
BEAM = Device(id="beam", role=Role.DETECTOR, area="oku")  # counts passes, knows no species


def effort(device: str, independent: int) -> DeviceEffort:
    return DeviceEffort(device, 50.0, 0.0, independent, independent, independent)


FACTS = PeriodCounts(
    devices=[CAMERA, BEAM],
    efforts=[effort("camera", 5), effort("beam", 40)],
    by_species={
        "boar": [effort("camera", 5), effort("beam", 0)],
        "unknown": [effort("camera", 0), effort("beam", 40)],
    },
    springs=Counter(),
    captures=Counter(),
    blind=frozenset({"beam"}),
)


def test_a_detector_that_cannot_tell_the_species_is_no_effort_of_it() -> None:
    [oku] = rate_groups(FACTS, "area")
    boar, unknown = sorted(oku.species, key=lambda one: one.species)
    assert (boar.events, boar.effort_days, boar.rai, boar.rai_sites) == (5, 50.0, 10.0, 1)
    assert (unknown.events, unknown.effort_days, unknown.rai) == (40, 100.0, 40.0)
    assert oku.effort_days == 100.0


def test_with_a_chosen_species_its_group_has_the_effort_of_the_others_only() -> None:
    chosen = replace(FACTS, wanted="boar", by_species={"boar": FACTS.by_species["boar"]})
    assert [(one.group, one.effort_days) for one in rate_groups(chosen, "device")] == [
        ("camera", 50.0)
    ]


def test_control_where_it_counted_the_rate_would_be_half() -> None:
    [oku] = rate_groups(replace(FACTS, blind=frozenset()), "area")
    boar = next(one for one in oku.species if one.species == "boar")
    assert boar.rai == pytest.approx(5.0)

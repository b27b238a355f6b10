"""What the simulated detectors tell agrees with the density that is documented as the truth."""

import json
from collections import defaultdict
from datetime import UTC, datetime, timedelta

import msgspec
import numpy as np
import pytest

from firmware_sim.habitat.scenario import FaultRates, load
from firmware_sim.habitat.species_habits import SPECIES, Habitat, density, local_day, season
from firmware_sim.world import history

START = datetime(2026, 4, 1, 15, tzinfo=UTC)  # a local midnight
DAYS = 60
WINDOW_S = 300  # one visit's frames lie within


@pytest.mark.parametrize("habitat", ["smooth", "patchy"])
def test_detections_follow_the_true_density(habitat: Habitat) -> None:
    fukue = load("fukue")
    cameras = tuple(s for s in fukue.devices if s.role == "detector" and s.radio == "native")
    world = msgspec.structs.replace(fukue, devices=cameras, faults=FaultRates(), habitat=habitat)
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    for at, topic, payload in history(world, START, START + timedelta(days=DAYS)):
        if topic.endswith("/event"):
            found[topic.split("/")[3], json.loads(payload)["species"]].append(at.timestamp())

    first = local_day(START.timestamp())
    lat, lon = np.array([spec.at for spec in cameras]).T
    for species in SPECIES:
        days = sum(season(species, day) for day in range(first, first + DAYS))
        expected = density(habitat, species, lat, lon, world.seed) * days
        reported = np.array([_visits(found[spec.id, species]) for spec in cameras])
        assert reported.sum() == pytest.approx(expected.sum(), abs=5 * expected.sum() ** 0.5)
        assert np.abs((reported - expected) / np.sqrt(expected + 1)).max() < 5


def _visits(times: list[float]) -> int:
    gaps = np.diff(np.array(times), prepend=-np.inf)
    return int((gaps > WINDOW_S).sum())

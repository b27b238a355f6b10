"""dashboard.office.map.hotspots: one call from tallies to a map's parts; and the truth it must find."""

import numpy as np
import pytest
import shapely
from numpy.typing import NDArray

from dashboard.analysis import density, kriging, projection, surface
from dashboard.analysis.projection import Floats, Plane
from dashboard.analysis.rate import rai
from dashboard.analysis.tallies import DeviceTally
from dashboard.office.map import hotspots
from firmware_sim.habitat import fields, species_habits

PLACE = Plane(32.69, 128.84)


def tallies(size: int, seed: int) -> list[DeviceTally]:
    rng = np.random.default_rng(seed)
    x, y, days = rng.uniform(0, 9e3, size), rng.uniform(0, 6e3, size), rng.uniform(40, 90, size)
    lat, lon = PLACE.to_degrees(x, y)
    n = rng.poisson(days * np.where(x < 3000, 0.6, 0.05))
    rows = zip(n.tolist(), days.tolist(), lat.tolist(), lon.tolist(), strict=True)
    return [DeviceTally(f"cam-{i:02d}", *row, "福江") for i, row in enumerate(rows)]


def test_a_map_holds_the_sensors_own_rates_their_surface_and_what_stands_out() -> None:
    used = tallies(40, 1)
    made = hotspots.hotspots(used, bands_m=(2000.0,))
    assert made is not None
    assert [sensor.rate for sensor in made.sensors] == [rai(t.n, t.effort) for t in used]
    west = [sensor for sensor in made.sensors if sensor.lon < PLACE.to_degrees(2000, 0)[1]]
    assert len(west) > 4
    assert {sensor.spot for sensor in west} == {"hot"}
    assert max(made.grid.shape) == hotspots.CELLS
    assert made.picture.png.startswith(b"\x89PNG")
    assert len(made.picture.png) < 60_000
    assert made.picture.south < min(t.lat for t in used if t.lat) < made.picture.north
    at_first = surface.at_points(
        made.sites, made.sites.x_m[:1], made.sites.y_m[:1], made.surface.bandwidth_m
    )
    row, column = (
        int(np.argmin(abs(axis - at)))
        for axis, at in ((made.grid.y_m, made.sites.y_m[0]), (made.grid.x_m, made.sites.x_m[0]))
    )
    assert made.surface.masked[row, column] == pytest.approx(at_first[0], rel=0.2)


def test_devices_without_place_or_effort_are_left_out_by_name() -> None:
    used = [*tallies(5, 2), DeviceTally("lost", 3, 10.0), DeviceTally("off", 0, 0.0, 32.7, 128.8)]
    made = hotspots.hotspots(used)
    assert made is not None
    assert (made.unplaced, made.unwatched) == (("lost",), ("off",))
    assert len(made.sensors) == 5


@pytest.mark.parametrize("size", [1, 2, 3])
def test_few_sensors_still_make_a_map_and_no_hot_spot(size: int) -> None:
    made = hotspots.hotspots(tallies(size, 3))
    assert made is not None
    assert len(made.sensors) == size
    assert not any(sensor.spot for sensor in made.sensors)


def test_without_any_sensor_there_is_no_map() -> None:
    assert hotspots.hotspots([DeviceTally("lost", 3, 10.0)]) is None


def chosen(map_: Floats) -> NDArray[np.intp]:
    """The cells of the highest 5 %."""
    return np.argsort(-map_.ravel(), kind="stable")[: map_.size // 20]


def efficiencies(habitat: species_habits.Habitat, seed: int) -> tuple[float, float]:
    """True visits in the 5 % chosen by kriging, and by naive density, over those of the ideal."""
    rng, half = np.random.default_rng(seed + 1000), 8000.0
    flat = Plane(fields.CENTRE_LAT, fields.CENTRE_LON)
    x, y, days = (*rng.uniform(-half, half, (2, 60)), rng.uniform(30, 90, 60))
    n = rng.poisson(species_habits.density(habitat, "boar", *flat.to_degrees(x, y), seed) * days)
    sites = projection.sites(x, y, n, days)
    grid = projection.grid_over([-half, half], [-half, half], 0, 200)
    lat, lon = flat.to_degrees(*np.meshgrid(grid.x_m, grid.y_m))
    truth = species_habits.density(habitat, "boar", lat, lon, seed).ravel()
    kriged = kriging.predict_grid(sites, kriging.fit(sites), grid)
    seen_x, seen_y = np.repeat(x, n), np.repeat(y, n)
    width = max(density.scott_bandwidth_m(seen_x, seen_y), 400.0)
    box = shapely.box(-half, -half, half, half)
    naive = density.density(seen_x, seen_y, box, grid, width)
    ideal = truth[chosen(truth)].sum()
    found = [truth[chosen(guess)].sum() / ideal for guess in (kriged.rate100, naive.per_km2)]
    return float(found[0]), float(found[1])


def test_on_smooth_habitat_the_highest_5_percent_hold_most_of_the_best_possible_visits() -> None:
    kriged, naive = np.mean([efficiencies("smooth", seed) for seed in range(6)], axis=0)
    print(f"smooth habitat: kriging {kriged:.2f}, density of detections {naive:.2f}")
    assert kriged >= 0.85
    assert kriged > naive


def test_on_patchy_habitat_every_surface_is_far_from_the_best_and_its_share_is_reported() -> None:
    kriged, naive = np.mean([efficiencies("patchy", seed) for seed in range(6)], axis=0)
    print(f"patchy habitat: kriging {kriged:.2f}, density of detections {naive:.2f}")
    assert max(kriged, naive) < 0.85  # the reason to draw the sensors' own rates too

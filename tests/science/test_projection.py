"""dashboard.analysis.projection: metres that can be trusted as far as stated."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from dashboard.analysis import projection
from dashboard.analysis.projection import Plane

FUKUE = Plane(32.69, 128.84)


def test_a_degree_has_the_length_geodesy_gives_it() -> None:
    # Lengths of a degree at 45 N on WGS 84, from geodetic tables.
    assert Plane(45, 0).metres_per_degree == pytest.approx((111_131.8, 78_846.8), abs=0.1)
    assert Plane(0, 0).metres_per_degree == pytest.approx((110_574.3, 111_319.5), abs=0.1)


@given(st.floats(-50_000, 50_000), st.floats(-50_000, 50_000))
def test_metres_to_degrees_and_back_is_the_identity(x: float, y: float) -> None:
    back = FUKUE.to_metres(*FUKUE.to_degrees(x, y))
    assert [float(v) for v in back] == pytest.approx([x, y], abs=1e-6)


@pytest.mark.parametrize(("north_km", "stated"), [(10, 0.0010), (50, 0.0051)])
def test_the_stated_error_holds(north_km: float, stated: float) -> None:
    lat, _ = FUKUE.to_degrees(0, north_km * 1000)
    true = Plane(float(lat), 128.84).metres_per_degree[1]
    assert abs(FUKUE.metres_per_degree[1] / true - 1) == pytest.approx(stated, rel=0.05)


def test_a_grid_covers_its_points_and_margin_with_square_cells() -> None:
    grid = projection.grid_over([0, 1000], [0, 250], margin_m=500, cell_m=100)
    assert grid.shape == (13, 20)
    west, south, east, north = grid.extent_m
    assert (west, east) == (-500, 1500)
    assert south <= -500 < 750 <= north
    assert np.diff(grid.x_m) == pytest.approx(100)


def test_an_impossible_grid_is_refused() -> None:
    with pytest.raises(ValueError, match="more than 4000000"):
        projection.grid_over([0, 1e6], [0, 1e6], 0, 10)
    with pytest.raises(ValueError, match="at least one point"):
        projection.grid_over([], [], 0, 10)


def test_a_sensor_without_effort_has_no_rate() -> None:
    built = projection.sites([0, 1], [0, 1], [3, 0], [10, 0])
    assert built.x_m.tolist() == [0]
    assert built.rate100.tolist() == [30]


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        (([0], [0, 1], [1], [1]), "one length"),
        (([np.nan], [0], [1], [1]), "finite"),
        (([0], [0], [-1], [1]), "0 or more"),
        (([0], [0], [1], [-1]), "0 or more"),
    ],
)
def test_impossible_sites_are_refused(columns: tuple[list[float], ...], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        projection.sites(*columns)


def test_a_geojson_shape_lands_where_its_corners_do() -> None:
    ring = [(128.8, 32.6), (128.9, 32.6), (128.9, 32.7)]
    got = FUKUE.project(shapely.Polygon(ring))
    x, y = FUKUE.to_metres([lat for _, lat in ring], [lon for lon, _ in ring])
    assert np.asarray(got.exterior.coords)[:3] == pytest.approx(np.column_stack([x, y]))


@pytest.mark.parametrize("seed", range(20))
def test_cells_inside_a_shape_are_those_that_shapely_finds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    grid = projection.grid_over([0, 4_000], [0, 3_000], 200, 61.7)
    blobs = [shapely.Point(*at).buffer(r) for *at, r in rng.uniform(100, 3_000, (6, 3)).tolist()]
    holes = [shapely.Point(*at).buffer(150) for at in rng.uniform(0, 3_000, (9, 2)).tolist()]
    shape = shapely.union_all(blobs[:3]) - shapely.union_all(holes)
    x, y = np.meshgrid(grid.x_m, grid.y_m)
    assert (projection.inside(shape, grid) == shapely.contains_xy(shape, x, y)).all()


def test_nothing_lies_inside_an_empty_shape() -> None:
    grid = projection.grid_over([0, 100], [0, 100], 0, 10)
    assert not projection.inside(shapely.Polygon(), grid).any()


@pytest.mark.parametrize("apart_m", [0, 1e3, 1e5, 4e7])
def test_a_pictures_grid_is_bounded_however_far_apart_its_points_lie(apart_m: float) -> None:
    grid = projection.grid_for([0, apart_m], [0, apart_m / 3], 500, 10, along=300)
    rows, columns = grid.shape
    assert rows * columns <= 301**2
    west, south, east, north = grid.extent_m
    assert west <= -500
    assert south <= -500
    assert east >= apart_m + 500
    assert north >= apart_m / 3 + 500

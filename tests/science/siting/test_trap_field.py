"""What traps in place take and forbid, all at once as each alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.analysis.projection import Grid
from dashboard.analysis.siting import trap_field
from dashboard.analysis.siting.trap_field import Rules, TrapEffect

EFFECT = TrapEffect(nights=90, sigma_m=250, per_night=0.01)
AXIS = (np.arange(20, dtype=np.float64) + 0.5) * 100
points = st.lists(st.tuples(st.floats(-300, 2_300), st.floats(-300, 2_300)), max_size=6)


@given(points, st.floats(50, 700))
def test_traps_in_place_take_and_forbid_what_each_does_alone(
    traps: list[tuple[float, float]], apart_m: float
) -> None:
    grid = Grid(AXIS, AXIS, 100)
    old_x, old_y = (np.array([trap[i] for trap in traps]) for i in (0, 1))
    field = trap_field.prepare(
        grid, np.ones(grid.shape), 1.0, EFFECT, Rules(1, apart_m), old_x, old_y
    )
    away = [np.hypot(grid.y_m[:, None] - y, grid.x_m - x) for x, y in traps]
    taken = sum((EFFECT.taken(one) for one in away), np.zeros(grid.shape))
    assert field.old_rate == pytest.approx(taken, rel=1e-12, abs=1e-300)
    assert (field.allowed == np.all([one >= apart_m * (1 - 1e-12) for one in away], axis=0)).all()

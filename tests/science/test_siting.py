"""dashboard.analysis.trap_field, siting and reasons: the best places within the rules, and why."""

import itertools
import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.analysis import siting, trap_field
from dashboard.analysis.projection import Floats, Grid
from dashboard.analysis.siting import Plan, TrapSite
from dashboard.analysis.trap_field import Rules, TrapField
from dashboard.office.siting import reasons
from dashboard.office.siting.reasons import NearbySensor
from dashboard.web.i18n import text

NONE = np.empty(0)
JA, EN = text("ja"), text("en")


def square(cells: int, cell_m: float) -> Grid:
    axis: Floats = (np.arange(cells, dtype=np.float64) + 0.5) * cell_m
    return Grid(axis, axis, cell_m)


def random_field(seed: int, rules: Rules, cells: int = 6) -> TrapField:
    rng = np.random.default_rng(seed)
    rate = rng.gamma(0.5, 10, (cells, cells))
    return trap_field.prepare(square(cells, 100), rate, rules, NONE, NONE)


def exact(field: TrapField) -> float:
    """The best of every admissible choice, one by one, by the objective's own definition."""
    rules, grid = field.rules, field.grid
    x, y = (axis[field.allowed] for axis in np.meshgrid(grid.x_m, grid.y_m))
    gx, gy = (axis.ravel() for axis in np.meshgrid(grid.x_m, grid.y_m))
    share = np.exp(-0.5 * ((x[:, None] - gx) ** 2 + (y[:, None] - gy) ** 2) / rules.reach_m**2)
    weight = field.rate100 * field.unmet * grid.cell_m**2 / (2 * math.pi * rules.reach_m**2)
    apart = np.hypot(x[:, None] - x, y[:, None] - y) >= rules.min_distance_m - 1e-9
    best = 0.0
    for size in range(1, rules.count + 1):
        for choice in itertools.combinations(range(len(x)), size):
            if all(apart[a, b] for a, b in itertools.combinations(choice, 2)):
                met = 1 - np.prod(1 - share[list(choice)], axis=0)
                best = max(best, float((weight.ravel() * met).sum()))
    return best


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.integers(1, 3))
def test_without_a_distance_the_guarantee_holds_against_the_exact_solver(
    seed: int, count: int
) -> None:
    field = random_field(seed, Rules(count, reach_m=130, min_distance_m=0), cells=5)
    plan, best = siting.propose(field), exact(field)
    assert plan.expected100 >= (1 - 1 / math.e) * best
    assert plan.expected100 <= best * (1 + 1e-12) <= plan.bound100 * (1 + 1e-9)


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.sampled_from([150.0, 210.0, 300.0]))
def test_with_a_distance_the_proven_share_is_true(seed: int, apart_m: float) -> None:
    field = random_field(seed, Rules(3, reach_m=130, min_distance_m=apart_m), cells=5)
    plan, best = siting.propose(field), exact(field)
    assert best / 6 <= plan.expected100 <= best * (1 + 1e-12)
    assert plan.bound100 * (1 + 1e-9) >= best
    assert plan.expected100 >= plan.proven * best * (1 - 1e-9)


def test_two_neighbours_across_a_diagonal_both_count_in_the_upper_limit() -> None:
    rate = np.zeros((6, 6))
    rate[0, 0] = rate[2, 2] = 100  # 283 m apart, in one square of 3 x 3 cells
    rules = Rules(2, reach_m=100, min_distance_m=210)
    field = trap_field.prepare(square(6, 100), rate, rules, NONE, NONE)
    plan = siting.propose(field)
    assert len(plan.places) == 2
    assert plan.bound100 * (1 + 1e-12) >= plan.expected100 >= 0.95 * exact(field)


def test_small_cases_come_near_the_exact_optimum() -> None:
    shares = []
    for seed in range(20):
        field = random_field(seed, Rules(3, reach_m=130, min_distance_m=210))
        shares.append(siting.propose(field).expected100 / exact(field))
    assert min(shares) > 0.95
    assert np.mean(shares) > 0.99


def test_one_trap_in_a_uniform_field_expects_the_rate_of_the_field() -> None:
    field = trap_field.prepare(square(41, 50), np.full((41, 41), 7.0), Rules(1), NONE, NONE)
    middle = np.array([1025.0])
    assert trap_field.expected100(field, middle, middle) == pytest.approx(7, rel=1e-5)
    twice = np.array([1025.0, 1025.0])
    assert trap_field.expected100(field, twice, twice) < 1.6 * 7  # an animal is caught once


def test_the_gain_of_a_site_is_the_change_of_the_objective() -> None:
    field = random_field(3, Rules(2))
    here = np.array([250.0])
    gains, _ = trap_field.gains100(field, here, here)
    for row, column in ((0, 0), (2, 2), (5, 1)):
        x, y = field.grid.x_m[[2, column]], field.grid.y_m[[2, row]]
        more = trap_field.expected100(field, x, y) - trap_field.expected100(field, here, here)
        assert gains[row, column] == pytest.approx(more, rel=1e-12)


def peaks(grid: Grid, *at: tuple[float, float, float]) -> Floats:
    x, y = np.meshgrid(grid.x_m, grid.y_m)
    bumps = [top * np.exp(-((x - a) ** 2 + (y - b) ** 2) / 2 / 150**2) for a, b, top in at]
    total: Floats = np.sum(bumps, axis=0) + 0.01
    return total


def places(plan: Plan) -> list[tuple[float, float]]:
    return [(place.x_m, place.y_m) for place in plan.places]


def test_every_rule_is_kept() -> None:
    grid = square(40, 50)
    rate = peaks(grid, (400, 400, 9), (1500, 400, 8), (400, 1500, 7), (1500, 1500, 6))
    rate[:3, :] = np.nan
    road = shapely.LineString([(0, 1000), (2000, 1000)])
    refused = shapely.box(1200, 200, 1800, 800)
    rules = Rules(6, 200, 250, 620, road, refused)
    old = np.array([400.0])
    plan = siting.propose(trap_field.prepare(grid, rate, rules, old, old))
    assert len(plan.places) == 6
    for x, y in places(plan):
        assert abs(y - 1000) <= 620
        assert not refused.contains(shapely.Point(x, y))
        assert math.hypot(x - 400, y - 400) >= 250
        assert y > 150
    for a, b in itertools.combinations(places(plan), 2):
        assert math.dist(a, b) >= 250
    first = plan.places[0]
    assert first.access_m == pytest.approx(abs(first.y_m - 1000))
    everyone = [*places(plan)[1:], (400.0, 400.0)]
    nearest = min(math.dist((first.x_m, first.y_m), other) for other in everyone)
    assert first.next_trap_m == pytest.approx(nearest)


def test_traps_in_place_send_the_new_one_elsewhere() -> None:
    grid = square(40, 50)
    rate = peaks(grid, (500, 500, 9), (1500, 1500, 8))
    alone = siting.propose(trap_field.prepare(grid, rate, Rules(1), NONE, NONE))
    assert places(alone)[0] == pytest.approx((500, 500), abs=51)
    old = np.array([500.0])
    beside = siting.propose(trap_field.prepare(grid, rate, Rules(1), old, old))
    assert places(beside)[0] == pytest.approx((1500, 1500), abs=51)


def test_with_little_allowed_ground_fewer_sites_are_proposed() -> None:
    tight = Rules(5, min_distance_m=5000)
    plan = siting.propose(random_field(1, tight))
    assert len(plan.places) == 1
    nowhere = Rules(2, excluded=shapely.box(-1, -1, 9999, 9999))
    empty = siting.propose(random_field(1, nowhere))
    assert (empty.places, empty.expected100, empty.proven) == ((), 0, 1)


def test_the_proven_share_is_high_on_typical_fields() -> None:
    grid = square(60, 50)
    rate = peaks(grid, (600, 700, 9), (2200, 500, 8), (700, 2300, 7), (2300, 2200, 6))
    plan = siting.propose(trap_field.prepare(grid, rate, Rules(4, min_distance_m=300), NONE, NONE))
    assert 0.8 < plan.proven <= 1


def test_no_single_move_within_the_rules_improves_the_plan() -> None:
    field = random_field(11, Rules(3, reach_m=130, min_distance_m=210))
    plan = siting.propose(field)
    for index in range(3):
        for x, y in itertools.product(field.grid.x_m, field.grid.y_m):
            move = siting.loss_when_moved(field, plan, index, x, y)
            if move.too_close_m is None:
                assert move.loss100 >= -1e-9


def test_moving_a_trap_shows_the_loss_and_every_broken_rule() -> None:
    grid = square(40, 50)
    rate = peaks(grid, (500, 500, 9), (1500, 1500, 8))
    rate[-4:, :] = np.nan
    road = shapely.LineString([(0, 400), (0, 1600)])
    refused = shapely.box(900, 900, 1100, 1100)
    rules = Rules(2, 200, 200, 1600, road, refused)
    field = trap_field.prepare(grid, rate, rules, NONE, NONE)
    plan = siting.propose(field)
    stay = siting.loss_when_moved(field, plan, 0, *places(plan)[0])
    assert stay.loss100 == pytest.approx(0, abs=1e-9)
    between = siting.loss_when_moved(field, plan, 0, 1000, 1000)
    assert (between.excluded, between.unknown, between.too_close_m) == (True, False, None)
    assert between.loss100 > 0.4 * plan.expected100
    assert between.loss_share == pytest.approx(between.loss100 / plan.expected100)
    crowd = siting.loss_when_moved(field, plan, 0, places(plan)[1][0] + 30, places(plan)[1][1])
    assert crowd.too_close_m == pytest.approx(30)
    remote = siting.loss_when_moved(field, plan, 0, 1990, 1990)
    assert remote.too_far_m == pytest.approx(math.hypot(1990, 390))
    assert remote.unknown
    assert siting.loss_when_moved(field, plan, 0, 9999, 0).unknown


def test_a_reach_finer_than_the_cells_is_refused() -> None:
    with pytest.raises(ValueError, match=r"reach of 40 m needs cells below it, not 100"):
        random_field(1, Rules(1, reach_m=40))


PLACE = TrapSite(100, 100, 12.3, 11.0, 83.0, 448.0)
NEARBY = NearbySensor("港の上", 100, 430, 31, 90.2)


def test_the_reason_names_detections_expectation_and_the_way_from_the_road() -> None:
    got = reasons.reason(PLACE, [NEARBY, NearbySensor("遠い山", 900, 900, 99, 90)], (5.2, 28.4))
    assert reasons.sentence(got, "イノシシ", JA) == (
        "330 m先の「港の上」でイノシシが90日に31回記録され、"
        "ここは100夜に約12回（5.2〜28回）通る見込みで、道から80 m、隣のわなまで450 mの場所です。"
    )
    assert reasons.sentence(got, "boar", EN) == (
        "“港の上”, 330 m away, saw boar 31 times in 90 days; about 12 (5.2 to 28) passes in 100 "
        "nights are expected here; it is 80 m from the road; the next trap is 450 m away."
    )


def test_where_no_sensor_stands_near_the_sentence_says_so() -> None:
    bare = TrapSite(100, 100, 3.14, 3.0, None, None)
    for sensors in (
        [],
        [NearbySensor("遠い山", 5000, 100, 9, 90)],
        [NearbySensor("停止中", 100, 100, 0, 0)],
    ):
        got = reasons.reason(bare, sensors)
        assert (
            reasons.sentence(got, "イノシシ", JA)
            == "近くにセンサーがなく確かさは低いものの、ここは100夜に約3.1回通る見込みの場所です。"
        )
        assert reasons.sentence(got, "boar", EN).startswith(
            "No sensor stands near, so less sure; about 3.1 passes"
        )


@pytest.mark.parametrize(
    ("metres", "shown"), [(4, 0), (83, 80), (994, 990), (996, 1000), (1449, 1400)]
)
def test_distances_are_rounded_as_people_write_them(metres: float, shown: int) -> None:
    assert reasons.round_m(metres) == shown

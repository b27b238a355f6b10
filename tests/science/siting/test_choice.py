"""dashboard.analysis.siting and reasons: the best places within the rules, and why."""

import itertools
import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.analysis.projection import Floats, Grid
from dashboard.analysis.siting import choice, trap_field
from dashboard.analysis.siting.choice import Plan, TrapSite
from dashboard.analysis.siting.gains import Search
from dashboard.analysis.siting.trap_field import Rules, TrapEffect, TrapField
from dashboard.office.siting import reasons
from dashboard.office.siting.reasons import NearbySensor
from dashboard.web.i18n import text

NONE = np.empty(0)
JA, EN = text("ja"), text("en")
EFFECT = TrapEffect(nights=60, sigma_m=130, per_night=0.02)


def square(cells: int, cell_m: float) -> Grid:
    axis: Floats = (np.arange(cells, dtype=np.float64) + 0.5) * cell_m
    return Grid(axis, axis, cell_m)


def prepared(
    grid: Grid,
    rate: Floats,
    rules: Rules,
    old_x: Floats = NONE,
    old_y: Floats = NONE,
    effect: TrapEffect = EFFECT,
) -> TrapField:
    return trap_field.prepare(grid, rate, 1.0, effect, rules, old_x, old_y)


def random_field(seed: int, rules: Rules, cells: int = 6) -> TrapField:
    rng = np.random.default_rng(seed)
    return prepared(square(cells, 100), rng.gamma(0.5, 10, (cells, cells)), rules)


def exact(field: TrapField) -> float:
    """The best of every admissible choice, one by one, by the objective's own definition."""
    rules, grid, effect = field.rules, field.grid, field.effect
    x, y = (axis[field.allowed] for axis in np.meshgrid(grid.x_m, grid.y_m))
    gx, gy = (axis.ravel() for axis in np.meshgrid(grid.x_m, grid.y_m))
    away2 = (x[:, None] - gx) ** 2 + (y[:, None] - gy) ** 2
    rate = effect.nights * effect.per_night * np.exp(-0.5 * away2 / effect.sigma_m**2)
    animals = field.animals.ravel() * np.exp(-field.old_rate.ravel())
    apart = np.hypot(x[:, None] - x, y[:, None] - y) >= rules.min_distance_m - 1e-9
    best = 0.0
    for size in range(1, rules.count + 1):
        for chosen in itertools.combinations(range(len(x)), size):
            if all(apart[a, b] for a, b in itertools.combinations(chosen, 2)):
                taken = 1 - np.exp(-rate[list(chosen)].sum(axis=0))
                best = max(best, float((animals * taken).sum()))
    return best


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.integers(1, 3))
def test_without_a_distance_the_guarantee_holds_against_the_exact_solver(
    seed: int, count: int
) -> None:
    field = random_field(seed, Rules(count, min_distance_m=1), cells=5)
    plan, best = choice.propose(field), exact(field)
    assert plan.expected >= (1 - 1 / math.e) * best
    assert plan.expected <= best * (1 + 1e-12) <= plan.bound * (1 + 1e-9)


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.sampled_from([150.0, 210.0, 300.0]))
def test_with_a_distance_the_proven_share_is_true(seed: int, apart_m: float) -> None:
    field = random_field(seed, Rules(3, min_distance_m=apart_m), cells=5)
    plan, best = choice.propose(field), exact(field)
    assert best / 6 <= plan.expected <= best * (1 + 1e-12)
    assert plan.bound * (1 + 1e-9) >= best
    assert plan.expected >= plan.proven * best * (1 - 1e-9)


def test_two_neighbours_across_a_diagonal_both_count_in_the_upper_limit() -> None:
    rate = np.zeros((6, 6))
    rate[0, 0] = rate[2, 2] = 100  # 283 m apart, in one square of 3 x 3 cells
    rules = Rules(2, min_distance_m=210)
    field = prepared(square(6, 100), rate, rules)
    plan = choice.propose(field)
    assert len(plan.places) == 2
    assert plan.bound * (1 + 1e-12) >= plan.expected >= 0.95 * exact(field)


def test_small_cases_come_near_the_exact_optimum() -> None:
    shares = []
    for seed in range(20):
        field = random_field(seed, Rules(3, min_distance_m=210))
        shares.append(choice.propose(field).expected / exact(field))
    assert min(shares) > 0.95
    assert np.mean(shares) > 0.99


def test_a_weak_trap_in_a_uniform_field_takes_its_share_of_the_passes() -> None:
    passed = 0.08  # km2 covered by an animal in a day
    sigma_m, share, nights = 200.0, 0.001, 10.0
    per_night = share * passed / (2 * math.pi * (sigma_m / 1000) ** 2)
    effect = TrapEffect(nights, sigma_m, per_night)
    field = trap_field.prepare(
        square(81, 50), np.full((81, 81), 30.0), 0.01 / passed, effect, Rules(1), NONE, NONE
    )
    middle = np.array([2025.0])
    assert trap_field.expected(field, middle, middle) == pytest.approx(
        share * nights * 0.3, rel=2e-3
    )


def test_what_one_trap_takes_its_neighbour_cannot_take() -> None:
    field = prepared(square(61, 50), np.full((61, 61), 7.0), Rules(1))
    middle, far = np.array([1025.0]), np.array([1025.0, 1025.0 + 6 * 130])
    one = trap_field.expected(field, middle, middle)
    beside = trap_field.expected(field, np.repeat(middle, 2), np.repeat(middle, 2))
    apart = trap_field.expected(field, far, np.repeat(middle, 2))
    assert beside < 1.75 * one  # control: without depletion it would be twice as many
    assert apart == pytest.approx(2 * one, rel=0.01)


@pytest.mark.parametrize("cells", [6, 30])
def test_gains_stay_exact_while_traps_come_and_go(cells: int) -> None:
    field = random_field(3, Rules(2), cells)
    search = Search(field)
    for cell in ((2, 2), (4, 5), (0, 0)):
        search.add(cell)
    search.remove((4, 5))
    x, y = field.grid.x_m[[2, 0]], field.grid.y_m[[2, 0]]
    before = trap_field.expected(field, x, y)
    assert search.value == pytest.approx(before, rel=1e-3)
    for row, column in ((0, 0), (1, 2), (5, 1)):
        more = trap_field.expected(
            field, np.append(x, field.grid.x_m[column]), np.append(y, field.grid.y_m[row])
        )
        assert search.gains[row, column] == pytest.approx(more - before, rel=2e-3)


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
    rules = Rules(6, 250, 620, road, refused)
    old = np.array([400.0])
    plan = choice.propose(prepared(grid, rate, rules, old, old))
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
    alone = choice.propose(prepared(grid, rate, Rules(1)))
    assert places(alone)[0] == pytest.approx((500, 500), abs=51)
    old = np.array([500.0])
    beside = choice.propose(prepared(grid, rate, Rules(1), old, old))
    assert places(beside)[0] == pytest.approx((1500, 1500), abs=51)


def test_with_little_allowed_ground_fewer_sites_are_proposed() -> None:
    tight = Rules(5, min_distance_m=5000)
    plan = choice.propose(random_field(1, tight))
    assert len(plan.places) == 1
    nowhere = Rules(2, excluded=shapely.box(-1, -1, 9999, 9999))
    empty = choice.propose(random_field(1, nowhere))
    assert (empty.places, empty.expected, empty.proven) == ((), 0, 1)


def test_the_proven_share_is_high_on_typical_fields() -> None:
    grid = square(60, 50)
    rate = peaks(grid, (600, 700, 9), (2200, 500, 8), (700, 2300, 7), (2300, 2200, 6))
    plan = choice.propose(prepared(grid, rate, Rules(4, min_distance_m=300)))
    assert 0.8 < plan.proven <= 1


def test_no_single_move_within_the_rules_improves_the_plan() -> None:
    field = random_field(11, Rules(3, min_distance_m=210))
    plan = choice.propose(field)
    for index in range(3):
        for x, y in itertools.product(field.grid.x_m, field.grid.y_m):
            move = choice.loss_when_moved(field, plan, index, x, y)
            if move.too_close_m is None:
                assert move.loss >= -1e-9


def test_moving_a_trap_shows_the_loss_and_every_broken_rule() -> None:
    grid = square(40, 50)
    rate = peaks(grid, (500, 500, 9), (1500, 1500, 8))
    rate[-4:, :] = np.nan
    road = shapely.LineString([(0, 400), (0, 1600)])
    refused = shapely.box(900, 900, 1100, 1100)
    rules = Rules(2, 200, 1600, road, refused)
    field = prepared(grid, rate, rules)
    plan = choice.propose(field)
    stay = choice.loss_when_moved(field, plan, 0, *places(plan)[0])
    assert stay.loss == pytest.approx(0, abs=1e-9)
    between = choice.loss_when_moved(field, plan, 0, 1000, 1000)
    assert (between.excluded, between.unknown, between.too_close_m) == (True, False, None)
    assert between.loss > 0.4 * plan.expected
    assert between.loss_share == pytest.approx(between.loss / plan.expected)
    crowd = choice.loss_when_moved(field, plan, 0, places(plan)[1][0] + 30, places(plan)[1][1])
    assert crowd.too_close_m == pytest.approx(30)
    remote = choice.loss_when_moved(field, plan, 0, 1990, 1990)
    assert remote.too_far_m == pytest.approx(math.hypot(1990, 390))
    assert remote.unknown
    assert choice.loss_when_moved(field, plan, 0, 9999, 0).unknown


def test_home_ranges_finer_than_the_cells_are_refused() -> None:
    small = TrapEffect(60, 40, 0.02)
    with pytest.raises(ValueError, match=r"home ranges of 40 m need cells below it, not 100"):
        prepared(square(6, 100), np.ones((6, 6)), Rules(1), effect=small)


def test_places_are_within_walking_distance_of_the_start() -> None:
    grid = square(40, 50)
    rate = peaks(grid, (400, 400, 9), (1500, 1500, 99))
    walk = Rules(3, 100, start=(300.0, 300.0), max_start_m=600)
    plan = choice.propose(prepared(grid, rate, walk))
    assert len(plan.places) == 3
    for place in plan.places:
        assert math.hypot(place.x_m - 300, place.y_m - 300) <= 600
        assert place.start_m == pytest.approx(math.hypot(place.x_m - 300, place.y_m - 300))
    free = choice.propose(prepared(grid, rate, Rules(3, 100)))  # control: the other peak is richer
    assert all(place.x_m > 1000 for place in free.places)


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

"""What is shown of sums: nothing small of others, never more squares than a page holds, exact intervals."""

from hypothesis import given
from hypothesis import strategies as st

from dashboard.analysis.rate import of_sums
from dashboard.office.region.hub.comparison import WIDTH, compare
from dashboard.office.region.hub.queries import TownSum
from dashboard.office.region.hub.squares import SquareSum, is_square, shown, town_rates
from gateway.domain.epoch import DAY_MS
from gateway.domain.geo import mesh_code
from gateway.region.sharing import LEAST_SHOWN

CODES = [mesh_code.code(30 + y / 12, 130 + x / 8, "5km") for y in range(20) for x in range(20)]
counts = st.integers(0, 200)
efforts = st.integers(0, 400 * DAY_MS)
sums = st.builds(
    SquareSum,
    code=st.sampled_from(CODES),
    own_ms=efforts,
    others_ms=efforts,
    own_n=counts,
    others_n=counts,
    untold=st.sampled_from([0, 0, 0, 1]),
)


@given(sums)
def test_a_square_with_others_shows_steps_and_classes_and_no_small_count(one: SquareSum) -> None:
    [square] = shown([one])
    others = one.others_ms or one.others_n or one.untold
    if not others:
        assert square.exact == of_sums(one.own_n, one.own_ms / DAY_MS, "camera-days")
        return
    assert square.exact is None
    assert square.days % 10 == 0
    if 0 < one.others_n < LEAST_SHOWN or one.untold:
        assert (square.n, square.rate_class) == (None, None)
    elif square.n is not None:
        assert square.n % LEAST_SHOWN == 0
        assert 0 <= one.own_n + one.others_n - square.n < LEAST_SHOWN


@given(st.lists(sums, max_size=60), st.integers(1, 30))
def test_a_map_keeps_every_day_of_effort_however_few_squares_it_may_hold(
    found: list[SquareSum], most: int
) -> None:
    squares = shown(found, most)
    coarsest = {one.code[:4] for one in found}
    assert len(squares) <= max(most, len(coarsest))
    exact = [one.exact for one in squares if one.exact]
    if len(exact) == len(squares):
        days = sum(one.own_ms for one in found) / DAY_MS
        assert abs(sum(one.effort for one in exact) - days) < 1e-6


def test_1_km_squares_become_5_km_squares_when_there_are_too_many() -> None:
    codes = [mesh_code.code(32 + n / 120, 130.9, "1km") for n in range(20)]
    found = shown([SquareSum(code, own_ms=DAY_MS) for code in codes], 10)
    assert {one.code for one in found} == {mesh_code.parent(code, "5km") for code in codes}


def test_digits_that_are_no_square_cost_only_themselves() -> None:
    wrong = ["9999999", "4930079", "12345", "4930", "x" * 7, ""]
    found = shown([SquareSum(code, own_ms=DAY_MS) for code in [*wrong, CODES[0]]])
    assert {one.code for one in found} == {CODES[0], "4930"}, "4930 is an 80 km square"


@given(st.text("0123456789", max_size=9))
def test_a_code_is_a_square_as_the_grid_itself_says(code: str) -> None:
    try:
        known = mesh_code.level_of(code) in {"80km", "10km", "5km", "1km"}
        mesh_code.corner(code)
    except mesh_code.MeshError:
        known = False
    assert is_square(code) is known


@given(counts, efforts, counts, efforts, st.booleans(), st.sampled_from([0, 1]))
def test_rates_of_a_town_are_the_codes_own_exact_intervals_or_hidden(
    n: int, alive_ms: int, caught: int, armed_ms: int, fine: bool, untold: int
) -> None:
    rates = town_rates(n, alive_ms, caught, armed_ms, fine=fine, untold=untold)
    known = (
        of_sums(n, alive_ms / DAY_MS, "camera-days"),
        of_sums(caught, armed_ms / DAY_MS, "trap-nights"),
    )
    for count, rate, exact in zip((n, caught), rates, known, strict=True):
        hidden = not fine and (untold > 0 or 0 < count < LEAST_SHOWN)
        assert rate == (None if hidden else exact)


@given(
    st.lists(
        st.builds(
            TownSum, st.integers(1, 9), st.booleans(), efforts, counts, efforts, counts, st.just(0)
        ),
        max_size=9,
    )
)
def test_bars_stay_on_their_scale_and_in_order(found: list[TownSum]) -> None:
    for one in compare(found, {}):
        for bar in (one.rai_bar, one.cpue_bar):
            assert bar is None or 0 <= bar.low <= bar.rate <= bar.high <= WIDTH

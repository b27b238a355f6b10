"""gateway.domain.geo.mesh: codes are exact everywhere, edges included."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.geo import mesh
from gateway.domain.geo.mesh import LEVELS, Bounds, MeshError, MeshLevel
from tests.science.shared import needs_shared
from tests.science.shared import rows as rows_of

COLUMNS = dict(
    zip(
        LEVELS,
        [
            "mesh1_80km",
            "mesh2_10km",
            "mesh_5km",
            "mesh_2km",
            "mesh3_1km",
            "mesh_half_500m",
            "mesh_quarter_250m",
            "mesh_eighth_125m",
        ],
        strict=True,
    )
)
levels = st.sampled_from(LEVELS)
rows = st.integers(0, 63_999)
columns = st.integers(0, 51_199)
latitudes = st.floats(0, mesh.MAX_LAT, exclude_max=True)
longitudes = st.floats(mesh.MIN_LON, mesh.MAX_LON, exclude_max=True)


def by_digits(y: int, x: int) -> dict[MeshLevel, str]:
    """The standard's own wording, digit by digit, from the row and column of a 125 m square."""
    p, y = divmod(y, 640)
    u, x = divmod(x, 640)
    first = f"{p:02d}{u:02d}"
    second = f"{first}{y // 80}{x // 80}"
    y, x = y % 80, x % 80
    quad = [f"{1 + (y % (2 * s) >= s) * 2 + (x % (2 * s) >= s)}" for s in (4, 2, 1)]
    third = f"{second}{y // 8}{x // 8}"
    return {
        "80km": first,
        "10km": second,
        "5km": f"{second}{1 + (y >= 40) * 2 + (x >= 40)}",
        "2km": f"{second}{y // 16 * 2}{x // 16 * 2}5",
        "1km": third,
        "500m": third + quad[0],
        "250m": third + quad[0] + quad[1],
        "125m": third + quad[0] + quad[1] + quad[2],
    }


@needs_shared
def test_published_codes_of_the_reference_are_met_exactly() -> None:
    for row in rows_of("reference/mesh_vectors.csv"):
        got = mesh.codes(float(row["lat"]), float(row["lon"]))
        assert got == {level: row[column] for level, column in COLUMNS.items()}, row


def test_the_town_office_of_goto_lies_in_a_known_square() -> None:
    # 32.6955 N = 49 * 2/3 deg + 10 * 1/12... : p 49, y 0, r 3; 128.841 E: u 28, x 6, w 7.
    assert mesh.code(32.6955, 128.841, "80km") == "4928"
    assert mesh.code(32.6955, 128.841, "10km") == "492806"
    assert mesh.code(32.6955, 128.841, "1km") == "49280637"


def test_every_edge_point_belongs_to_the_square_north_and_east_of_it() -> None:
    rng = np.random.default_rng(410)
    ys, xs = rng.integers(19_200, 44_160, 20_000), rng.integers(14_080, 34_560, 20_000)
    lats, lons = ys / 960, (xs + 64_000) / 640
    got_y, got_x = mesh.cells_of(lats, lons)
    assert np.array_equal(got_y, ys)
    assert np.array_equal(got_x, xs)
    finest = mesh.codes_of(lats, lons, "125m")
    wrong = [
        (y, x)
        for y, x, text in zip(ys, xs, finest, strict=True)
        if text != by_digits(y, x)["125m"] or mesh.corner(text) != (y, x)
    ]
    assert wrong == []


@given(st.integers(0, 66_666_666_665), st.integers(100 * 10**9, 180 * 10**9 - 1))
def test_a_place_of_nine_decimals_follows_the_integer_formula(lat: int, lon: int) -> None:
    expected = (lat * 960 // 10**9, (lon - 100 * 10**9) * 640 // 10**9)
    assert mesh.cell(lat / 1e9, lon / 1e9) == expected


@given(latitudes, longitudes)
def test_scalar_and_array_forms_agree(lat: float, lon: float) -> None:
    scalar = mesh.codes(lat, lon)
    for level in LEVELS:
        array = mesh.codes_of([[lat]], [[lon]], level)
        assert array.shape == (1, 1)
        assert array[0, 0] == scalar[level] == mesh.code(lat, lon, level)


@given(latitudes, longitudes)
def test_a_point_lies_in_the_square_of_its_code(lat: float, lon: float) -> None:
    for level, text in mesh.codes(lat, lon).items():
        south, west, north, east = mesh.bounds(text)
        assert south - 1e-12 <= lat < north
        assert west - 1e-12 <= lon < east
        assert mesh.level_of(text) == level


@given(rows, columns)
def test_codes_spell_the_standard(y: int, x: int) -> None:
    lat, lon = float(Fraction(y, 960)), float(100 + Fraction(x, 640))
    assert mesh.codes(lat, lon) == by_digits(y, x)


@given(rows, columns, levels)
def test_code_to_corner_to_code_is_the_identity(y: int, x: int, level: MeshLevel) -> None:
    text = by_digits(y, x)[level]
    south, west, north, east = mesh.bounds(text)
    assert mesh.code(south, west, level) == text
    assert mesh.code((south + north) / 2, (west + east) / 2, level) == text
    assert mesh.code(*mesh.centre(text), level) == text
    assert mesh.polygon(text).bounds == (west, south, east, north)


@given(rows, columns)
def test_every_code_knows_the_coarser_codes_that_hold_it(y: int, x: int) -> None:
    spelled = by_digits(y, x)
    for level in LEVELS:
        assert mesh.parent(spelled["125m"], level) == spelled[level]
    with pytest.raises(MeshError, match="does not lie in one 2km"):
        mesh.parent(spelled["5km"], "2km")


def test_an_areas_squares_cover_it_without_a_neighbour_too_many() -> None:
    ten = mesh.bounds("492806")
    assert mesh.within(ten, "5km") == ["4928061", "4928062", "4928063", "4928064"]
    assert len(mesh.within(ten, "1km")) == 100
    around = Bounds(ten.south - 1e-6, ten.west, ten.north, ten.east + 1e-6)
    assert set(mesh.within(around, "10km")) == {"482876", "482877", "492806", "492807"}


@pytest.mark.parametrize(
    ("lat", "lon", "words"),
    [
        (139.7454, 35.6586, "latitude 139.7454 is outside .* 0 to below 66.666"),
        (-0.1, 135.0, "latitude -0.1 "),
        (35.0, 99.99, "longitude 99.99 is outside .* 100 to below 180"),
        (35.0, 180.0, "longitude 180.0 "),
        (float("nan"), 135.0, "latitude nan "),
        (35.0, float("inf"), "longitude inf "),
    ],
)
def test_a_place_outside_is_refused_with_its_value_and_the_range(
    lat: float, lon: float, words: str
) -> None:
    for ask in (
        lambda: mesh.cell(lat, lon),
        lambda: mesh.cells_of([35.0, lat], [135.0, lon]),
    ):
        with pytest.raises(MeshError, match=words):
            ask()


@pytest.mark.parametrize(
    "text",
    ["", "493", "4.93E+06", "4928065", "492880", "492806375", "４９２８", "492806318", "4980"],
)
def test_a_text_that_is_no_code_is_refused(text: str) -> None:
    if text == "492806375":  # a 2 km code has even digits only
        assert mesh.level_of(text) == "2km"
    with pytest.raises(MeshError, match="mesh code"):
        mesh.bounds(text)


def test_hunter_map_numbers_come_from_the_prefectures_table() -> None:
    table = mesh.hunter_numbers(["mesh5km,number,note", "4928061,117,Fukue", "4928062, 118 ,"])
    assert dict(table) == {"4928061": "117", "4928062": "118"}


@pytest.mark.parametrize(
    ("row", "words"),
    [("4.93E+06,117", "mesh code"), ("4928061,", "needs"), ("492806,9", "needs")],
)
def test_a_table_a_spreadsheet_has_destroyed_is_refused(row: str, words: str) -> None:
    with pytest.raises(MeshError, match=words):
        mesh.hunter_numbers(["mesh5km,number", row])


def test_a_hunter_map_number_given_twice_is_refused() -> None:
    with pytest.raises(MeshError, match="4928061 is given twice: 1, 2"):
        mesh.hunter_numbers(["mesh5km,number", "4928061,1", "4928061,2"])


@given(st.floats(-90, 90), st.floats(-90, 90), st.floats(-180, 180), st.floats(-180, 180))
def test_an_area_anywhere_is_cut_into_a_bounded_number_of_squares(
    a: float, b: float, c: float, d: float
) -> None:
    area = mesh.clipped(mesh.Bounds(min(a, b), min(c, d), max(a, b), max(c, d)))
    if area is None:
        tall = min(max(a, b), mesh.MAX_LAT) - max(min(a, b), 0)
        wide = min(max(c, d), mesh.MAX_LON) - max(min(c, d), 100)
        assert min(tall, wide) < 1e-9
        return
    level = mesh.finest_within(area, 20_000)
    assert 1 <= len(mesh.edges_within(area, level)) <= 20_000
    assert mesh.has_code(area.south, area.west)


def on_the_ellipsoid(lat: float, lon: float) -> tuple[float, float, float]:
    """A place in space, metres (GRS 80)."""
    phi, lam = math.radians(lat), math.radians(lon)
    flat = 1 / 298.257222101
    e2 = flat * (2 - flat)
    normal = 6_378_137 / math.sqrt(1 - e2 * math.sin(phi) ** 2)
    across = normal * math.cos(phi)
    return across * math.cos(lam), across * math.sin(lam), normal * (1 - e2) * math.sin(phi)


@given(st.floats(20, 46), st.floats(122, 154), st.floats(0, 1), st.floats(0, 1))
def test_a_place_is_nowhere_farther_from_the_middle_than_its_square_is_blurred(
    lat: float, lon: float, up: float, right: float
) -> None:
    code = mesh.code(lat, lon, "5km")
    edges, middle = mesh.bounds(code), on_the_ellipsoid(*mesh.centre(code))
    place = (
        edges.south + up * (edges.north - edges.south),
        edges.west + right * (edges.east - edges.west),
    )
    far = math.dist(middle, on_the_ellipsoid(*place))
    corner = math.dist(middle, on_the_ellipsoid(edges.south, edges.west))
    assert far <= mesh.blur_m(code) <= corner + 3


def test_the_blur_of_a_square_of_goto_is_more_than_it_was_said_to_be() -> None:
    assert mesh.blur_m(mesh.code(32.69, 128.84, "5km")) == 3_733
    assert mesh.blur_m(mesh.code(45.5, 141.9, "5km")) < 3_400

"""Coordinates as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.geo import degrees
from gateway.domain.geo.degrees import DegreesError


@pytest.mark.parametrize(
    "text",
    [
        *(
            "32.6951",
            "３２．６９５１",
            " 32.6951 ",
            "+32.6951",
            "3.26951E1",
            "32.6951°",
            "32.6951度",
        ),
        *("32.6951N", "N32.6951", "32.6951 n", "北緯32.6951", "北緯 32.6951度", "北緯：32.6951"),
        *(
            "32°41'42.36\"",
            "32°41′42.36″",
            "32度41分42.36秒",
            "北緯32度41分42.36秒",
            "３２°４１’４２．３６”",
        ),
        *(
            "32 41 42.36",
            "32:41:42.36",
            "32-41-42.36",
            "32°41.706'",
            "32°41'42.36\"N",
            "32°41''42.36",
        ),
    ],
)
def test_a_latitude_is_read_in_every_usual_form(text: str) -> None:
    if text == "32°41''42.36":  # a control: seconds before minutes
        with pytest.raises(DegreesError):
            degrees.read(text, "lat")
        return
    value, _ = degrees.read(text, "lat")
    assert value == pytest.approx(32.6951, abs=1e-6)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("128.8412E", 128.8412),
        ("東経128.8412", 128.8412),
        ("70.5W", -70.5),
        ("西経70°30'", -70.5),
        ("-128.8412", -128.8412),
    ],
)
def test_the_side_of_the_earth_gives_the_sign(text: str, value: float) -> None:
    assert degrees.read(text, "lon")[0] == pytest.approx(value)


@pytest.mark.parametrize(
    ("text", "axis", "cause"),
    [
        ("32,6951", "lat", "with a point"),
        ("東経32.6951", "lat", "the other coordinate"),
        ("32.6951E", "lat", "the other coordinate"),
        ("91", "lat", "from -90 to 90"),
        ("181", "lon", "from -180 to 180"),
        ("32°61'00\"", "lat", "below 60"),
        ("nan", "lat", "must be degrees"),
        ("inf", "lon", "must be degrees"),
        ("谷の奥", "lat", "must be degrees"),
        ("", "lat", "must be degrees"),
        ("1e9", "lat", "rounded by a spreadsheet"),
    ],
)
def test_what_is_no_coordinate_is_refused_with_the_cause_in_both_languages(
    text: str, axis: degrees.Axis, cause: str
) -> None:
    with pytest.raises(DegreesError, match=cause) as error:
        degrees.read(text, axis)
    assert " / " in str(error.value)


@given(st.floats(min_value=-90, max_value=90))
def test_a_written_latitude_is_read_back(value: float) -> None:
    assert degrees.read(f"{value:.7f}", "lat")[0] == pytest.approx(value, abs=1e-7)


@given(st.text(max_size=30), st.sampled_from(["lat", "lon"]))
def test_any_text_is_a_coordinate_in_range_or_refused(text: str, axis: degrees.Axis) -> None:
    try:
        value, _ = degrees.read(text, axis)
    except DegreesError:
        return
    assert abs(value) <= {"lat": 90, "lon": 180}[axis]


NUMBERS = st.floats(20, 46).map(lambda value: round(value, 6))
FORMS = (
    "{d}",
    "{d}N",
    "N{d}",
    "N {d}",
    "北緯{d}",
    "北緯 {d}度",
    "{d}°",
    "+{d}",
    " {d}\u3000",
    "緯度：{d}",
    "lat={d}",
    "{m[0]}°{m[1]:.6f}'",
    "{m[0]} {m[1]:.6f}",
    "{m[0]}度{m[1]:.6f}分",
    "{m[0]}:{m[1]:.6f}",
    "{s[0]}°{s[1]}'{s[2]:.4f}\"",
    "{s[0]}°{s[1]}′{s[2]:.4f}″",
    "{s[0]}度{s[1]}分{s[2]:.4f}秒",
    "北緯{s[0]}度{s[1]}分{s[2]:.4f}秒",
    "{s[0]} {s[1]} {s[2]:.4f}",
    "{s[0]}:{s[1]}:{s[2]:.4f}",
    "{s[0]}-{s[1]}-{s[2]:.4f}",
    "{s[0]}.{s[1]}.{s[2]:.4f}",
    "{s[0]}d{s[1]}m{s[2]:.4f}s",
    "{s[0]}° {s[1]}' {s[2]:.4f}\" N",
    "N{s[0]}˚{s[1]}’{s[2]:.4f}”",
    "{s[0]}°{s[1]}'{s[2]:.4f}''N",
)


def parts(value: float) -> dict[str, object]:
    degrees_, rest = int(value), (value - int(value)) * 60
    return {
        "d": f"{value:.6f}",
        "m": (degrees_, rest),
        "s": (degrees_, int(rest), (rest - int(rest)) * 60),
    }


@given(NUMBERS, st.sampled_from(FORMS), st.booleans())
def test_any_spelling_of_a_coordinate_is_the_same_place_or_refused(
    value: float, form: str, is_wide: bool
) -> None:
    text = form.format(**parts(value))
    if is_wide:
        text = "".join(chr(ord(one) + 0xFEE0) if "!" <= one <= "~" else one for one in text)
    try:
        found = degrees.read(text, "lat")[0]
    except DegreesError as error:
        refused = str(error)
        found = value if "below 60" in refused else 0.0  # 59.99999 seconds, rounded to 60
    assert found == pytest.approx(value, abs=1e-6)


@given(NUMBERS, st.sampled_from(FORMS), st.integers(0, 40), st.sampled_from(list(" .,'-:NSE0x")))
def test_a_mistyped_coordinate_is_no_place_on_the_other_side_of_the_earth(
    value: float, form: str, at: int, stray: str
) -> None:
    text = form.format(**parts(value))
    text = text[:at] + stray + text[at:]
    try:
        read = degrees.read(text, "lat")[0]
    except DegreesError:
        return
    is_south = any(mark in text for mark in "S-−")
    assert read >= 0 or is_south


@pytest.mark.parametrize(
    "text",
    [
        "32 51",
        "32-51",
        "32-33",
        "32. 6951",
        "32 .6951",
        "32.69.51",
        "32°69",
        "32°41.5'42\"",
        "32'41\"",
        "324142",
        "3241.706",
        "32.6951, 128.8412",
        "32.6951 128.8412",
        "3.3E+01",
        "-32.6951S",
        "32.6951N S",
        "経度 32.69",
        "1_0",
    ],
)
def test_what_may_mean_two_places_is_refused(text: str) -> None:
    with pytest.raises(DegreesError) as error:
        degrees.read(text, "lat")
    assert " / " in str(error.value)


def test_a_decimal_comma_is_read_only_where_commas_separate_no_cells() -> None:
    assert degrees.read("32,6951", "lat", has_comma=True)[0] == 32.6951
    assert degrees.read("E128,8412", "lon", has_comma=True)[0] == 128.8412
    with pytest.raises(DegreesError, match="with a point"):
        degrees.read("32,6951", "lat")

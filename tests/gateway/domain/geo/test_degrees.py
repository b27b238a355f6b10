"""Coordinates as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.geo import degrees
from gateway.domain.geo.degrees import DegreesError


@pytest.mark.parametrize(
    "text",
    [
        *("32.6951", "３２．６９５１", " 32.6951 ", "+32.6951", "3.26951E1", "32.6951°", "32.6951度"),
        *("32.6951N", "N32.6951", "32.6951 n", "北緯32.6951", "北緯 32.6951度", "北緯：32.6951"),
        *("32°41'42.36\"", "32°41′42.36″", "32度41分42.36秒", "北緯32度41分42.36秒", "３２°４１’４２．３６”"),
        *("32 41 42.36", "32:41:42.36", "32-41-42.36", "32°41.706'", "32°41'42.36\"N", "32°41''42.36"),
    ],
)  # fmt: skip
def test_a_latitude_is_read_in_every_usual_form(text: str) -> None:
    if text == "32°41''42.36":  # a control: seconds before minutes
        with pytest.raises(DegreesError):
            degrees.read(text, "lat")
        return
    value, _ = degrees.read(text, "lat")
    assert value == pytest.approx(32.6951, abs=1e-6)


@pytest.mark.parametrize(("text", "value"), [("128.8412E", 128.8412), ("東経128.8412", 128.8412),
                                             ("70.5W", -70.5), ("西経70°30'", -70.5),
                                             ("-128.8412", -128.8412)])  # fmt: skip
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

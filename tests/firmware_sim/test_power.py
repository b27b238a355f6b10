"""Weather and batteries."""

from hypothesis import given
from hypothesis import strategies as st

from firmware_sim.devices.power import PrimaryCell, temperature_c
from firmware_sim.habitat.species_habits import DAY_S

JANUARY, JULY = 1_768_000_000.0, 1_784_000_000.0


def test_winter_nights_are_colder_than_summer_days() -> None:
    assert temperature_c(JANUARY) < 12 < 20 < temperature_c(JULY)


def test_a_battery_empties_faster_in_the_cold_and_never_below_zero() -> None:
    left = {}
    for start in (JANUARY, JULY):
        cell = PrimaryCell(50, 0.2, start)
        for day in range(30):
            cell.rest(start + day * DAY_S)
        left[start] = cell.pct
    assert left[JANUARY] < left[JULY] < 50
    flat = PrimaryCell(0.5, 10, JULY)
    flat.rest(JULY + 400 * DAY_S)
    assert flat.pct == 0
    assert flat.empty


@given(st.floats(0, 100), st.floats(0, 100), st.floats(JANUARY, JULY))
def test_a_fuller_battery_never_shows_less_voltage(a: float, b: float, at: float) -> None:
    low, high = (PrimaryCell(pct, 0.1, at).volts(at) for pct in sorted((a, b)))
    assert 2.5 < low <= high < 3.7

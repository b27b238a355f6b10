"""The verdict over a new version: good after a while of open gates, bad for a reason that is named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.upgrade.gates import (
    MOST_RESTARTS,
    PATIENCE_S,
    Gate,
    Observation,
    Verdict,
    Watch,
    advance,
)
from gateway.upgrade.phases import Patience

PATIENCE = Patience(settle_s=60.0, limit_s=300.0)
OPEN = Observation({})
STEP_S = 2.0
Looks = list[Observation]


def closed(*gates: Gate, restarts: int = 0) -> Observation:
    return Observation(dict.fromkeys(gates, "why"), restarts)


def verdict(looks: Looks) -> tuple[Verdict, float]:
    """The first verdict over looks every STEP_S, and after how many seconds."""
    watch = Watch(0.0)
    for number, seen in enumerate(looks):
        watch, found = advance(watch, seen, number * STEP_S, PATIENCE)
        if found.is_good is not None:
            return found, number * STEP_S
    return Verdict(None), len(looks) * STEP_S


def test_a_version_with_open_gates_is_good_after_the_settling_time() -> None:
    starting = [closed(*Gate)] * 10
    assert verdict([*starting, *[OPEN] * 200]) == (Verdict(True), 80.0)


@pytest.mark.parametrize("gate", Gate)
def test_a_gate_that_never_opens_ends_the_trial_at_its_limit(gate: Gate) -> None:
    found, after_s = verdict([closed(gate)] * 200)
    assert (found.is_good, after_s) == (False, 300.0)
    assert str(gate) in found.reason


@pytest.mark.parametrize("gate", Gate)
def test_a_gate_that_closes_again_ends_the_trial_after_its_patience(gate: Gate) -> None:
    found, after_s = verdict([OPEN, *[closed(gate)] * 200])
    assert found == Verdict(False, f"{gate}: why")
    assert after_s == STEP_S + PATIENCE_S[gate]


def test_a_short_pause_costs_nothing_and_no_version_is_good_while_a_gate_is_closed() -> None:
    pause = [closed(Gate.PAGES)] * 5
    assert verdict([OPEN, *pause, *[OPEN] * 200])[0] == Verdict(True)
    found, after_s = verdict([*[OPEN] * 28, *[closed(Gate.PAGES)] * 5, *[OPEN] * 9])
    assert (found.is_good, after_s) == (True, 66.0)


def test_a_service_that_ends_again_and_again_is_not_waited_for() -> None:
    found, after_s = verdict([closed(Gate.START), closed(Gate.START, restarts=MOST_RESTARTS)])
    assert (found.is_good, after_s) == (False, STEP_S)


@given(st.lists(st.sets(st.sampled_from(list(Gate))), max_size=200))
def test_a_good_version_had_open_gates_at_the_end_and_at_least_the_settling_time(
    looks: list[set[Gate]],
) -> None:
    seen = [closed(*gates) for gates in looks]
    found, after_s = verdict(seen)
    if found.is_good:
        assert not looks[int(after_s / STEP_S)]
        first = next(n for n, gates in enumerate(looks) if not gates)
        assert after_s - first * STEP_S >= PATIENCE.settle_s
    if found.is_good is False:
        assert found.reason

"""The effect page: do the intervals of the change near and far hold the true change?

Owns the true change of the expected visits at given sensors. Must not know verdicts.
"""

from msgspec import Struct

from firmware_sim.evaluation.rates import Truth
from firmware_sim.evaluation.record import EffectLine, GatewayRecord, Interval
from firmware_sim.evaluation.story import Story


class EffectCompared(Struct, frozen=True):
    """One change with its truth."""

    species: str
    where: str  # near, far
    ratio: float | None
    low: float | None
    high: float | None
    truth: float | None
    covered: bool | None  # None: no interval was given


def score(story: Story, record: GatewayRecord) -> list[EffectCompared]:
    """Compare the changes."""
    truth = Truth(story, record.independent_s)
    return [
        _compared(truth, line, where, sensors, given)
        for line in record.effect
        for where, sensors, given in (
            ("near", line.near, line.near_ratio),
            ("far", line.far, line.far_ratio),
        )
    ]


def _compared(
    truth: Truth, line: EffectLine, where: str, sensors: list[str], given: Interval
) -> EffectCompared:
    true = _ratio(truth, line, sensors)
    covered = None
    if true is not None and given.low is not None and given.high is not None:
        covered = given.low <= true <= given.high
    return EffectCompared(line.species, where, given.value, given.low, given.high, true, covered)


def _ratio(truth: Truth, line: EffectLine, sensors: list[str]) -> float | None:
    before, after = (
        sum(truth.visits(line.species, one, *span) for one in sensors) / max(span[1] - span[0], 1)
        for span in (line.before, line.after)
    )
    return after / before if before else None

"""The answer in one word, and why. PURE.

Owns the rule. `worked` is said only of a fall near the traps that did not happen far away, and that the
95 % interval and the permutation both exclude as chance. `none` is said where a fall of a fifth or more is
excluded. All else is `unclear`, with what would make it clear. A fall without far sensors cannot be told from
season, weather or food: it is `unclear`.
"""

from typing import Literal

from msgspec import Struct

from dashboard.analysis.intervals import power
from dashboard.analysis.intervals.ratio import Ratio

WORTH = 0.8  # a ratio above this is no fall that matters
LEAST_FAR = 3  # sensors with events, near and far; below, deals of labels are too few for p <= 0.05

Answer = Literal["worked", "none", "unclear"]
Reason = Literal[
    "fell", "rose", "no_fall", "chance", "no_traps", "no_control", "few_near", "few_days"
]


class Verdict(Struct, frozen=True):
    """The answer, its reason, and what would make it clear."""

    answer: Answer
    reason: Reason
    detectable: float | None = None  # a fall to this ratio would be found with a chance of 80 %
    times: float | None = None  # how many times the effort finds a halving; None: cannot be told


def verdict(near: Ratio, far: Ratio, against: Ratio, traps: int, *, enough: bool = True) -> Verdict:
    """Judge the ratio of the change near over the change far. `enough`: sensor-days in each period."""
    if not traps:
        return Verdict("unclear", "no_traps")
    if near.sites and not enough:
        return Verdict("unclear", "few_days")
    if near.sites < LEAST_FAR:
        return Verdict("unclear", "few_near")
    if far.sites < LEAST_FAR or against.ratio is None:
        return Verdict("unclear", "no_control")
    if against.changed and against.high is not None and against.high < 1:
        return _planned("fell", against)
    if against.low is not None and against.low >= WORTH:
        return _planned("rose" if against.changed else "no_fall", against)
    return _planned("chance", against)


def _planned(reason: Reason, found: Ratio) -> Verdict:
    answers: dict[Reason, Answer] = {"fell": "worked", "rose": "none", "no_fall": "none"}
    return Verdict(
        answers.get(reason, "unclear"),
        reason,
        power.detectable(found),
        power.times_the_effort(found),
    )

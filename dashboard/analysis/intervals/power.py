"""What would make an unclear comparison clear: the change that can be found, and the effort it takes.

Owns both calculations. Pure. They are for planning: normal approximation, at the measured spread.
The standard error of a log ratio falls with the square root of the effort as long as the effort comes from
more sensors of the same kind; longer watching at the same few sensors brings less.
"""

import math
from statistics import NormalDist

from dashboard.analysis.intervals import student
from dashboard.analysis.intervals.ratio import Ratio

POWER = 0.8  # chance of finding a change that is really there
TARGET = 0.5  # a halving


def detectable(found: Ratio, power: float = POWER) -> float | None:
    """The ratio below 1 that such data finds with this chance; None if that cannot be told."""
    if not found.se_log:
        return None
    return math.exp(-_quantiles(found.df, power) * found.se_log)


def times_the_effort(found: Ratio, target: float = TARGET, power: float = POWER) -> float | None:
    """How many times the present effort finds a true ratio of `target`; None if that cannot be told.

    Raises ValueError for a target not between 0 and 1.
    """
    if not 0 < target < 1:
        raise ValueError(f"a target of {target} is not a fall; it must be between 0 and 1")
    if not found.se_log:
        return None
    needed = -math.log(target) / _quantiles(found.df, power)
    return (found.se_log / needed) ** 2


def _quantiles(df: float, power: float) -> float:
    return student.quantile(df) + NormalDist().inv_cdf(power)

"""Whether a count lies within what was expected, when the expectation itself is uncertain. PURE.

Owns the limits of such a count: a Poisson count whose mean has a gamma distribution, which is negative
binomial (Greenwood & Yule 1920).
"""

import math

MOST = 100_000  # counts tried


def limits(mean: float, relative_sd: float, outside: float = 0.05) -> tuple[int, int]:
    """The least and the most that is counted with a probability of 1 - `outside`."""
    if mean <= 0:
        return 0, 0
    return quantile(mean, relative_sd, outside / 2), quantile(mean, relative_sd, 1 - outside / 2)


def quantile(mean: float, relative_sd: float, share: float) -> int:
    """The smallest count whose cumulative probability reaches `share`."""
    shape = 1 / max(relative_sd, 1e-3) ** 2
    rest = mean / (mean + shape)
    probability = math.exp(shape * math.log1p(-rest))
    total = probability
    for count in range(MOST):
        if total >= share:
            return count
        probability *= (shape + count) / (count + 1) * rest
        total += probability
    return MOST

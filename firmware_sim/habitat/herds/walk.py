"""How a group walks: a correlated walk in its home range, a function of its own random stream and the day.

Owns the walk, in units of a standard deviation around the middle of the home range. Must not know places.

Each coordinate is a second-order autoregression: headings persist for about half an hour, places for hours,
and the walk over a long time is normal with variance 1. A day is computed from the draws of the day before
and its own, so that it goes on where the day before ended, without the whole past.
"""

import math

import numpy as np
from numpy.typing import NDArray

from firmware_sim.habitat.fields import Floats
from firmware_sim.habitat.random_streams import fractions

STEPS = 72  # of 20 minutes in a day
PLACE_H, HEADING_H = 3.0, 0.5
STEP_H = 24 / STEPS
P, Q = math.exp(-STEP_H / PLACE_H), math.exp(-STEP_H / HEADING_H)


def walks(streams: NDArray[np.uint64], day: int) -> Floats:
    """Give the walk of each group on a local day: group, step, (east, north)."""
    herds = len(streams)
    place, heading = np.zeros((herds, 2)), np.zeros((herds, 2))
    found = np.empty((herds, STEPS, 2))
    for step in range(2 * STEPS):
        heading = Q * heading + _draws(streams, (day - 1) * STEPS + step)
        place = P * place + heading
        if step >= STEPS:
            found[:, step - STEPS] = place
    found *= 1 / spread()
    return found


def spread() -> float:
    """Give the standard deviation of the autoregression over a long time."""
    a1, a2 = P + Q, -P * Q
    return math.sqrt((1 - a2) / ((1 + a2) * ((1 - a2) ** 2 - a1**2)))


def _draws(streams: NDArray[np.uint64], step: int) -> Floats:
    """A pair of normal numbers of each group (Box and Muller) at a step since 1970."""
    far = np.sqrt(-2 * np.log(1 - fractions(streams, 2 * step)))
    turn = 2 * math.pi * fractions(streams, 2 * step + 1)
    return np.stack([far * np.cos(turn), far * np.sin(turn)], axis=1)

"""Daily activity: at which hours animals come, corrected for the hours in which sensors ran.

Owns the circular kernel density of the hours of events. Pure; hours are local clock hours, 0 to 24.

The weight of an event is the mean uptime divided by the uptime of its hour. Without it a camera that
runs only at night would make every animal look nocturnal. The kernel is von Mises; its concentration
follows Taylor's rule, as in the R packages overlap and activity (Ridout & Linkie 2009; Taylor 2008;
Rowcliffe et al. 2014).
"""

import math

import numpy as np
from msgspec import Struct
from numpy.typing import ArrayLike

from dashboard.analysis.projection import Bools, Floats

STEPS = 512  # of integrals over the circle; exact to rounding for concentrations below 10,000
TURN = 2 * math.pi
MIDDLES = (np.arange(STEPS) + 0.5) * TURN / STEPS  # of the parts, in radians
_COS = np.cos(MIDDLES)


class Activity(Struct, frozen=True, eq=False):
    """Activity over the day, at the middle of STEPS equal parts of it."""

    hour: Floats  # local hour, 0..24
    share_per_hour: Floats  # integral over 24 h is 1; NaN where no sensor ran
    kappa: float  # concentration of the kernel
    events: int
    unwatched: tuple[int, ...]  # hours in which no sensor ran: unknown, not inactive


def activity(
    event_hours: ArrayLike, uptime_hours: ArrayLike, kappa: float | None = None
) -> Activity | None:
    """Estimate activity from events at local hours (n,) and the uptime of each clock hour (24,).

    None without an event in a watched hour. Raises ValueError for hours outside 0..24 or an uptime
    that is not 24 values of 0 or more.
    """
    hours, uptime = _checked(event_hours, uptime_hours)
    watched = uptime > 0
    hours = hours[watched[hours.astype(int) % 24]]
    if not len(hours):
        return None
    weights = uptime[watched].mean() / uptime[hours.astype(int) % 24]
    angles = hours * TURN / 24
    kappa = concentration(angles) if kappa is None else kappa
    shape = _von_mises(angles, kappa) @ (weights / weights.sum())
    return _masked(MIDDLES * 24 / TURN, shape * TURN / 24, watched, kappa, len(hours))


def hours_of_counts(counts: ArrayLike) -> Floats:
    """Spread the events of each clock hour (24,) evenly over that hour: input for `activity`."""
    whole = np.asarray(counts, dtype=np.int64)
    parts = [hour + (np.arange(n) + 0.5) / n for hour, n in enumerate(whole.tolist()) if n]
    return np.concatenate(parts) if parts else np.empty(0)


def concentration(angles: ArrayLike) -> float:
    """Concentration of the von Mises kernel for angles in radians, by Taylor's rule.

    Uses the largest concentration estimated from the first three moments. With the first moment
    alone, two peaks a day (dusk and dawn) would be smoothed into one.
    """
    a = np.asarray(angles, dtype=np.float64)
    kappa = max(_kappa(a, moment) for moment in (1, 2, 3))
    if kappa < 1e-3:
        return 1e-3
    ratio = bessel(2, 2 * kappa) / bessel(0, kappa) ** 2  # both scaled: exp(2 kappa) cancels
    smooth = 3 * len(a) * kappa**2 * ratio / (4 * math.sqrt(math.pi))
    return min(float(smooth**0.4), 500.0)


def bessel(order: int, x: float) -> float:
    """Modified Bessel function of the first kind, scaled: I_order(x) exp(-x), for x >= 0."""
    return float(np.mean(np.exp(x * (_COS - 1)) * np.cos(order * MIDDLES)))


def _kappa(angles: Floats, moment: int) -> float:
    """Concentration with the same moment about the mean direction as the data; 0 if uniform."""
    direction = np.angle(np.exp(1j * angles).mean())
    length = float(np.cos(moment * (angles - direction)).mean())
    excess = np.cos(moment * MIDDLES) - length  # its mean under the density is 0 at the solution
    low, high = 0.0, 500.0
    for _ in range(60):
        middle = (low + high) / 2
        above = float(np.exp(middle * (_COS - 1)) @ excess) > 0
        low, high = (low, middle) if above else (middle, high)
    return low


def _von_mises(angles: Floats, kappa: float) -> Floats:
    """The density about each of the angles (n,), at MIDDLES: (STEPS, n)."""
    cosines = np.outer(_COS, np.cos(angles)) + np.outer(np.sin(MIDDLES), np.sin(angles))
    density: Floats = np.exp(kappa * (cosines - 1)) / (TURN * bessel(0, kappa))
    return density


def _masked(hour: Floats, share: Floats, watched: Bools, kappa: float, events: int) -> Activity:
    known = watched[hour.astype(int)]
    integral = share[known].sum() * 24 / STEPS
    unwatched = tuple(np.flatnonzero(~watched).tolist())
    return Activity(hour, np.where(known, share / integral, np.nan), kappa, events, unwatched)


def _checked(event_hours: ArrayLike, uptime_hours: ArrayLike) -> tuple[Floats, Floats]:
    hours = np.asarray(event_hours, dtype=np.float64)
    uptime = np.asarray(uptime_hours, dtype=np.float64)
    if not ((hours >= 0) & (hours <= 24)).all():
        raise ValueError("event hours must lie within 0 to 24")
    if uptime.shape != (24,) or not (uptime >= 0).all():
        raise ValueError("uptime must be 24 values of 0 hours or more, one for each clock hour")
    return hours, uptime

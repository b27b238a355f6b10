"""Weather and batteries: how cold and activity drain a primary cell.

Owns the temperature of Fukue island, primary cells and batteries with a solar cell. Must not know messages.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from firmware_sim.habitat.species_habits import DAY_S, JST_S, local_day

COLD_BELOW_C = 10.0
COLD_DRAIN_PER_C = 0.03  # share of extra drain per degree below
FULL_V, EMPTY_V = 3.6, 2.7
SAG_V_PER_C = 0.006
SUN_PCT_PER_DAY, SOLAR_DRAIN_PCT_PER_DAY, BACK_PCT = 24.0, 8.0, 10.0


def temperature_c(at: float) -> float:
    """Give a plausible air temperature at the Unix time `at`: yearly and daily waves."""
    local = (at + JST_S) / DAY_S
    year = -math.cos(2 * math.pi * (local - 25) / 365.2425)
    day = math.cos(2 * math.pi * (local - 14 / 24))
    return 17.0 + 10.0 * year + 3.5 * day


@dataclass(slots=True)
class PrimaryCell:
    """A primary cell: its charge and its drain."""

    pct: float
    pct_per_day: float  # at rest and mild weather
    since: float  # Unix seconds up to which the drain is counted

    @property
    def empty(self) -> bool:
        """Whether the device has no power."""
        return self.pct <= 0.0

    def rest(self, at: float) -> None:
        """Subtract the drain of standby until `at`; it is higher in the cold."""
        days = max(0.0, at - self.since) / DAY_S
        cold = max(0.0, COLD_BELOW_C - temperature_c(at))
        self.pct = max(0.0, self.pct - days * self.pct_per_day * (1 + COLD_DRAIN_PER_C * cold))
        self.since = at

    def work(self, pct: float) -> None:
        """Subtract the drain of one activity: a photo, a transmission, a relay."""
        self.pct = max(0.0, self.pct - pct)

    def volts(self, at: float) -> float:
        """The measured voltage."""
        return volts(self.pct, at)


@dataclass(slots=True)
class SolarCell:
    """A battery with a solar cell: empty after dark weeks, and back once it has charged a little."""

    pct: float
    since: float
    is_dark: Callable[[int], bool]  # whether there is no sun on a local day
    empty: bool = False

    def rest(self, at: float) -> None:
        """Add the sun's charge and subtract the drain of standby until `at`."""
        days = max(0.0, at - self.since) / DAY_S
        sun = 0.0 if self.is_dark(local_day(at)) else SUN_PCT_PER_DAY * _sun(at)
        self.pct = min(100.0, max(0.0, self.pct + days * (sun - SOLAR_DRAIN_PCT_PER_DAY)))
        self.since = at
        self.empty = self.pct <= 0 or (self.empty and self.pct < BACK_PCT)

    def work(self, pct: float) -> None:
        """Subtract the drain of one activity."""
        self.pct = max(0.0, self.pct - pct)

    def volts(self, at: float) -> float:
        """The measured voltage."""
        return volts(self.pct, at)


def volts(pct: float, at: float) -> float:
    """Give a voltage: nearly constant, then falling; lower in the cold."""
    left = pct / 100
    knee = min(1.0, left / 0.15)
    rest = EMPTY_V + (FULL_V - EMPTY_V) * (0.75 * knee + 0.25 * left)
    return rest - SAG_V_PER_C * max(0.0, COLD_BELOW_C - temperature_c(at))


def _sun(at: float) -> float:
    """The sun of a day, 0.5 in winter to 1 in summer."""
    return 0.75 - 0.25 * math.cos(2 * math.pi * ((at + JST_S) / DAY_S + 10) / 365.2425)

"""Weather and batteries: how cold and activity drain a primary cell.

Owns the temperature of Fukue island and the state of one battery. Must not know messages.
"""

import math
from dataclasses import dataclass

from firmware_sim.habitat.wildlife import DAY_S, JST_S

COLD_BELOW_C = 10.0
COLD_DRAIN_PER_C = 0.03  # share of extra drain per degree below
FULL_V, EMPTY_V = 3.6, 2.7
SAG_V_PER_C = 0.006


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
        """The measured voltage: nearly constant, then falling; lower in the cold."""
        left = self.pct / 100
        knee = min(1.0, left / 0.15)
        rest = EMPTY_V + (FULL_V - EMPTY_V) * (0.75 * knee + 0.25 * left)
        return rest - SAG_V_PER_C * max(0.0, COLD_BELOW_C - temperature_c(at))

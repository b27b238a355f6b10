"""What a simulated trapper writes down about a trap, and when.

Owns the words and the habits: most at once, some in the evening, some never. Must not act on the trap.
"""

from firmware_sim.habitat.random_streams import fraction
from firmware_sim.habitat.records import Told

GAME = {"boar", "deer"}
BEFORE_SET_S = 240.0  # the outcome is written down before the trap is set again
AT_ONCE, IN_THE_EVENING = 0.75, 0.9  # cumulative shares; the rest is never written down
EVENING_S = 9 * 3600.0


def note(at: float, trap: str, deed: str) -> Told:
    """A note about a trap that is set or closed."""
    return Told(at, trap, deed, at)


def found(set_at: float, trap: str, stream: int, cause: str, caught: int) -> Told:
    """The outcome of a spring whose trap is set again at `set_at`."""
    at = set_at - BEFORE_SET_S
    luck = fraction(stream ^ 12, int(set_at))
    later = 0.0 if luck < AT_ONCE else EVENING_S if luck < IN_THE_EVENING else None
    recorded_at = None if later is None else at + later
    if caught == 0:
        return Told(at, trap, "false_spring", recorded_at)
    deed = "captured" if cause in GAME else "non_target"
    return Told(at, trap, deed, recorded_at, cause, caught)

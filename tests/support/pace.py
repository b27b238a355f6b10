"""How slow the machine is now: deadlines of tests follow it, so that a busy machine fails none of them.

Owns the measurement, and deadlines in seconds of a quiet machine. Must not know what is waited for.
"""

import os
import time
from collections.abc import Callable

QUIET_S = 0.01  # what the piece of work takes on a quiet machine
WORK = 100_000  # loops of the piece of work


def slowness() -> float:
    """How many times slower than a quiet machine everything is, at least 1.

    The larger of the processes that want a core per core (average of the last minute), and the measured
    time of a piece of work.
    """
    began = time.monotonic()
    sum(number * number for number in range(WORK))
    measured = (time.monotonic() - began) / QUIET_S
    return max(1.0, measured, os.getloadavg()[0] / (os.cpu_count() or 1))


def patience_ms(seconds: float) -> float:
    """So many seconds of a quiet machine as the milliseconds that a browser is given on this one now."""
    return 1_000 * seconds * slowness()


class Deadline:
    """So many seconds of a quiet machine from now on; how long they are is measured when they seem over."""

    def __init__(self, seconds: float, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._began, self._seconds, self._clock_s = clock_s(), seconds, clock_s
        self._end = self._began + seconds

    def has_passed(self) -> bool:
        """Whether the time is over, also on a machine as busy as this one."""
        if self._clock_s() < self._end:
            return False
        self._end = max(self._end, self._began + self._seconds * slowness())
        return self._clock_s() >= self._end

    def __str__(self) -> str:
        return f"{self._end - self._began:.0f} s"

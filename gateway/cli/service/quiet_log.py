"""Faults that repeat are logged once a minute.

Owns the filter for what libraries log. Our own modules decide themselves how often they speak.
"""

import logging
import time
from collections.abc import Callable

PAUSE_S = 60.0
PLACES = 500  # in the code that are remembered
OURS = ("gateway", "dashboard")


class OncePerMinute(logging.Filter):
    """Lets a library's record from one place in its code pass once a minute, with how many were held."""

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock_s = clock_s
        self._last: dict[tuple[object, ...], tuple[float, int]] = {}  # when let through, held since

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is written."""
        if record.name.partition(".")[0] in OURS:
            return True
        error = record.exc_info[0] if record.exc_info else None
        key = (record.name, record.pathname, record.lineno, error)
        now_s = self._clock_s()
        last_s, held = self._last.get(key, (-PAUSE_S, 0))
        if now_s - last_s < PAUSE_S:
            self._last[key] = last_s, held + 1
            return False
        if len(self._last) >= PLACES:
            self._last.clear()
        self._last[key] = now_s, 0
        if held:
            record.msg, record.args = (
                f"{record.getMessage()} ({held} more in the last minute)",
                None,
            )
        return True


def quiet_libraries() -> None:
    """Put the filter on everything that is written."""
    held = OncePerMinute()
    for handler in logging.getLogger().handlers:
        handler.addFilter(held)

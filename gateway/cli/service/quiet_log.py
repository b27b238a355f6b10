"""Repeated log records of libraries are written once a minute.

Owns the filter. Must not filter our own modules: they decide themselves how often they log.
"""

import logging
import time
from collections.abc import Callable

PAUSE_S = 60.0
MAX_PLACES = 500  # in the code of libraries
OURS = ("gateway", "dashboard")


class OncePerMinute(logging.Filter):
    """Writes a record from one place in a library once a minute, with the number of suppressed ones."""

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock_s = clock_s
        self._last: dict[
            tuple[object, ...], tuple[float, int]
        ] = {}  # when written, suppressed since

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to write the record."""
        if record.name.partition(".")[0] in OURS:
            return True
        error = record.exc_info[0] if record.exc_info else None
        key = (record.name, record.pathname, record.lineno, error)
        now_s = self._clock_s()
        last_s, suppressed = self._last.get(key, (-PAUSE_S, 0))
        if now_s - last_s < PAUSE_S:
            self._last[key] = last_s, suppressed + 1
            return False
        if len(self._last) >= MAX_PLACES:
            self._last.clear()
        self._last[key] = now_s, 0
        if suppressed:
            record.msg, record.args = (
                f"{record.getMessage()} ({suppressed} more in the last minute)",
                None,
            )
        return True


def quiet_libraries() -> None:
    """Add the filter to all handlers of the root logger."""
    suppressed = OncePerMinute()
    for handler in logging.getLogger().handlers:
        handler.addFilter(suppressed)

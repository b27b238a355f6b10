"""When people must hear that nothing is forwarded any more.

Owns `fault`, the words of a trouble that lasts; rule `gateway_fault` makes the alert. Must not decide
what a trouble is, nor send anything.
"""

import logging
from datetime import datetime, timedelta

from gateway.clock import Clock

log = logging.getLogger(__name__)

PATIENCE = timedelta(hours=1)  # an outage that long is told; nothing is lost meanwhile


class Alarm:
    """The alarm of one follower."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since: datetime | None = None
        self.fault = ""  # what a person must know now; "" = nothing

    def waits(self, detail: str) -> None:
        """The server cannot take it now: wait, and tell after PATIENCE."""
        now = self._clock()
        if self._since is None:
            self._since = now
            log.warning("InfluxDB takes nothing, events wait in the journal: %s", detail)
        if now - self._since >= PATIENCE:
            self.fault = detail

    def held(self, detail: str) -> None:
        """A person must act: tell at once."""
        if self.fault != detail:
            log.error("InfluxDB refuses all events, they wait in the journal: %s", detail)
        self._since = self._since or self._clock()
        self.fault = detail

    def well(self) -> None:
        """It works again."""
        if self._since is not None:
            log.info("InfluxDB takes events again")
        self._since, self.fault = None, ""

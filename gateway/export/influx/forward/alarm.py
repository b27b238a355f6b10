"""Decides when a person must know that nothing is forwarded.

Owns `fault`, the text of a lasting failure; rule `gateway_fault` opens the alert. Must not judge answers
of the server nor send anything.
"""

import logging
from datetime import datetime, timedelta

from gateway.clock import Clock

log = logging.getLogger(__name__)

ALERT_AFTER = timedelta(hours=1)  # of an outage; nothing is lost meanwhile


class Alarm:
    """The alarm of one forwarder."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since: datetime | None = None
        self.fault = ""  # what a person must know now; "": nothing

    def waits(self, detail: str) -> None:
        """The server accepts nothing now: wait, and set the fault after PATIENCE."""
        now = self._clock()
        if self._since is None:
            self._since = now
            log.warning("InfluxDB accepts nothing, events wait in the journal: %s", detail)
        if now - self._since >= ALERT_AFTER:
            self.fault = detail

    def held(self, detail: str) -> None:
        """A person must correct something: set the fault at once."""
        if self.fault != detail:
            log.error("InfluxDB refuses all events, they wait in the journal: %s", detail)
        self._since = self._since or self._clock()
        self.fault = detail

    def well(self) -> None:
        """Forwarding works again."""
        if self._since is not None:
            log.info("InfluxDB accepts events again")
        self._since, self.fault = None, ""

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
    """The alarm of one follower; `to`: what it sends to, as logs name it."""

    def __init__(self, clock: Clock, to: str = "InfluxDB") -> None:
        self._clock, self._to = clock, to
        self._since: datetime | None = None
        self.fault = ""  # what a person must know now; "": nothing

    def faults(self, part: str) -> dict[str, str]:
        """The fault under the name of a part of the gateway; empty: none."""
        return {part: self.fault} if self.fault else {}

    def waits(self, detail: str) -> None:
        """The server accepts nothing now: wait, and set the fault after ALERT_AFTER."""
        now = self._clock()
        if self._since is None:
            self._since = now
            log.warning("%s accepts nothing, events wait in the journal: %s", self._to, detail)
        if now - self._since >= ALERT_AFTER:
            self.fault = detail

    def held(self, detail: str) -> None:
        """A person must correct something: set the fault at once."""
        if self.fault != detail:
            log.error("%s refuses all events, they wait in the journal: %s", self._to, detail)
        self._since = self._since or self._clock()
        self.fault = detail

    def well(self) -> None:
        """Forwarding works again."""
        if self._since is not None:
            log.info("%s accepts events again", self._to)
        self._since, self.fault = None, ""

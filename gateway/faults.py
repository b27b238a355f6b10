"""The gateway's own faults, collected for the rules: part -> what is wrong with it.

Owns which parts are checked. Must not alert (`alerts.rules.gateway`) nor repair anything.
"""

import shutil
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path

from gateway.clock import Clock
from gateway.config import Config
from gateway.metrics import Health
from gateway.mqtt import Session
from gateway.mqtt.certificate import not_after

BROKER_AFTER = timedelta(minutes=2)
BACKLOG_AFTER = timedelta(minutes=10)  # a burst of messages is over sooner
CERTIFICATE_WARNING = timedelta(days=21)

FaultSource = Callable[[], dict[str, str]]


class GatewayFaults:
    """Checks the parts of one gateway; the scheduler calls it at every tick."""

    def __init__(
        self,
        config: Config,
        health: Health,
        session: Session,
        clock: Clock,
        more: Iterable[FaultSource] = (),
    ) -> None:
        self._config, self._health, self._session, self._clock = config, health, session, clock
        self._more = tuple(more)
        self._connected_since: datetime | None = None
        self._lost_at: datetime | None = clock()
        self._behind_since: datetime | None = None  # messages wait to be processed

    def __call__(self) -> dict[str, str]:
        """The present faults by part."""
        now = self._clock()
        self._check_connection(now)
        found = {}
        counters = self._session.counters
        if warning := counters.history.warning(now, counters.client_id):
            found["broker"] = warning
        elif self._lost_at and now - self._lost_at > BROKER_AFTER:
            found["broker"] = counters.error or "not connected"
        if self._behind_since and now - self._behind_since > BACKLOG_AFTER:
            found["backlog"] = f"{self._health.backlog}"
        if disk := self._health.disk_error or self._disk():
            found["disk"] = disk
        if certificate := self._certificate(now):
            found["certificate"] = certificate
        for more in self._more:
            found |= more()
        return found

    def listening(self) -> datetime | None:
        """Since when messages arrive; None without a connection or while stored messages wait."""
        self._check_connection(self._clock())
        return None if self._health.backlog else self._connected_since

    def _check_connection(self, now: datetime) -> None:
        self._behind_since = (self._behind_since or now) if self._health.backlog else None
        if self._session.counters.connected:
            self._connected_since, self._lost_at = self._connected_since or now, None
        else:
            self._connected_since, self._lost_at = None, self._lost_at or now

    def _disk(self) -> str:
        folder = Path(self._config.store.path).absolute().parent
        free_mb = shutil.disk_usage(folder).free // 1_000_000
        return f"{free_mb} MB" if free_mb < self._config.store.disk_reserve_mb else ""

    def _certificate(self, now: datetime) -> str:
        for name in (self._config.mqtt.cert_file, self._config.mqtt.ca_file):
            if not name:
                continue
            try:
                ends = not_after(Path(name).read_text(encoding="ascii", errors="replace"))
            except (OSError, ValueError):
                continue  # the connection reports this fault itself
            if ends - now < CERTIFICATE_WARNING:
                return f"{ends:%Y-%m-%d}"
        return ""

"""Figures of the site for /metrics: open alerts, silent devices, age of the newest message.

Owns these gauges. They name no device and no place. Must not decide what is an alert or silent.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime

from msgspec import Struct
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from gateway.domain.model import AlertLevel, AlertStatus, Role, Standing
from gateway.domain.trap_lifecycle import trap_view
from gateway.store import Reader

NAME = "shishigaki"
ANSWERS = ("no", "yes")


class SiteFigures(Struct, frozen=True):
    """From one look at the database."""

    alerts: Mapping[tuple[AlertLevel, str], int]  # by level and whether it is acknowledged
    devices: Mapping[Role, int]  # approved ones
    silent: Mapping[Role, int]
    outbox: Mapping[str, int]
    heard_s: float | None  # age of the newest message; None: there was none


def look(reader: Reader, now: datetime) -> SiteFigures:
    """The figures at `now`."""
    states = reader.states()
    devices = [one for one in reader.devices() if one.standing is Standing.APPROVED]
    silent = [one for one in devices if trap_view(states.get(one.id), now, one.heartbeat_s).silent]
    alerts = Counter(
        (one.level, ANSWERS[one.status is AlertStatus.ACKNOWLEDGED]) for one in reader.open_alerts()
    )
    newest = reader.newest_receipt()
    return SiteFigures(
        alerts,
        Counter(one.role for one in devices),
        Counter(one.role for one in silent),
        reader.outbox(),
        max(0.0, (now - newest).total_seconds()) if newest else None,
    )


class SiteMetrics(Collector):
    """The gauges of the newest look."""

    def __init__(self) -> None:
        self.figures: SiteFigures | None = None  # None: the database could not be read

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """The samples."""
        found = self.figures
        alerts = _family("open_alerts", "Open alerts", "level", "acknowledged")
        devices = _family("devices", "Approved devices", "role")
        silent = _family("silent_devices", "Approved devices that are silent", "role")
        outbox = _family("outbox", "Deliveries to people by status", "status")
        heard = _family("last_message_age_seconds", "Since the newest stored message was received")
        if found:
            for level in AlertLevel:
                for answer in ANSWERS:
                    alerts.add_metric([level, answer], found.alerts.get((level, answer), 0))
            for role in Role:
                devices.add_metric([role], found.devices.get(role, 0))
                silent.add_metric([role], found.silent.get(role, 0))
            for status, number in sorted(found.outbox.items()):
                outbox.add_metric([status], number)
            if found.heard_s is not None:
                heard.add_metric([], found.heard_s)
        return [alerts, devices, silent, outbox, heard]


def _family(name: str, text: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"{NAME}_{name}", text, labels=labels)

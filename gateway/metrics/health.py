"""Counters and state of the gateway, for /metrics, /healthz and the watchdog.

Owns the counters and the decision whether the intake moves. Must not act on them.
"""

import os
import socket
import time
from collections.abc import Iterable, Mapping, Sequence

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from gateway.domain.model import RefusalReason
from gateway.domain.outcome import Outcome
from gateway.domain.refused.no_events import NoEventCounts
from gateway.metrics.site_figures import SiteFigures, SiteMetrics
from gateway.mqtt.session import Counters

STUCK_S = 120.0  # a gateway whose commit takes longer is stuck
NAME = "shishigaki"
disable_created_metrics()  # type: ignore[no-untyped-call]  # the time of the first count, a second metric for each counter

# Counters of the MQTT session that become metrics: (field, help text).
SESSION_GAUGES = (
    ("connected", "1 while the broker is connected"),
    ("uncommitted", "The queue: received and not yet durable"),
    ("paused", "1 while reading is stopped because the queue is full"),
)
SESSION_COUNTERS = (
    ("connections", "Connections made since the start"),
    ("received", "Messages read from the broker, copies included"),
    ("acked", "Acknowledgements sent, each after its commit"),
    ("stale_acks", "Acknowledgements dropped because their connection had ended"),
    ("forgotten", "Let go of when full; the broker sends them again"),
)
BROKER_COUNTERS = {"dropped"}  # of what the broker says; the others go up and down


class _NoEvents(Collector):
    """Reads the counts at each request; which devices are listed changes."""

    def __init__(self, counts: NoEventCounts) -> None:
        self._counts = counts

    def collect(self) -> Iterable[CounterMetricFamily]:
        """The samples of the metric."""
        family = CounterMetricFamily(
            f"{NAME}_no_event", "Messages that gave no event", labels=["device", "reason"]
        )
        for (device, reason), messages in sorted(self._counts.shown().items()):
            family.add_metric([device, reason], messages)
        yield family


class _Session(Collector):
    """The session's counters, read at each request."""

    def __init__(self, session: Counters) -> None:
        self._session = session

    def collect(self) -> Iterable[Metric]:
        """The samples of the metrics."""
        for field, text in SESSION_GAUGES:
            value = float(getattr(self._session, field))
            yield GaugeMetricFamily(f"{NAME}_session_{field}", text, value)
        for field, text in SESSION_COUNTERS:
            value = float(getattr(self._session, field))
            yield CounterMetricFamily(f"{NAME}_session_{field}", text, value)


class _BrokerCounters(Collector):
    """What the broker has counted; its counts begin again when it does."""

    def __init__(self) -> None:
        self.counts: dict[str, float] = {}

    def collect(self) -> Iterable[Metric]:
        """The samples of the metrics."""
        text = "Messages that the broker says it has {}"
        for what, value in sorted(self.counts.items()):
            yield CounterMetricFamily(f"{NAME}_broker_{what}", text.format(what), value)


class _CommitMetrics:
    """What the commits took in and gave."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"{NAME}_{name}", text, labels, registry=registry)

        def histogram(name: str, text: str, buckets: Sequence[float]) -> Histogram:
            return Histogram(f"{NAME}_{name}", text, registry=registry, buckets=buckets)

        self.received = counter("received", "Messages taken in")
        self.events = counter("events", "Events committed")
        self.duplicates = counter("duplicates", "Copies of what was known")
        self.refused = counter("refused", "Messages without an event", "reason")
        self.alerts = counter("alerts", "Alerts opened", "rule")
        self.disk_refusals = counter("disk_refusals", "Commits that the disk refused")
        self.latency = histogram(
            "commit_seconds",
            "From received to durable",
            (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10),
        )
        self.batch = histogram(
            "batch_messages", "Messages in one commit", (1, 3, 10, 30, 100, 300, 1000, 3000)
        )
        for reason in RefusalReason:
            self.refused.labels(reason.value)


class _Gauges:
    """The present state of the gateway and of what it talks with."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(f"{NAME}_{name}", text, labels, registry=registry)

        self.lag = gauge("loop_lag_seconds", "The event loop's lateness")
        self.broker = gauge("broker", "What the broker says of itself ($SYS)", "what")
        self.backlog = gauge("backlog", "Durable, acknowledged and not judged yet")
        self.faults = gauge("fault", "1 while a part fails", "part")


class Health:
    """Counters of one gateway."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._commits = _CommitMetrics(self.registry)
        self._gauges = _Gauges(self.registry)
        self.no_events = NoEventCounts()
        self.site, self._broker = SiteMetrics(), _BrokerCounters()
        for collector in (_NoEvents(self.no_events), self.site, self._broker):
            self.registry.register(collector)
        self._begun: float | None = None
        self._steps = 0
        self.disk_error = ""
        self.backlog = 0  # messages that are stored and not processed yet

    def committed(self, messages: int, outcome: Outcome, took_s: float) -> None:
        """A batch was committed."""
        self.disk_error = ""
        self._begun = None
        self._commits.received.inc(messages)
        self._commits.events.inc(len(outcome.events))
        self._commits.duplicates.inc(outcome.duplicates)
        self.no_events.add(outcome.no_events)
        self._commits.latency.observe(took_s)
        self._commits.batch.observe(messages)
        for reason, count in outcome.refused.items():
            self._commits.refused.labels(reason.value).inc(count)
        for alert in outcome.opened:
            self._commits.alerts.labels(alert.rule).inc()

    def behind(self, messages: int) -> None:
        """`messages` are stored and wait to be processed; storing them is progress too."""
        self.disk_error = ""
        self._begun = None
        self.backlog = messages
        self._gauges.backlog.set(messages)

    def refused_by_disk(self, error: str) -> None:
        """A commit failed; the messages stay with the broker."""
        self.disk_error = error
        self._begun = time.monotonic()  # a retry is progress: a restart would not help
        self._commits.disk_refusals.inc()

    def waiting(self, messages: int) -> None:
        """A batch was received: from now on there must be progress."""
        self._begun = time.monotonic() if messages else None

    def follow(self, session: Counters) -> None:
        """Show the session's counters, read at each request."""
        self.registry.register(_Session(session))

    def broker_says(self, what: str, value: float) -> None:
        """A number from the broker's $SYS topics: "dropped", "stored", "clients" or "uptime_s"."""
        if what in BROKER_COUNTERS:
            self._broker.counts[what] = value
        else:
            self._gauges.broker.labels(what).set(value)

    def late(self, seconds: float) -> None:
        """How late a timer of the event loop fired, in seconds."""
        self._gauges.lag.set(seconds)

    def alive(self, salvage_steps: int = 0) -> bool:
        """Whether the intake moves: False if one batch takes longer than STUCK_S.

        `salvage_steps` grows while a damaged database is salvaged: that is progress too.
        """
        if salvage_steps != self._steps:
            self._steps, self._begun = salvage_steps, time.monotonic() if self._begun else None
        return self._begun is None or time.monotonic() - self._begun < STUCK_S

    def metrics(self, figures: SiteFigures | None, faults: Mapping[str, str]) -> bytes:
        """All metrics in the Prometheus text format; without the site's where it could not be read."""
        self.site.figures = figures
        self._gauges.faults.clear()
        for part in faults:
            self._gauges.faults.labels(part).set(1)
        return generate_latest(self.registry)


def notify_systemd(state: str, address: str | None = None) -> None:
    """Send READY=1 or WATCHDOG=1 to systemd (sd_notify(3)); without systemd nothing is sent."""
    address = address or os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.connect("\0" + address[1:] if address.startswith("@") else address)
        sock.sendall(state.encode())

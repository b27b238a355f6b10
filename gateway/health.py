"""Health: what the gateway did and how it is, for /metrics, /healthz and the watchdog.

Owns the counters and the verdict. Must not act on them.
"""

import os
import socket
import time

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from gateway.batch import Outcome
from gateway.model import Reason

STUCK_S = 120.0  # a commit that takes longer is a stuck gateway


class Health:
    """Counters of one gateway."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        name = "shishigaki"
        self._received = Counter(
            f"{name}_received", "Messages taken from the broker", registry=self.registry
        )
        self._events = Counter(f"{name}_events", "Events committed", registry=self.registry)
        self._duplicates = Counter(
            f"{name}_duplicates", "Copies of what was known", registry=self.registry
        )
        self._refused = Counter(
            f"{name}_refused", "Messages without an event", ["reason"], registry=self.registry
        )
        self._alerts = Counter(f"{name}_alerts", "Alerts opened", ["rule"], registry=self.registry)
        self._disk = Counter(
            f"{name}_disk_refusals", "Commits that the disk refused", registry=self.registry
        )
        self._latency = Histogram(
            f"{name}_commit_seconds", "From received to durable", registry=self.registry,
            buckets=(0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10),
        )  # fmt: skip
        for reason in Reason:
            self._refused.labels(reason.value)
        self._begun: float | None = None
        self.disk_error = ""

    def committed(self, messages: int, outcome: Outcome, took_s: float) -> None:
        """A batch became durable."""
        self.disk_error = ""
        self._begun = None
        self._received.inc(messages)
        self._events.inc(len(outcome.events))
        self._duplicates.inc(outcome.duplicates)
        self._latency.observe(took_s)
        for reason, count in outcome.refused.items():
            self._refused.labels(reason.value).inc(count)
        for alert in outcome.opened:
            self._alerts.labels(alert.rule).inc()

    def refused_by_disk(self, error: str) -> None:
        """A commit failed; the messages stay with the broker."""
        self.disk_error = error
        self._begun = time.monotonic()  # retrying is progress: a restart would not help
        self._disk.inc()

    def waiting(self, messages: int) -> None:
        """A batch has been taken up: from now on there must be progress."""
        self._begun = time.monotonic() if messages else None

    def alive(self) -> bool:
        """Whether the intake moves: false when one batch has been under way for STUCK_S."""
        return self._begun is None or time.monotonic() - self._begun < STUCK_S

    def metrics(self) -> bytes:
        """The Prometheus text format."""
        return generate_latest(self.registry)


def notify_systemd(state: str, address: str | None = None) -> None:
    """Tell systemd, e.g. READY=1 or WATCHDOG=1; nothing outside systemd (sd_notify(3))."""
    address = address or os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.connect("\0" + address[1:] if address.startswith("@") else address)
        sock.sendall(state.encode())

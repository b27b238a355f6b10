"""What the hub counts of itself, for /metrics.

Owns the counters and their names. Must not count animals: those are the towns'.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from gateway.region.protocol import RECORDS, Block

NAME = "shishigaki_hub"


class HubMetrics:
    """One receiver's metrics."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.answered = Counter(
            f"{NAME}_answers", "Answers to towns", ["status"], registry=self.registry
        )
        self.records = Counter(f"{NAME}_records", "Records kept", ["kind"], registry=self.registry)
        self.seconds = Histogram(
            f"{NAME}_request_seconds",
            "Time from a request to its answer",
            registry=self.registry,
            buckets=(0.005, 0.02, 0.1, 0.5, 2, 10, 30),
        )
        self.towns = Gauge(f"{NAME}_towns", "Towns that are enrolled", registry=self.registry)
        self.silent = Gauge(
            f"{NAME}_silent_towns", "Towns not heard for too long", registry=self.registry
        )
        self.heard = Gauge(
            f"{NAME}_heard_timestamp_seconds",
            "When a town was last heard",
            ["town"],
            registry=self.registry,
        )
        self.due_days = Gauge(
            f"{NAME}_due_days", "Days whose sums are still to be made", registry=self.registry
        )

    def kept(self, block: Block) -> None:
        """A block is durable."""
        for kind in RECORDS:
            if count := len(getattr(block, kind)):
                self.records.labels(kind).inc(count)

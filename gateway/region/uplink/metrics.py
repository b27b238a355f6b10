"""The metrics of the uplink at /metrics. Owns the instruments. Must not act on them."""

from prometheus_client import CollectorRegistry, Counter, Gauge

from gateway.region.protocol import Lane


class UplinkMeters:
    """The instruments of one uplink, in the gateway's registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        name = "shishigaki_region"
        self._records = Counter(
            f"{name}_records", "Records that the region has taken", ["lane"], registry=registry
        )
        self._failures = Counter(
            f"{name}_failures", "Rounds that the region ended", ["held"], registry=registry
        )
        self._refused = Counter(
            f"{name}_refused", "Records that the region will not take", registry=registry
        )
        self._waiting = Gauge(f"{name}_waiting", "Events not yet in the region", registry=registry)
        self._due = Gauge(f"{name}_due", "Other records not yet in the region", registry=registry)
        self._stopped = Gauge(f"{name}_stopped", "1 while nothing is taken", registry=registry)

    def taken(self, lane: Lane, records: int, refused: int) -> None:
        """A block was taken."""
        self._records.labels(lane.value).inc(records - refused)
        self._refused.inc(refused)

    def failed(self, *, held: bool) -> None:
        """A round was ended by an error."""
        self._failures.labels("true" if held else "false").inc()
        self._stopped.set(1)

    def succeeded(self) -> None:
        """A round was completed."""
        self._stopped.set(0)

    def lag(self, waiting: int, due: int) -> None:
        """How many events and other records are not yet sent."""
        self._waiting.set(waiting)
        self._due.set(due)

"""What forwarding shows at /metrics. Owns the instruments; must not act on them."""

from prometheus_client import CollectorRegistry, Counter, Gauge


class Meters:
    """Instruments of one follower, in the gateway's registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        name = "shishigaki_influx"
        self._sent = Counter(f"{name}_events", "Events written to InfluxDB", registry=registry)
        self._failures = Counter(
            f"{name}_failures", "Rounds that InfluxDB ended", ["held"], registry=registry
        )
        self._waiting = Gauge(f"{name}_waiting", "Events not yet in InfluxDB", registry=registry)
        self._refused = Gauge(f"{name}_refused", "Points InfluxDB will not take", registry=registry)
        self._stopped = Gauge(f"{name}_stopped", "1 while nothing is taken", registry=registry)

    def sent(self, written: int, refused: int) -> None:
        """A batch is through."""
        self._sent.inc(written)
        self._refused.inc(refused)

    def troubled(self, *, held: bool) -> None:
        """A round ended early."""
        self._failures.labels("true" if held else "false").inc()
        self._stopped.set(1)

    def well(self) -> None:
        """A round went through."""
        self._stopped.set(0)

    def lag(self, waiting: int, refused: int) -> None:
        """How far behind the follower is."""
        self._waiting.set(waiting)
        self._refused.set(refused)

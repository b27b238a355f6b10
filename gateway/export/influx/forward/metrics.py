"""The metrics of forwarding at /metrics. Owns the instruments. Must not act on them."""

from prometheus_client import CollectorRegistry, Counter, Gauge


class Meters:
    """The instruments of one forwarder, in the gateway's registry."""

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
        """A batch was written."""
        self._sent.inc(written)
        self._refused.inc(refused)

    def failed(self, *, held: bool) -> None:
        """A round was ended by an error."""
        self._failures.labels("true" if held else "false").inc()
        self._stopped.set(1)

    def succeeded(self) -> None:
        """A round was completed."""
        self._stopped.set(0)

    def lag(self, waiting: int, refused: int) -> None:
        """How many events are not yet sent, and how many points were refused."""
        self._waiting.set(waiting)
        self._refused.set(refused)

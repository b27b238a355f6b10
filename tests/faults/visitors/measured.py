"""What a crowd at the pages may cost, and what it did cost.

Owns the limits, in seconds of a quiet machine, and which of them were broken. Must not open connections.
"""

import math
import time
import urllib.error
import urllib.request
from collections.abc import Callable

from msgspec import Struct
from paho.mqtt.client import MQTTMessageInfo

from tests.faults.lacking import LATE
from tests.support.pace import slowness
from tests.support.service import Sensor, Service, native

ALERT_S = 2.0  # from the trap's message to the message to its trapper
PAGE_S = 3.0  # for /healthz
LOG_BYTES = 100_000
MORE_MB = 40.0
RECOVERY_S = 60.0  # after the crowd has gone
PATIENCE = 1.2  # times the limit: later is never
SPRUNG = b"condition-sprung"


class Measured(Struct):
    """The worst of one run."""

    alert_s: float = 0.0
    page_s: float = 0.0
    log_bytes: int = 0
    more_mb: float = 0.0
    recovery_s: float = 0.0
    pace: float = 1.0  # how many times slower than a quiet machine it was

    def broken(self) -> list[str]:
        """The limits that were broken."""
        limits = {
            "alert": (self.alert_s, ALERT_S * self.pace),
            "page": (self.page_s, PAGE_S * self.pace),
            "log": (self.log_bytes, LOG_BYTES),
            "memory": (self.more_mb, MORE_MB),
            "recovery": (self.recovery_s, RECOVERY_S * self.pace),
        }
        return [name for name, (found, limit) in limits.items() if found >= limit]

    def __str__(self) -> str:
        return (
            f"alert {self.alert_s:.2f} s, /healthz {self.page_s:.2f} s, log {self.log_bytes} bytes, "
            f"{self.more_mb:+.1f} MB, well again after {self.recovery_s:.2f} s; "
            f"the machine {self.pace:.1f} times slower than a quiet one"
        )


class Round:
    """One trap that springs again and again beside a page that is asked for."""

    def __init__(self, service: Service, sensor: Sensor) -> None:
        self._service, self._sensor = service, sensor
        self._seq = 0
        self.measured = Measured(pace=slowness())

    def play(self) -> None:
        """The trap springs, a page is asked for, the trap is set again."""
        found = self.measured
        found.page_s = max(found.page_s, page_s(self._service))
        found.alert_s = max(found.alert_s, self._alert_s())
        found.page_s = max(found.page_s, page_s(self._service))
        found.log_bytes = log_bytes(self._service)
        found.pace = max(found.pace, slowness())

    def _alert_s(self) -> float:
        """Seconds from the trap's message to the message to its trapper; infinite: it did not come."""
        found = self._service.log.count("Trap sprung")
        began = time.monotonic()
        self._send("trap.sprung")
        took_s = seconds_until(
            lambda: self._service.log.count("Trap sprung") > found, ALERT_S * PATIENCE, began
        )
        self._sensor.flush(self._send("trap.set"))
        return took_s

    def _send(self, kind: str) -> MQTTMessageInfo:
        self._seq += 1
        return self._sensor.send(*native("trap-01", kind, self._seq))


def seconds_until(done: Callable[[], bool], limit_s: float, began: float | None = None) -> float:
    """How long it takes until `done`; infinite if it is not within the limit on this machine."""
    began = time.monotonic() if began is None else began
    while not done():
        if time.monotonic() - began > limit_s * slowness():
            return math.inf
        time.sleep(0.005)
    return time.monotonic() - began


def log_bytes(service: Service) -> int:
    """How much it has logged, without what `lacking` prints."""
    lines = service.log.splitlines(keepends=True)
    return sum(len(line.encode()) for line in lines if not line.startswith(LATE))


def page_s(service: Service) -> float:
    """How long /healthz takes; infinite: it does not answer."""
    began = time.monotonic()
    try:
        with urllib.request.urlopen(
            f"{service.url}/healthz", timeout=PAGE_S * PATIENCE * slowness()
        ) as reply:
            return time.monotonic() - began if reply.status == 200 else math.inf
    except (urllib.error.URLError, OSError):
        return math.inf

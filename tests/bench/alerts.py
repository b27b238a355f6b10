"""How soon a person's provider is asked: `python -m tests.bench.alerts [springs]`.

The real gateway on a real mosquitto; from just before the PUBLISH of a springing trap to the arrival of
the request at a LINE-like provider on the loopback. Idle, beside 500 detections a second, and amid a surge
of 200,000 that waited at the broker.
"""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from gateway.domain.model import Device, Role
from tests.bench.load import Publisher, detections
from tests.bench.site import BROKER, cameras
from tests.gateway.alerts.channels.provider import OK, Call, Provider, providing
from tests.support.servers import Mosquitto, wait_for
from tests.support.service import Sensor, Service, native, retained_message

TRAPS = [Device(id=f"t-{n:04}", role=Role.TRAP) for n in range(1_000)]
CAMERAS = cameras(20)
RATE = 500  # messages a second of other traffic
SURGE = 200_000
PAUSE_S = 0.05  # between springs
SURGE_PAUSE_S = 1.0  # the same amid a surge, which lasts for some seconds
SURGE_SPRINGS = 10
SETTINGS = """
[[quotas]]
channel = "line"
month = 10000000
reserve = 0
[alerts]
line_url = "{url}"
[[people]]
name = "tanaka"
channels = ["line:TOKEN@U{zeros}"]
"""

Load = Callable[[Service, int], AbstractContextManager[None]]


def percentile(values: list[float], share: float) -> float:
    """The value that `share` of `values` do not exceed."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))]


def measure(load: Load, springs: int, pause_s: float, extra: str = "") -> list[float]:
    """Seconds from publish to request, one a spring. `extra`: more settings."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Mosquitto(Path(folder) / "broker", extra=BROKER) as broker,
        providing(lambda _: OK) as provider,
    ):
        settings = SETTINGS.format(url=provider.url, zeros="0" * 32) + extra
        service = Service(Path(folder) / "gw", broker.port, *TRAPS, *CAMERAS, extra=settings)
        with service:
            wait_for(
                lambda: (
                    retained_message(broker.port, "shishigaki/v1/goto/gateway/status") == b"online"
                ),
                "the gateway to listen",
                30,
            )
            time.sleep(2.0)  # settle: imports, the first tick
            with load(service, broker.port):
                return _springs(springs, pause_s, broker.port, provider)


def _springs(springs: int, pause_s: float, port: int, provider: Provider) -> list[float]:
    sensor = Sensor(port, "bench-traps")
    sent: dict[str, float] = {}
    for number in range(springs):
        trap = TRAPS[number].id
        sent[trap] = time.monotonic()
        sensor.flush(sensor.send(*native(trap, "trap.sprung", 1)))
        time.sleep(pause_s)
    wait_for(lambda: len(provider.calls) >= springs, "all requests", 60)
    sensor.close()
    return [call.at - sent[_trap(call)] for call in provider.calls]


def _trap(call: Call) -> str:
    text: str = call.json["messages"][0]["text"]
    at = text.index("t-")
    return text[at : at + 6]


def idle(_: Service, __: int) -> AbstractContextManager[None]:
    """Nobody else."""
    return contextlib.nullcontext()


@contextlib.contextmanager
def traffic(_: Service, port: int) -> Iterator[None]:
    """Other devices, by a process of its own."""
    child = subprocess.Popen([sys.executable, "-m", "tests.bench.alerts", "traffic", str(port)])
    try:
        yield
    finally:
        child.kill()
        child.wait()


@contextlib.contextmanager
def surge(service: Service, port: int) -> Iterator[None]:
    """More waits at the broker than can be judged in the time."""
    os.kill(service.pid, signal.SIGSTOP)
    publisher = Publisher(port)
    publisher.send_all(detections(SURGE, len(CAMERAS)))
    publisher.close()
    os.kill(service.pid, signal.SIGCONT)
    yield
    reader = service.reader()
    print(f"{reader.backlog().messages:,} of {SURGE:,} not judged when the last spring was told")
    reader.close()


def send_traffic(port: int) -> None:
    """Detections at RATE until killed."""
    sensor, seq, started = Sensor(port, "bench-cams"), 0, time.monotonic()
    while True:
        ahead = seq / RATE - (time.monotonic() - started)
        if ahead > 0:
            time.sleep(ahead)
        sensor.send(*native(CAMERAS[seq % len(CAMERAS)].id, "detection", seq, species="deer"))
        seq += 1


def main(springs: int = 300) -> dict[str, dict[str, float]]:
    """Print p50 and p99 in ms; returns them."""
    results = {}
    for name, load, count, pause_s in (
        ("idle", idle, springs, PAUSE_S),
        (f"beside {RATE} msg/s", traffic, springs, PAUSE_S),
        ("amid a surge", surge, SURGE_SPRINGS, SURGE_PAUSE_S),
    ):
        times = measure(load, count, pause_s)
        results[name] = {
            "p50_ms": percentile(times, 0.5) * 1e3,
            "p99_ms": percentile(times, 0.99) * 1e3,
        }
        sys.stdout.write(
            f"{name:<18}"
            + "".join(f" {k} {v:7.1f}" for k, v in results[name].items())
            + f"  ({count} springs)\n"
        )
    return results


if __name__ == "__main__":
    if sys.argv[1:2] == ["traffic"]:
        send_traffic(int(sys.argv[2]))
    else:
        main(*(int(word) for word in sys.argv[1:]))

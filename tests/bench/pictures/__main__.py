"""Whether pictures delay texts, and what memory they take: `python -m tests.bench.pictures [springs]`.

As `tests.bench.alerts`, beside 10 pictures a second of 1280 x 720 pixels by MQTT. Prints p50 and p99 of the
texts with and without pictures, and the largest resident memory of the gateway and of the process that makes
pictures.
"""

import contextlib
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import paho.mqtt.client as paho
from msgspec import Struct, field
from paho.mqtt.enums import CallbackAPIVersion

from tests.bench.alerts import CAMERAS, PAUSE_S, idle, measure, percentile
from tests.support import pictures
from tests.support.service import Service

RATE = 10  # pictures a second
SHADES = 40  # different pictures; each is sent with other last bytes, so that none is a copy
EXTRA = """
[pictures]
topics = ["esp32cam/{camera}/image"]
budget_mb = 10
"""
WARM_S = 5.0


class Memory(Struct):
    """The largest resident memory in MB."""

    gateway: float = 0.0
    maker: float = 0.0
    shares: list[float] = field(default_factory=list)  # of the maker, counted by its share of pages
    disk: float = 0.0  # of the kept pictures


def resident_mb(pid: int) -> float:
    """Of a process; 0 when it has ended."""
    with contextlib.suppress(OSError, StopIteration, ValueError):
        text = Path(f"/proc/{pid}/status").read_text()
        line = next(line for line in text.splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) / 1_000
    return 0.0


def share_mb(pid: int) -> float:
    """What a process takes of the memory, pages that it shares counted in part; 0 when it has ended."""
    with contextlib.suppress(OSError, StopIteration, ValueError):
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        line = next(line for line in text.splitlines() if line.startswith("Pss:"))
        return int(line.split()[1]) / 1_000
    return 0.0


def children(pid: int) -> list[int]:
    """The processes that a process started."""
    with contextlib.suppress(OSError):
        found = Path(f"/proc/{pid}/task").glob("*/children")
        return [int(word) for path in found for word in path.read_text().split()]
    return []


def is_maker(pid: int) -> bool:
    """Whether a process is the one that makes pictures."""
    with contextlib.suppress(OSError):
        return b"reader_process" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False


@contextlib.contextmanager
def watched(service: Service, memory: Memory) -> Iterator[None]:
    """Note the memory while something runs."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.1):
            memory.gateway = max(memory.gateway, resident_mb(service.pid))
            makers = [one for one in children(service.pid) if is_maker(one)]
            memory.maker = max([memory.maker, *map(resident_mb, makers)])
            memory.shares += [found for one in makers if (found := share_mb(one))]

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


class Loads:
    """Nobody else, or pictures; both with the memory noted."""

    def __init__(self) -> None:
        self.idle, self.pictures = Memory(), Memory()

    @contextlib.contextmanager
    def without(self, service: Service, port: int) -> Iterator[None]:
        with watched(service, self.idle), idle(service, port):
            time.sleep(WARM_S)
            yield

    @contextlib.contextmanager
    def beside(self, service: Service, port: int) -> Iterator[None]:
        child = subprocess.Popen([sys.executable, "-m", "tests.bench.pictures", "send", str(port)])
        try:
            with watched(service, self.pictures):
                time.sleep(WARM_S)
                yield
            kept = service.database.parent / "camera-pictures" / "kept"
            self.pictures.disk = sum(one.stat().st_size for one in kept.rglob("*.jpg")) / 1e6
        finally:
            child.kill()
            child.wait()


def send(port: int) -> None:
    """Pictures at RATE until killed."""
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="bench-pictures")
    client.connect("127.0.0.1", port)
    client.loop_start()
    made = [pictures.picture(width=1280, height=720, shade=shade) for shade in range(SHADES)]
    began, sent = time.monotonic(), 0
    while True:
        ahead = sent / RATE - (time.monotonic() - began)
        if ahead > 0:
            time.sleep(ahead)
        camera = CAMERAS[sent % len(CAMERAS)].id
        data = made[sent % SHADES] + sent.to_bytes(4, "big")
        client.publish(f"esp32cam/{camera}/image", data, qos=1)
        sent += 1


def main(springs: int = 300) -> dict[str, float]:
    """Print and return the figures."""
    loads, found = Loads(), dict[str, float]()
    for name, load in (("alone", loads.without), ("pictures", loads.beside)):
        times = measure(load, springs, PAUSE_S, EXTRA)
        for share in (50, 99):
            found[f"{name} p{share} ms"] = percentile(times, share / 100) * 1e3
    found["gateway MB more"] = loads.pictures.gateway - loads.idle.gateway
    found["maker MB at most"] = loads.pictures.maker
    found["maker, median share"] = median(loads.pictures.shares or [0.0])
    found["disk MB"] = loads.pictures.disk
    for key, value in found.items():
        sys.stdout.write(f"{key:<20} {value:8.1f}\n")
    return found


if __name__ == "__main__":
    if sys.argv[1:2] == ["send"]:
        send(int(sys.argv[2]))
    else:
        main(*(int(word) for word in sys.argv[1:]))

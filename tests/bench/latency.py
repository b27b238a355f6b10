"""From publish to durable, as another process sees it: how much the database holds, asked all the time."""

import os
import shutil
import statistics
import tempfile
import threading
import time
from bisect import bisect_left
from pathlib import Path

from gateway.store.reader import Reader
from tests.bench.load import Packet, Publisher, detections
from tests.bench.site import broker_in_folder, started
from tests.support.servers import wait_for

CHUNK_S = 0.01
ASK_S = 0.0005
CARD_SYNC_MS = 20  # of an SD card


def durable(reader: Reader) -> int:
    """How many messages are safe: judged, or in the backlog. In this order none counts twice."""
    return reader.influx.head() + reader.backlog().messages


class Journal:
    """Notes when how many were durable."""

    def __init__(self, database: Path) -> None:
        self._reader = Reader(database)
        self.first = durable(self._reader)
        self.numbers, self.times = [self.first], [time.perf_counter()]
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def close(self) -> None:
        """Stop asking."""
        self._stop.set()
        self._thread.join()
        self._reader.close()

    def committed_at(self, number: int) -> float:
        """When so many were."""
        return self.times[bisect_left(self.numbers, number)]

    def _watch(self) -> None:
        while not self._stop.wait(ASK_S):
            count = durable(self._reader)
            if count > self.numbers[-1]:
                self.times.append(time.perf_counter())
                self.numbers.append(count)


def latencies(
    port: int, database: Path, rate: float, seconds: float, devices: int = 100
) -> tuple[float, float]:
    """(p50, p99) in seconds, of a steady load of devices already known; nobody else may publish."""
    packets = detections(devices + round(rate * seconds), devices, run="z")
    publisher, journal = Publisher(port, "steady"), Journal(database)
    try:
        publisher.send_all(packets[:devices])
        _wait_until_judged(database, journal.first + devices)  # their first appearances are over
        sent = _send(publisher, packets[devices:], rate)
        before = journal.first + devices
        wait_for(lambda: journal.numbers[-1] >= before + len(sent), "all commits", 60)
    finally:
        journal.close()
        publisher.close()
    waits = sorted(journal.committed_at(before + n) - at for n, at in enumerate(sent, start=1))
    return waits[len(waits) // 2], waits[int(len(waits) * 0.99)]


def _wait_until_judged(database: Path, number: int) -> None:
    reader = Reader(database)
    try:
        wait_for(lambda: reader.influx.head() >= number, "the devices to be known", 60)
    finally:
        reader.close()


def _send(publisher: Publisher, packets: list[Packet], rate: float) -> list[float]:
    """When each was sent, in order. Above a hundred a second in chunks of CHUNK_S."""
    per_chunk = max(1, round(rate * CHUNK_S))
    sent: list[float] = []
    began = time.perf_counter()
    for number, start in enumerate(range(0, len(packets), per_chunk)):
        chunk = packets[start : start + per_chunk]
        time.sleep(max(0.0, began + number * per_chunk / rate - time.perf_counter()))
        sent += [time.perf_counter()] * len(chunk)
        publisher.send_all(chunk)
    return sent


def say_latency(sustained: float, seconds: float) -> None:
    """Publish to durable: calm, near what can be judged for ever, and in a surge."""
    for rate, name in (
        (100.0, "calm"),
        (sustained * 0.8, "four fifths of what is judged for ever"),
        (sustained * 2, "a surge"),
    ):
        with broker_in_folder() as (folder, broker), started(folder, broker, 100) as service:
            p50, p99 = latencies(broker.port, service.database, rate, seconds)
        print(
            f"publish -> durable at {rate:7,.0f} msg/s ({name}): "
            f"p50 {p50 * 1e3:.1f} ms, p99 {p99 * 1e3:.1f} ms"
        )
    print(f"one fsync here: p50 {fsync_ms():.1f} ms")
    if shutil.which("strace"):
        say_card_latency(seconds)


def say_card_latency(seconds: float) -> None:
    """The same on a card that takes its time, which strace adds to every sync."""
    delay = f"inject=fsync,fdatasync:delay_exit={CARD_SYNC_MS * 1_000}"
    slow = (
        "strace",
        "-D",
        "-f",
        "-qq",
        "--seccomp-bpf",
        "-o",
        os.devnull,
        "-e",
        "trace=fsync,fdatasync",
        "-e",
        delay,
    )
    with broker_in_folder() as (folder, broker), started(folder, broker, 100, *slow) as service:
        p50, p99 = latencies(broker.port, service.database, 100, seconds)
    print(
        f"with {CARD_SYNC_MS} ms more for each sync: p50 {p50 * 1e3:.0f} ms, p99 {p99 * 1e3:.0f} ms, "
        f"{p99 * 1e3 / CARD_SYNC_MS:.1f} syncs (goal 3)"
    )


def fsync_ms() -> float:
    """The median of 50 small appends with fsync."""
    with tempfile.NamedTemporaryFile() as file:
        times = []
        for _ in range(50):
            began = time.perf_counter()
            os.write(file.fileno(), bytes(4_096))
            os.fsync(file.fileno())
            times.append(time.perf_counter() - began)
    return statistics.median(times) * 1_000

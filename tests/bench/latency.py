"""From publish to committed, as another process sees it: the journal's newest number, asked all the time."""

import threading
import time
from bisect import bisect_left
from pathlib import Path

from gateway.store.reader import Reader
from tests.bench.load import Publisher, detections
from tests.servers import wait_for

CHUNK_S = 0.01
ASK_S = 0.0005


class Journal:
    """Notes when which number was committed."""

    def __init__(self, database: Path) -> None:
        self._reader = Reader(database)
        self.first = self._reader.follower.head()
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
        """When the journal had reached a number."""
        return self.times[bisect_left(self.numbers, number)]

    def _watch(self) -> None:
        while not self._stop.wait(ASK_S):
            head = self._reader.follower.head()
            if head > self.numbers[-1]:
                self.times.append(time.perf_counter())
                self.numbers.append(head)


def latencies(
    port: int, database: Path, rate: float, seconds: float, run: str = "z"
) -> tuple[float, float]:
    """(p50, p99) in seconds, of a steady load of 100 devices; nobody else may publish."""
    journal = Journal(database)
    try:
        sent = _send(port, rate, seconds, run)
        wait_for(lambda: journal.numbers[-1] >= journal.first + len(sent), "all commits", 60)
    finally:
        journal.close()
    waits = sorted(
        journal.committed_at(journal.first + n) - at for n, at in enumerate(sent, start=1)
    )  # fmt: skip
    return waits[len(waits) // 2], waits[int(len(waits) * 0.99)]


def _send(port: int, rate: float, seconds: float, run: str) -> list[float]:
    """When each was sent, in order. Above a hundred a second in chunks of CHUNK_S."""
    publisher = Publisher(port, f"steady-{run}")
    per_chunk = max(1, round(rate * CHUNK_S))
    packets = detections(round(rate * seconds), 100, run=run)
    sent: list[float] = []
    began = time.perf_counter()
    for number, start in enumerate(range(0, len(packets), per_chunk)):
        chunk = packets[start : start + per_chunk]
        time.sleep(max(0.0, began + number * per_chunk / rate - time.perf_counter()))
        sent += [time.perf_counter()] * len(chunk)
        publisher.send_all(chunk)
    publisher.close()
    return sent

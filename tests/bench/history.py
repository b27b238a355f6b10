"""A long history: size of the database and time to start, at 10 million events by default.

`python -m tests.bench.history [events]`. The events lie as the gateway's writer lays them.
"""

import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway.domain.model import Event, Kind, TimeQuality
from gateway.store import Store
from tests.bench.site import cameras
from tests.support.samples import TOKYO

STEP = 5_000
DEVICES = 1_000


def main(events: int = 10_000_000) -> None:
    """Fill, close, start again."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "history.db"
        store = Store(path, TOKYO)
        store.write_now(lambda tx: tx.put_devices(cameras(DEVICES)))
        for start in range(0, events, STEP):
            rows = [(event, None) for event in _events(start)]
            store.write_now(lambda tx, rows=rows: tx.add_events(rows))  # type: ignore[misc]
        store.close()
        began = time.perf_counter()
        store = Store(path, TOKYO)
        took = time.perf_counter() - began
        store.close()
        size = path.stat().st_size
        print(
            f"{events:,} events: {size / 1e9:.2f} GB, {size / events:.0f} bytes an event; "
            f"start (open, bounded check, states) {took:.1f} s"
        )


def _events(start: int) -> Iterator[Event]:
    base = datetime(2026, 1, 1, tzinfo=UTC)
    for n in range(start, start + STEP):
        at = base + timedelta(seconds=n * 3)
        yield Event(
            id=f"01JD{n:022}",
            device=f"cam-{n % DEVICES:04}",
            kind=Kind.DETECTION,
            observed_at=at,
            received_at=at + timedelta(seconds=1),
            boot=7,
            seq=n,
            time_quality=TimeQuality.SYNCED,
            device_time=at,
            species="boar",
            count=2,
            confidence=0.91,
            battery_v=3.01,
        )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))

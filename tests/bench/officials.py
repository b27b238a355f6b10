"""How long the officials' pages take over a history of any length, beside folium's own heat map.

Run with `python -m tests.bench.officials`. Real pages over HTTP from a real store: 200 detectors that
see 5 events a day each, so that 1,000,000 events are 1,000 days. The heat map gets every event as a
point, as people usually draw it; it is rendered in this process. Interleaved; read the ratios. Pages
are asked for again and again, as in use: what folium draws of a frame is kept, no figure is.
"""

import argparse
import statistics
import tempfile
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import folium
import numpy as np
from folium.plugins import HeatMap
from msgspec import Struct

from gateway.domain.effort import HourlyTally
from gateway.domain.epoch import DAY_MS
from gateway.domain.model import Device, Role
from tests.dashboard.place import Place

NOW = datetime(2026, 11, 23, 3, tzinfo=UTC)
SENSORS, A_DAY = 200, 5
SIZES = (10_000, 100_000, 1_000_000)
PAGES: Mapping[str, str] = {
    "map, 3 months": "/officials?species=boar",
    "map, 12 months": "/officials?species=boar&months=12",
    "map, two periods side by side": "/officials?species=boar&against=before",
    "where to trap next": "/officials/sites?species=boar",
    "captures and effort": "/officials/figures",
}
SLOW = "folium HeatMap"
LIMIT_MS, LIMIT_BYTES = 300, 150_000


class Row(Struct):
    """Median time and the size of one page over one history."""

    way: str
    events: int
    ms: float
    size: int


class History(Place):
    """A place with `events` behind it."""

    def __init__(self, directory: Path, events: int) -> None:
        super().__init__(directory)
        self.now = NOW
        rng = np.random.default_rng(7)
        self.lats, self.lons = (
            rng.uniform(32.6, 32.78, SENSORS),
            rng.uniform(128.63, 128.88, SENSORS),
        )
        rates = rng.gamma(0.7, 1, SENSORS)
        self.rates = rates / rates.mean() * A_DAY
        self.days = events // (SENSORS * A_DAY)
        self.events = 0
        for start in range(0, SENSORS, 20):
            self.store.write_now(lambda tx, start=start: self._write(tx, start, rng))  # type: ignore[misc]

    def _write(self, tx, start: int, rng: np.random.Generator) -> None:  # type: ignore[no-untyped-def]
        today = int(NOW.timestamp()) // 86_400
        for i in range(start, start + 20):
            at = (float(self.lats[i]), float(self.lons[i]))
            tx.put_device(
                Device(id=f"cam-{i:03}", role=Role.DETECTOR, lat=at[0], lon=at[1], name=f"林道{i}")
            )
            hours = [(today - day) * 24 + 11 for day in range(self.days)]
            counts = rng.poisson(self.rates[i], self.days).tolist()
            self.events += sum(counts)
            seen = {(h, "boar"): [n, n, n] for h, n in zip(hours, counts, strict=True) if n}
            tx.add_tally(f"cam-{i:03}", HourlyTally({h: [DAY_MS, 0] for h in hours}, seen))

    def heat_map(self) -> bytes:
        """Every event as a point."""
        sensor = np.random.default_rng(1).choice(
            SENSORS, self.events, p=self.rates / self.rates.sum()
        )
        shown = folium.Map([32.69, 128.75], tiles=None)
        points = np.column_stack([self.lats[sensor], self.lons[sensor]])
        HeatMap(points).add_to(shown)  # type: ignore[no-untyped-call]
        return bytes(shown.get_root().render(), "utf-8")


def measure(events: int, repeats: int, pages: Mapping[str, str] = PAGES) -> list[Row]:
    """Time every page, and the heat map, over one history."""
    with tempfile.TemporaryDirectory() as directory:
        place = History(Path(directory), events)
        try:
            with place.served() as url:
                ways: dict[str, Callable[[], bytes]] = {
                    way: lambda path=path: urllib.request.urlopen(url + path).read()  # type: ignore[misc]
                    for way, path in pages.items()
                }
                return _time({**ways, SLOW: place.heat_map}, events, repeats)
        finally:
            place.store.close()


def _time(ways: dict[str, Callable[[], bytes]], events: int, repeats: int) -> list[Row]:
    times: dict[str, list[float]] = {way: [] for way in ways}
    sizes: dict[str, int] = {}
    for _ in range(repeats):
        for way, draw in ways.items():
            start = time.perf_counter()
            sizes[way] = len(draw())
            times[way].append(1e3 * (time.perf_counter() - start))
    return [Row(way, events, statistics.median(times[way]), sizes[way]) for way in ways]


def report(rows: Sequence[Row]) -> str:
    """The rows as a table; a page over its limits is marked."""
    slow = {row.events: row for row in rows if row.way == SLOW}
    lines = [
        f"{'events':>9}  {'page':32} {'median ms':>10} {'bytes':>11}  heat map: slower, larger"
    ]
    for row in rows:
        other = slow[row.events]
        over = row.way.startswith("map, 3") and (row.ms > LIMIT_MS or row.size > LIMIT_BYTES)
        lines.append(
            f"{row.events:>9}  {row.way:32} {row.ms:>10.1f} {row.size:>11}  "
            f"{other.ms / row.ms:8.1f} x {other.size / row.size:8.1f} x{' OVER ITS LIMIT' if over else ''}"
        )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, nargs="*", default=SIZES)
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args(arguments)
    print(report([row for size in given.events for row in measure(size, given.repeats)]))


if __name__ == "__main__":
    main()

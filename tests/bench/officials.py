"""How long the officials' pages and reports take over a history of any length, beside folium's heat map.

Run with `python -m tests.bench.officials`. Real pages over HTTP from a real store (`office_history`):
1,000 devices with heartbeats, springs and detections; 1,000,000 events are about 485 days. The heat map
gets every detection as a point, as people usually draw it; it is rendered in this process.
Interleaved; read the ratios. Pages are asked for again and again, as in use: what folium draws of a
frame is kept, no figure is. Owns the limits of pages and reports, and marks what is over them.
"""

import argparse
import gzip
import itertools
import os
import statistics
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from dashboard.web.process.limits import THREADS
from tests.bench.office_history import DEVICES, History

SIZES = (10_000, 100_000, 1_000_000)


class Limits(Struct, frozen=True):
    """What an answer may cost at most."""

    ms: float
    size: int


PAGE, TWO_PERIODS, REPORT = Limits(300, 150_000), Limits(500, 150_000), Limits(1_500, 2_000_000)
PAGES: Mapping[str, tuple[str, Limits]] = {
    "map, 3 months": ("/officials?species=boar", PAGE),
    "map, 12 months": ("/officials?species=boar&months=12", PAGE),
    "map, two periods side by side": ("/officials?species=boar&against=before", TWO_PERIODS),
    "where to trap next": ("/officials/sites?species=boar", PAGE),
    "where to trap next, other rules": ("/officials/sites?species=boar&count={n}", PAGE),
    "captures and effort": ("/officials/figures", PAGE),
    "did the traps work": ("/officials/effect?species=boar", TWO_PERIODS),
    "report: sites as PDF": ("/officials/sites.pdf?species=boar", REPORT),
    "papers of captures": ("/officials/papers", PAGE),
    "report: figures as PDF": ("/officials/figures.pdf", REPORT),
    "report: figures as XLSX": ("/officials/figures.xlsx", REPORT),
}
SLOW = "folium HeatMap"
_COUNTS = itertools.cycle(range(1, 31))  # numbers of traps


class Row(Struct):
    """Median times and the size of one page over one history."""

    way: str
    events: int
    ms: float
    cpu_ms: float  # of this process, all threads: less touched by other work on the machine
    size: int  # as a browser gets it: compressed


def measure(
    events: int,
    repeats: int,
    pages: Mapping[str, tuple[str, Limits]] = PAGES,
    devices: int = DEVICES,
) -> list[Row]:
    """Time every page, and the heat map, over one history."""
    with tempfile.TemporaryDirectory() as directory:
        place = History(Path(directory), events, devices)
        try:
            with place.served() as url:
                ways: dict[str, Callable[[], bytes]] = {
                    way: lambda path=path: _as_sent(url + _next(path))  # type: ignore[misc]
                    for way, (path, _) in pages.items()
                }
                return _time({**ways, SLOW: lambda: _compressed(place)}, events, repeats)
        finally:
            place.store.close()


def _next(path: str) -> str:
    """A path that holds `{n}` is another one each time, so that nothing is kept of the one before."""
    return path.format(n=next(_COUNTS))


def _as_sent(address: str) -> bytes:
    """A page as a browser gets it."""
    request = urllib.request.Request(address, headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(request) as answer:
        return bytes(answer.read())


def _compressed(place: History) -> bytes:
    """The heat map, compressed as the server would."""
    return gzip.compress(place.heat_map(), 5)


def _time(ways: dict[str, Callable[[], bytes]], events: int, repeats: int) -> list[Row]:
    times: dict[str, list[tuple[float, float]]] = {way: [] for way in ways}
    sizes: dict[str, int] = {}
    for way, draw in ways.items():  # once before: imports, connections, what folium keeps
        sizes[way] = len(draw())
    for _ in range(repeats):
        for way, draw in ways.items():
            start, cpu = time.perf_counter(), time.process_time()
            draw()
            took = (time.perf_counter() - start, time.process_time() - cpu)
            times[way].append((1e3 * took[0], 1e3 * took[1]))
    return [Row(way, events, *_medians(times[way]), sizes[way]) for way in ways]


def _medians(times: Sequence[tuple[float, float]]) -> tuple[float, float]:
    wall, cpu = zip(*times, strict=True)
    return statistics.median(wall), statistics.median(cpu)


def is_over(row: Row) -> bool:
    """Whether a page took longer or is larger than it may."""
    if row.way not in PAGES:
        return False
    limits = PAGES[row.way][1]
    return row.ms > limits.ms or row.size > limits.size


def report(rows: Sequence[Row]) -> str:
    """The rows as a table; a page over its limits is marked."""
    slow = {row.events: row for row in rows if row.way == SLOW}
    lines = [
        f"{'events':>9}  {'page':32} {'ms':>10} {'CPU ms':>8} {'bytes sent':>11}  heat map: slower, larger"
    ]
    for row in rows:
        other = slow[row.events]
        mark = " OVER ITS LIMIT" if is_over(row) else ""
        lines.append(
            f"{row.events:>9}  {row.way:32} {row.ms:>10.1f} {row.cpu_ms:>8.1f} {row.size:>11}"
            f"  {other.ms / row.ms:8.1f} x {other.size / row.size:8.1f} x{mark}"
        )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print, with one thread of linear algebra, as in the process of these pages."""
    if arguments is None and any(os.environ.get(name) != value for name, value in THREADS.items()):
        command = [sys.executable, "-m", "tests.bench.officials", *sys.argv[1:]]
        os.execve(sys.executable, command, {**os.environ, **THREADS})
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, nargs="*", default=SIZES)
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args(arguments)
    print(report([row for size in given.events for row in measure(size, given.repeats)]))


if __name__ == "__main__":
    main()

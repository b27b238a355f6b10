"""How long a hotspot map takes, from events to the page, beside what people usually draw.

Run with `python -m tests.bench.surface`. Peers run interleaved in the same process on the same
events, on a grid of 500 x 500 cells; read the ratios, the machine is noisy. Ours is timed twice:
from raw events (counted by sensor first) and from the roll-ups the gateway keeps, which is what a
page costs whatever the length of the history.
"""

import argparse
import base64
import importlib
import importlib.util
import statistics
import time
from collections.abc import Callable, Sequence

import folium
import numpy as np
from folium.plugins import HeatMap
from msgspec import Struct

from dashboard.analysis import projection, surface
from dashboard.analysis.projection import Floats, Grid, Plane
from dashboard.maps import raster

CENTRE = Plane(32.69, 128.84)
SENSORS, CELLS, HALF_M, BANDWIDTH_M = 200, 500, 10_000.0, 1_200.0
SIZES = (10_000, 100_000, 1_000_000)
SLOW = "folium HeatMap -> HTML"


class Events(Struct, eq=False):
    """A history: which sensor saw each event, and where the sensors stand."""

    sensor: "np.ndarray[tuple[int], np.dtype[np.int64]]"
    x_m: Floats
    y_m: Floats
    days: Floats


class Row(Struct):
    """Median time and the bytes made of one way of drawing."""

    way: str
    events: int
    seconds: float
    size: int


def history(size: int, seed: int = 7) -> Events:
    """Make `size` events at 200 sensors: about 10 in 100 camera-days, however long the history."""
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(-HALF_M, HALF_M, (2, SENSORS))
    weight = rng.gamma(0.7, 1, SENSORS)
    sensor = rng.choice(SENSORS, size, p=weight / weight.sum())
    return Events(sensor, x, y, rng.uniform(5, 15, SENSORS) * size / SENSORS)


def grid() -> Grid:
    """500 x 500 cells over the area."""
    cell = 2 * HALF_M / CELLS
    return projection.grid_over([-HALF_M, HALF_M], [-HALF_M, HALF_M], 0, cell)


def picture(counts: Floats, events: Events) -> bytes:
    """Roll-ups to a palette PNG."""
    sites = projection.sites(events.x_m, events.y_m, counts, events.days)
    drawn = surface.surface(sites, grid(), BANDWIDTH_M)
    return raster.picture(drawn.masked, grid(), CENTRE).png


def page(counts: Floats, events: Events) -> bytes:
    """Roll-ups to a folium page with the picture laid over it."""
    sites = projection.sites(events.x_m, events.y_m, counts, events.days)
    drawn = surface.surface(sites, grid(), BANDWIDTH_M)
    laid = raster.picture(drawn.masked, grid(), CENTRE)
    shown = folium.Map([CENTRE.lat0, CENTRE.lon0], tiles=None)
    url = "data:image/png;base64," + base64.b64encode(laid.png).decode()
    folium.raster_layers.ImageOverlay(url, laid.bounds).add_to(shown)
    return bytes(shown.get_root().render(), "utf-8")


def heat_map(events: Events) -> bytes:
    """What people usually draw: every event as a point of a heat map in the page."""
    lat, lon = CENTRE.to_degrees(events.x_m[events.sensor], events.y_m[events.sensor])
    shown = folium.Map([CENTRE.lat0, CENTRE.lon0], tiles=None)
    HeatMap(np.column_stack([lat, lon])).add_to(shown)  # type: ignore[no-untyped-call]
    return bytes(shown.get_root().render(), "utf-8")


def binned(events: Events) -> Floats:
    """The limit: count the events by cell, draw nothing."""
    cell = 2 * HALF_M / CELLS
    column = ((events.x_m + HALF_M) / cell).astype(np.int64)
    row = ((events.y_m + HALF_M) / cell).astype(np.int64)
    flat = (row * CELLS + column)[events.sensor]
    return np.bincount(flat, minlength=CELLS * CELLS).astype(np.float64)


def smoothed(events: Events) -> bytes:
    """A histogram smoothed by scipy: quick, but blind to effort."""
    ndimage = importlib.import_module("scipy.ndimage")  # only where somebody installed it
    blurred = ndimage.gaussian_filter(
        binned(events).reshape(CELLS, CELLS), BANDWIDTH_M * CELLS / 2 / HALF_M
    )
    return raster.picture(blurred, grid(), CENTRE).png


def ways(events: Events) -> dict[str, Callable[[], bytes]]:
    """Every way of drawing one history."""

    def counted() -> Floats:
        return np.bincount(events.sensor, minlength=SENSORS).astype(np.float64)

    rollups = counted()
    table: dict[str, Callable[[], bytes]] = {
        "bare bincount on the grid": lambda: binned(events).tobytes()[:0],
        "events -> surface -> PNG": lambda: picture(counted(), events),
        "events -> surface -> folium HTML": lambda: page(counted(), events),
        "roll-ups -> surface -> folium HTML": lambda: page(rollups, events),
        SLOW: lambda: heat_map(events),
    }
    if importlib.util.find_spec("scipy"):
        table["scipy-smoothed histogram -> PNG"] = lambda: smoothed(events)
    return table


def measure(size: int, repeats: int) -> list[Row]:
    """Time every way over one history of `size` events, interleaved."""
    table = ways(history(size))
    times: dict[str, list[float]] = {way: [] for way in table}
    sizes: dict[str, int] = {}
    for _ in range(repeats):
        for way, draw in table.items():
            start = time.perf_counter()
            sizes[way] = len(draw())
            times[way].append(time.perf_counter() - start)
    return [Row(way, size, statistics.median(times[way]), sizes[way]) for way in table]


def report(rows: Sequence[Row]) -> str:
    """The rows as a table, each beside the heat map of the same history."""
    slow = {row.events: row for row in rows if row.way == SLOW}
    lines = [f"{'events':>9}  {'way':36} {'median ms':>10} {'bytes':>11}  heat map: slower, larger"]
    for row in rows:
        other = slow[row.events]
        larger = f"{other.size / row.size:8.1f} x" if row.size else "-"
        ratio = f"{other.seconds / row.seconds:8.1f} x {larger:>10}"
        lines.append(
            f"{row.events:>9}  {row.way:36} {row.seconds * 1e3:>10.2f} {row.size:>11}  {ratio}"
        )
    if not importlib.util.find_spec("scipy"):
        lines.append("scipy-smoothed histogram: not measured, scipy is not installed")
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

"""Rates with their effort: RAI of detectors, CPUE of traps, independent events, sums by group.

Owns what a rate is. A count never leaves here without its effort; without effort there is no rate
(None), not a rate of zero. Pure.

RAI (relative abundance index, 撮影頻度指数) = 100 x independent events / camera-days.
CPUE (catch per unit effort, 捕獲効率) = 100 x captures / trap-nights (わな日).
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from types import MappingProxyType
from typing import Literal, TypeAlias

import numpy as np
from msgspec import Struct
from numpy.typing import ArrayLike, NDArray

from dashboard import poisson
from gateway import mesh

Unit = Literal["camera-days", "trap-nights"]
Grouping = Literal["device", "mesh5km", "area"]
Bools: TypeAlias = NDArray[np.bool_]

WINDOW_S = 1800.0  # independence of events, the camera-trapping convention


class Rate(Struct, frozen=True):
    """A count with its effort and, where there was any, the rate per 100 and its exact interval."""

    n: int
    effort: float  # in `unit`s
    unit: Unit
    per100: float | None  # None: no effort, hence unknown
    low: float | None
    high: float | None


class Tally(Struct, frozen=True):
    """What one device counted in how much effort, and where it stood."""

    device: str
    n: int
    effort: float
    lat: float | None = None
    lon: float | None = None
    area: str = ""
    name: str = ""  # what people call it; "": the device itself


def rai(n: int, effort_days: float, confidence: float = 0.95) -> Rate:
    """Rate of independent events per 100 camera-days, with Garwood's exact interval.

    Raises ValueError for a negative count or effort.
    """
    return _rate(n, effort_days, "camera-days", confidence)


def cpue(captures: int, trap_nights: float, confidence: float = 0.95) -> Rate:
    """Rate of captures per 100 trap-nights, measured while armed; otherwise like `rai`."""
    return _rate(captures, trap_nights, "trap-nights", confidence)


def _rate(n: int, effort: float, unit: Unit, confidence: float) -> Rate:
    if not effort >= 0:
        raise ValueError(f"an effort of {effort} {unit} is impossible; it must be 0 or more")
    low, high = poisson.limits(n, confidence)
    if effort == 0:
        return Rate(n, effort, unit, None, None, None)
    return Rate(n, effort, unit, 100 * n / effort, 100 * low / effort, 100 * high / effort)


def event_starts(
    device: ArrayLike, species: ArrayLike, seconds: ArrayLike, window_s: float = WINDOW_S
) -> Bools:
    """Mark the records that begin a new event.

    A record begins one unless the previous record of the same species at the same device is at
    most `window_s` earlier: a herd that stays for an hour is one event. The three arrays are of
    one length, in any order; the marks come in the same order.
    """
    devices, kinds, times = np.asarray(device), np.asarray(species), np.asarray(seconds)
    order = np.lexsort((times, kinds, devices))
    devices, kinds, times = devices[order], kinds[order], times[order]
    starts = np.ones(len(times), dtype=bool)
    starts[1:] = (
        (devices[1:] != devices[:-1])
        | (kinds[1:] != kinds[:-1])
        | (times[1:] - times[:-1] > window_s)
    )
    marks = np.empty_like(starts)
    marks[order] = starts
    return marks


def count_events(
    device: ArrayLike, species: ArrayLike, seconds: ArrayLike, window_s: float = WINDOW_S
) -> dict[tuple[Hashable, Hashable], int]:
    """Count independent events (`event_starts`) by device and species."""
    marks = event_starts(device, species, seconds, window_s)
    counts: dict[tuple[Hashable, Hashable], int] = defaultdict(int)
    pairs = zip(
        np.asarray(device)[marks].tolist(), np.asarray(species)[marks].tolist(), strict=True
    )
    for pair in pairs:
        counts[pair] += 1
    return dict(counts)


def _mesh5km(tally: Tally) -> str:
    if tally.lat is None or tally.lon is None:
        return ""
    return mesh.code(tally.lat, tally.lon, "5km")


KEYS: Mapping[Grouping, Callable[[Tally], str]] = MappingProxyType(
    {"device": lambda tally: tally.device, "mesh5km": _mesh5km, "area": lambda tally: tally.area}
)


def pooled(
    tallies: Iterable[Tally],
    by: Grouping,
    unit: Unit = "camera-days",
    confidence: float = 0.95,
) -> dict[str, Rate]:
    """Rates by group, sorted by key: the group's events over the group's effort.

    A pooled rate, not a mean of rates: a camera that ran for a day must not outweigh one that ran
    for a year. The key "" holds what has no place or area. Raises mesh.MeshError for a place
    outside the grid.
    """
    sums: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for tally in tallies:
        sums[KEYS[by](tally)].append((tally.n, tally.effort))
    return {
        key: _rate(sum(n for n, _ in parts), sum(t for _, t in parts), unit, confidence)
        for key, parts in sorted(sums.items())
    }

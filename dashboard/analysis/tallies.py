"""Counts of many devices: independent events and pooled rates by group.

Owns the definition of an independent event and how groups are pooled. Pure. A rate: `rate`.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from types import MappingProxyType
from typing import Literal, TypeAlias

import numpy as np
from msgspec import Struct
from numpy.typing import ArrayLike, NDArray

from dashboard.analysis.intervals import between_sites
from dashboard.analysis.rate import EffortUnit, RateInterval
from gateway.domain.geo import mesh
from gateway.domain.independence import INDEPENDENCE_MS

Grouping = Literal["device", "mesh5km", "area"]
Bools: TypeAlias = NDArray[np.bool_]

WINDOW_S = INDEPENDENCE_MS / 1000


class DeviceTally(Struct, frozen=True):
    """The count and effort of one device, with its position."""

    device: str
    n: int
    effort: float
    lat: float | None = None
    lon: float | None = None
    area: str = ""
    name: str = ""  # display name; "": use the device id


def event_starts(
    device: ArrayLike, species: ArrayLike, seconds: ArrayLike, window_s: float = WINDOW_S
) -> Bools:
    """Mark the records that begin a new event.

    A record begins an event unless the previous record of the same species at the same device is at
    most `window_s` earlier: a herd that stays for an hour is one event. The three arrays have one
    length and any order; the marks have the same order.
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


GROUP_KEYS: Mapping[Grouping, Callable[[DeviceTally], str]] = MappingProxyType(
    {
        "device": lambda tally: tally.device,
        "mesh5km": lambda tally: mesh.code_or_empty(tally.lat, tally.lon, "5km"),
        "area": lambda tally: tally.area,
    }
)


def pooled(
    tallies: Iterable[DeviceTally],
    by: Grouping,
    unit: EffortUnit = "camera-days",
    confidence: float = 0.95,
) -> dict[str, RateInterval]:
    """Rates by group, sorted by key: the group's events over the group's effort.

    A pooled rate, not a mean of rates: a camera that ran for a day must not count as much as one
    that ran for a year. The key "" is for devices without an area, or without a position in the grid.
    """
    groups: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for tally in tallies:
        groups[GROUP_KEYS[by](tally)].append((tally.n, tally.effort))
    return {
        key: between_sites.pooled(parts, unit, confidence) for key, parts in sorted(groups.items())
    }

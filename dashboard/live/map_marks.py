"""Which devices the map draws one by one, and the counts that stand for the others. PURE.

Owns both limits. The most urgent devices are always drawn: a sprung trap is never only a count.
"""

from collections import Counter
from collections.abc import Sequence
from math import floor

from msgspec import Struct

from dashboard.live.device_view import DeviceView

MAX_MARKS = 600  # a phone moves so many smoothly
MAX_CELLS = 150
FINEST_DEGREES = 0.005  # about 500 m


class Cell(Struct, frozen=True):
    """A rectangle and how many devices in it are not drawn one by one."""

    south: float
    west: float
    size: float  # degrees
    count: int


def divide(devices: Sequence[DeviceView]) -> tuple[list[DeviceView], tuple[Cell, ...]]:
    """The first MAX_MARKS devices with a position (they are in order of urgency), and the cells."""
    placed = [one for one in devices if one.lat is not None and one.lon is not None]
    return placed[:MAX_MARKS], _cells(placed[MAX_MARKS:])


def inside(
    devices: Sequence[DeviceView], box: tuple[float, float, float, float]
) -> list[DeviceView]:
    """The first MAX_MARKS devices within south, west, north, east."""
    south, west, north, east = box
    return [
        one
        for one in devices
        if one.lat is not None
        and one.lon is not None
        and south <= one.lat <= north
        and west <= one.lon <= east
    ][:MAX_MARKS]


def _cells(devices: Sequence[DeviceView]) -> tuple[Cell, ...]:
    """Counts in the finest grid that has at most MAX_CELLS cells with a device."""
    size = FINEST_DEGREES
    while len(counts := _count(devices, size)) > MAX_CELLS:
        size *= 2
    return tuple(
        Cell(round(y * size, 6), round(x * size, 6), size, n)
        for (y, x), n in sorted(counts.items())
    )


def _count(devices: Sequence[DeviceView], size: float) -> Counter[tuple[int, int]]:
    return Counter(
        (floor(one.lat / size), floor(one.lon / size))
        for one in devices
        if one.lat is not None and one.lon is not None
    )

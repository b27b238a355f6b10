"""The order in which a trapper walks to the sites. PURE. Straight lines: no path is known."""

import math
from collections.abc import Sequence
from itertools import pairwise

Point = tuple[float, float]  # metres on the plane


def order(points: Sequence[Point], start: Point | None = None) -> list[int]:
    """Indices in the order of a short walk: always the nearest next, then crossings are undone."""
    if not points:
        return []
    left = list(range(len(points)))
    here = start or min(points, key=lambda point: (point[1], point[0]))
    way: list[int] = []
    while left:
        nearest = min(left, key=lambda i: math.dist(here, points[i]))
        left.remove(nearest)
        way.append(nearest)
        here = points[nearest]
    return _untangled(way, points, start)


def length_m(way: Sequence[int], points: Sequence[Point], start: Point | None = None) -> float:
    """The length of a walk in straight lines."""
    stops = [*([start] if start else []), *(points[i] for i in way)]
    return sum(math.dist(a, b) for a, b in pairwise(stops))


def _untangled(way: list[int], points: Sequence[Point], start: Point | None) -> list[int]:
    """Reverse parts of the walk while that makes it shorter (2-opt)."""
    best = length_m(way, points, start)
    for _ in range(len(way)):
        shorter = [
            [*way[:i], *reversed(way[i:j]), *way[j:]]
            for i in range(len(way))
            for j in range(i + 2, len(way) + 1)
        ]
        found = min(shorter, key=lambda one: length_m(one, points, start), default=way)
        if length_m(found, points, start) >= best - 1e-6:
            break
        way, best = found, length_m(found, points, start)
    return way

"""A short way through places: nearest neighbour, then 2-opt and Or-opt, then a few kicks. PURE.

Owns the search. In plain Python: for the traps of one person it is as fast as numpy, and numpy would cost
the gateway 20 MB. The same places give the same way. Distances are straight lines; it knows no roads.
"""

import random
from collections.abc import Sequence
from itertools import pairwise
from math import hypot

Point = tuple[float, float]  # metres in a plane
Matrix = list[list[float]]

MOST_SEARCHED = 150  # more places are only visited by nearest neighbour
LONGEST_MOVED = 3  # places that Or-opt moves together
KICKS = {
    25: 60,
    45: 30,
    80: 6,
}  # up to so many places: so many kicks, so that a small board needs seconds
GAIN_M = 1e-6  # a smaller gain is an error of rounding


def order(places: Sequence[Point], start: Point | None, end: Point | None) -> list[int]:
    """The numbers of the places in the order of a short way from `start` through all of them to `end`.

    None: the way may begin, or end, at any of them.
    """
    if len(places) < 2:
        return list(range(len(places)))
    distances = _distances(places, start, end)
    path = _nearest(distances, len(places))
    if len(places) <= MOST_SEARCHED:
        path = _kicked(_improved(path, distances), distances)
    return path[1:-1]


def length(places: Sequence[Point], way: Sequence[int], start: Point, end: Point) -> float:
    """The length of a way, metres."""
    stops = [start, *(places[n] for n in way), end]
    return sum(hypot(a[0] - b[0], a[1] - b[1]) for a, b in pairwise(stops))


def _distances(places: Sequence[Point], start: Point | None, end: Point | None) -> Matrix:
    """Between all places; the last two rows are the ends. An end that is free is near to all."""
    every = [*places, start, end]
    return [
        [hypot(a[0] - b[0], a[1] - b[1]) if a is not None and b is not None else 0.0 for b in every]
        for a in every
    ]


def _nearest(d: Matrix, count: int) -> list[int]:
    """From the start always to the nearest place that is left."""
    path, left = [count], set(range(count))
    while left:
        row = d[path[-1]]
        path.append(min(left, key=lambda one: (row[one], one)))
        left.remove(path[-1])
    return [*path, count + 1]


def _improved(path: list[int], d: Matrix) -> list[int]:
    """The path after every gain of 2-opt and Or-opt; its ends stay."""
    better: list[int] | None = path
    while better is not None:
        path = better
        better = _turned(path, d) or _moved(path, d)
    return path


def _turned(path: list[int], d: Matrix) -> list[int] | None:
    """2-opt: each part whose turning shortens the path, once over the path; None: there is none."""
    changed = False
    for i in range(1, len(path) - 2):
        for j in range(i + 1, len(path) - 1):
            a, b, c, e = path[i - 1], path[i], path[j], path[j + 1]
            if d[a][c] + d[b][e] < d[a][b] + d[c][e] - GAIN_M:
                path[i : j + 1] = path[i : j + 1][::-1]
                changed = True
    return path if changed else None


def _moved(path: list[int], d: Matrix) -> list[int] | None:
    """Or-opt: the first part of up to LONGEST_MOVED places that is better elsewhere, there; None: none."""
    for size in range(1, min(LONGEST_MOVED, len(path) - 2) + 1):
        for i in range(1, len(path) - size):
            part, rest = path[i : i + size], path[:i] + path[i + size :]
            first, last, before, behind = part[0], part[-1], path[i - 1], path[i + size]
            saved = d[before][first] + d[last][behind] - d[before][behind] - GAIN_M
            for k in range(len(rest) - 1):
                a, b = rest[k], rest[k + 1]
                room = saved + d[a][b]
                if d[a][first] + d[last][b] < room:
                    return [*rest[: k + 1], *part, *rest[k + 1 :]]
                if d[a][last] + d[first][b] < room:
                    return [*rest[: k + 1], *part[::-1], *rest[k + 1 :]]
    return None


def _kicked(path: list[int], d: Matrix) -> list[int]:
    """Parts of the path change places at random and are improved again; the shortest path is kept."""
    kicks = next((n for most, n in KICKS.items() if len(path) - 2 <= most), 0)
    chance, best = random.Random(len(path)), _sum(path, d)  # noqa: S311 - the same way every time
    for _ in range(kicks if len(path) > 6 else 0):
        a, b, c = sorted(chance.sample(range(1, len(path)), 3))
        tried = _improved([*path[:a], *path[b:c], *path[a:b], *path[c:]], d)
        if (now := _sum(tried, d)) < best - GAIN_M:
            path, best = tried, now
    return path


def _sum(path: Sequence[int], d: Matrix) -> float:
    return sum(d[a][b] for a, b in pairwise(path))

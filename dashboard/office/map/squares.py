"""Mesh squares of the officials' map: the rate of each square and the reports from it. PURE.

Owns how sensors and reports are summed by square. Places outside the grid of JIS X 0410 are left out.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import date

from msgspec import Struct

from dashboard.analysis.intervals.between_sites import pooled
from dashboard.analysis.rate import RateInterval
from dashboard.analysis.tallies import DeviceTally
from gateway.domain.geo import mesh
from gateway.domain.resident_reports import Sighting


class MeshCell(Struct, frozen=True):
    """One mesh square with its pooled rate."""

    code: str
    bounds: mesh.Bounds
    devices: int
    rate: RateInterval


class Reported(Struct, frozen=True):
    """Reports from one 500 m square. Reports have no effort, so there is no rate."""

    code: str
    kinds: dict[str, int]  # damage, sighting, trace ...
    last: date


def reported(found: Sequence[Sighting]) -> list[Reported]:
    """Reports inside the grid, by 500 m square."""
    squares: dict[str, list[Sighting]] = {}
    for one in found:
        squares.setdefault(mesh.code(one.lat, one.lon, "500m"), []).append(one)
    return [
        Reported(code, dict(Counter(one.kind.value for one in parts)), max(o.day for o in parts))
        for code, parts in sorted(squares.items())
    ]


def cells(tallies: Sequence[DeviceTally], square: mesh.MeshLevel) -> list[MeshCell]:
    """Pooled rates of the detectors inside the grid, by square."""
    groups: dict[str, list[DeviceTally]] = {}
    for tally in tallies:
        if code := mesh.code_or_empty(tally.lat, tally.lon, square):
            groups.setdefault(code, []).append(tally)
    return [
        MeshCell(
            code,
            mesh.bounds(code),
            len(parts),
            pooled((t.n, t.effort) for t in parts),
        )
        for code, parts in sorted(groups.items())
    ]

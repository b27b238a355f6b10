"""Which sensors are near the traps, which are far, and which are neither. PURE.

Owns the rule. The traps asked about are those that fished after and not before; where there is none, all that
fished after. Near is within `near_m` of one of them; far is beyond `far_m` of every trap that fished after.
Sensors in between may feel the traps a little, so they are in neither group.
"""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from dashboard.analysis.projection import Floats, Plane, distances
from dashboard.office.effect.facts import Facts
from gateway.domain.model import Device

FISHED_NIGHTS = 1.0  # a trap with less was not in use


class Groups(Struct, frozen=True):
    """Ids of devices, each sorted."""

    traps: tuple[str, ...]  # the traps asked about
    are_new: bool  # whether they fished after only
    near: tuple[str, ...]
    far: tuple[str, ...]
    between: tuple[str, ...]
    unplaced: tuple[str, ...]  # sensors without a position


def groups(facts: Facts) -> Groups:
    """Sort the detectors that can tell the species by their distance to the traps."""
    fishing = [id_ for id_ in sorted(facts.after.nights) if _fished(facts.after.nights, id_)]
    new = [id_ for id_ in fishing if not _fished(facts.before.nights, id_)]
    asked = new or fishing
    seen = sorted((facts.before.days.keys() | facts.after.days.keys()) - facts.blind)
    placed = [facts.devices[id_] for id_ in seen if _has_place(facts.devices[id_])]
    to_asked = _nearest(placed, [facts.devices[id_] for id_ in asked])
    to_any = _nearest(placed, [facts.devices[id_] for id_ in fishing])
    near = [one.id for one, m in zip(placed, to_asked, strict=True) if m <= facts.question.near_m]
    far = [one.id for one, m in zip(placed, to_any, strict=True) if m > facts.question.far_m]
    rest = [one.id for one in placed if one.id not in {*near, *far}]
    unplaced = [id_ for id_ in seen if not _has_place(facts.devices[id_])]
    return Groups(tuple(asked), bool(new), tuple(near), tuple(far), tuple(rest), tuple(unplaced))


def count_near(
    places: Sequence[tuple[float, float]], traps: Sequence[Device], near_m: float
) -> int:
    """How many of some places (latitude, longitude) lie within a distance of one of the traps."""
    return int((_to_nearest(places, traps) <= near_m).sum())


def _fished(nights: dict[str, float], trap: str) -> bool:
    return nights.get(trap, 0.0) >= FISHED_NIGHTS


def _has_place(device: Device) -> bool:
    return device.lat is not None and device.lon is not None


def _nearest(sensors: Sequence[Device], traps: Sequence[Device]) -> list[float]:
    places = [(one.lat or 0.0, one.lon or 0.0) for one in sensors]
    found: list[float] = _to_nearest(places, traps).tolist()
    return found


def _to_nearest(places: Sequence[tuple[float, float]], traps: Sequence[Device]) -> Floats:
    """Metres from each place to the nearest trap with a position; infinite without one."""
    placed = [(one.lat or 0.0, one.lon or 0.0) for one in traps if _has_place(one)]
    if not placed or not places:
        return np.full(len(places), np.inf)
    lats, lons = zip(*places, *placed, strict=True)
    plane = Plane((min(lats) + max(lats)) / 2, (min(lons) + max(lons)) / 2)
    x, y = plane.to_metres(lats, lons)
    count = len(places)
    nearest: Floats = distances(x[:count], y[:count], x[count:], y[count:]).min(axis=1)
    return nearest

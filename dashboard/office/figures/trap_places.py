"""Where the traps stood and what each caught, for the map on paper. PURE.

Owns these values. Traps without a place are left out, as are those far from all others.
"""

from collections import Counter
from collections.abc import Mapping

from msgspec import Struct

from dashboard.maps import extent
from dashboard.office.figures import figures
from dashboard.office.figures.figures import Year
from gateway.domain.model import Device


class TrapPlace(Struct, frozen=True):
    """A trap with its place in degrees."""

    label: str
    lat: float
    lon: float
    captures: int


def of(year: Year, devices: Mapping[str, Device]) -> list[TrapPlace]:
    """The traps of a year that fished or caught, those with most captures first."""
    caught = Counter(action.device for action in figures.captures(year.actions))
    ids = {*caught, *(id_ for id_, nights in year.trap_nights.items() if nights > 0)}
    found = [
        TrapPlace(one.label, one.lat, one.lon, caught[id_])
        for id_ in sorted(ids)
        if (one := devices[id_]).lat is not None and one.lon is not None
    ]
    away = extent.outside([(one.lat, one.lon) for one in found])
    kept = [one for i, one in enumerate(found) if i not in away]
    return sorted(kept, key=lambda one: -one.captures)

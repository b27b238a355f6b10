"""Whether a phone was at a trap, by its own position. PURE.

Owns the rule: the position must be accurate to the trap's radius and lie within it. A phone can be made to
report a false position, so this confirms a visit but is no proof. Must not record anything.
"""

from math import hypot

from msgspec import Struct
from msgspec.structs import replace

from gateway.domain.geo.local_plane import to_metres
from gateway.domain.model import ActionKind, Device, Position, TrapAction

GPS, TAP = "gps", "tap"  # how a visit is confirmed: by nearness, or by the person alone


class Nearness(Struct, frozen=True):
    """How far a phone was from a trap."""

    distance_m: float
    accuracy_m: float

    def within(self, radius_m: float) -> bool:
        """Near, by a position that is accurate enough to say so."""
        return self.distance_m <= radius_m and self.accuracy_m <= radius_m


def nearness(position: Position | None, device: Device | None) -> Nearness | None:
    """None where one of the two places is not known."""
    if position is None or device is None or device.lat is None or device.lon is None:
        return None
    east, north = to_metres(position.lat, position.lon, device.lat, device.lon)
    return Nearness(hypot(east, north), position.accuracy_m)


def confirmed(action: TrapAction, device: Device, radius_m: float, said: str = "") -> TrapAction:
    """A visit with the way in which it is confirmed. `said`: what the page says, "gps" or "tap"."""
    if action.deed is not ActionKind.VISITED or said not in {GPS, TAP}:
        return action
    found = nearness(action.position, device)
    is_near = said == GPS and found is not None and found.within(radius_m)
    return replace(action, through=GPS if is_near else TAP if said == TAP else action.through)

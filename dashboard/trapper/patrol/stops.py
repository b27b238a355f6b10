"""Today's stops in their order, and those that are done. PURE.

Owns which traps a patrol goes to: first what people wait for, by need (`need`), then the others that nobody
visited today; within one need by a short tour. A trap at rest is no stop. Must not record anything.
"""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from dashboard.live.device_view import Condition, DeviceView
from dashboard.live.need import Need, need_of
from dashboard.trapper.patrol import tour
from gateway.domain.geo.local_plane import to_metres

AT_REST = {Condition.PAUSED, Condition.REMOVED}
LASTING = {Need.SPRUNG, Need.CAPTURED, Need.OUTCOME}  # a visit alone does not end it


class Here(Struct, frozen=True):
    """Where the patrol starts and ends."""

    lat: float
    lon: float


class Stops(Struct, frozen=True):
    """A patrol of one person."""

    left: list[DeviceView]  # in their order
    done: list[DeviceView]  # visited today, the newest first

    @property
    def count(self) -> int:
        """All traps of the day."""
        return len(self.left) + len(self.done)


def stops_of(traps: Iterable[DeviceView], here: Here | None = None) -> Stops:
    """The stops of today; `here`: where the tour begins and ends, if known."""
    working = [one for one in traps if one.condition not in AT_REST]
    done = [one for one in working if one.visited_today and need_of(one) not in LASTING]
    left = [one for one in working if not one.visited_today or need_of(one) in LASTING]
    return Stops(
        _ordered(left, here),
        sorted(done, key=lambda one: one.visited is not None and one.visited, reverse=True),
    )


def _ordered(traps: Sequence[DeviceView], here: Here | None) -> list[DeviceView]:
    """By need; within one need from where the last stop was, and at last back to the start.

    Without a known place the start is the most urgent trap.
    """
    placed = [one for one in traps if one.lat is not None and one.lon is not None]
    nowhere = [one for one in traps if one.lat is None or one.lon is None]
    origin = (here.lat, here.lon) if here else (_place(placed[0]) if placed else (0.0, 0.0))
    start = home = (0.0, 0.0)
    found: list[DeviceView] = []
    groups = [group for need in Need if (group := [t for t in placed if need_of(t) is need])]
    for group in groups:
        points = [to_metres(*_place(one), *origin) for one in group]
        way = tour.order(points, start, home if group is groups[-1] else None)
        found += [group[n] for n in way]
        start = points[way[-1]]
    found += nowhere
    return sorted(found, key=lambda one: [*Need].index(need_of(one)))


def _place(trap: DeviceView) -> tuple[float, float]:
    """Its latitude and longitude; only for traps that have both."""
    return trap.lat or 0.0, trap.lon or 0.0

"""What leaves a town for its region: places as exact as its agreements say, and counts not too small. PURE.

Owns which level holds when for whom, places at a level, and which counts are too small to show. Whoever has
no agreement that holds is given nothing. An agreement itself: `gateway.domain.people.agreement`.
"""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from gateway.domain.geo import mesh_code
from gateway.domain.people.agreement import FOREVER as FOREVER
from gateway.domain.people.agreement import Agreement as Agreement
from gateway.domain.people.agreement import ShareLevel as ShareLevel

LEAST_SHOWN = 5  # a smaller count of others' events is hidden, and counts are shown in steps of it
FINEST_FIRST = tuple(ShareLevel)


class SharedPlace(Struct, frozen=True, omit_defaults=True):
    """A place as exact as it is given; None and "": not given, or outside the grid of JIS X 0410."""

    lat: float | None = None
    lon: float | None = None
    mesh1km: str = ""
    mesh5km: str = ""


def finest(levels: Iterable[ShareLevel]) -> ShareLevel | None:
    """The most exact of some levels; None: there is none."""
    return min(levels, key=FINEST_FIRST.index, default=None)


def level_for(
    taker: str, agreements: Iterable[Agreement], now: datetime, zone: ZoneInfo
) -> ShareLevel | None:
    """How exactly an organisation is given places now; None: it is given nothing."""
    return leaving((one for one in agreements if one.taker == taker), now, zone)


def leaving(agreements: Iterable[Agreement], now: datetime, zone: ZoneInfo) -> ShareLevel | None:
    """The most exact that anybody is given now: nothing finer leaves the town. None: no place does."""
    return finest(one.level for one in agreements if one.holds(now, zone))


def next_change(agreements: Iterable[Agreement], now: datetime, zone: ZoneInfo) -> datetime | None:
    """The next moment at which an agreement begins or ends by itself; None: none does."""
    moments = (at for one in agreements for at in (one.starts_at(zone), one.ends_at(zone)))
    return min((at for at in moments if now < at < FOREVER), default=None)


def shared_place(lat: float | None, lon: float | None, level: ShareLevel | None) -> SharedPlace:
    """A place (degrees) as it may leave the town at a level; nothing of it without one."""
    if level is None or lat is None or lon is None:
        return SharedPlace()
    km5 = mesh_code.code_or_empty(lat, lon, "5km")
    if level is ShareLevel.KM5:
        return SharedPlace(mesh5km=km5)
    km1 = mesh_code.code_or_empty(lat, lon, "1km")
    if level is ShareLevel.KM1:
        return SharedPlace(mesh1km=km1, mesh5km=km5)
    return SharedPlace(lat, lon, km1, km5)


def coarser(place: SharedPlace, level: ShareLevel | None) -> SharedPlace:
    """The same place at a level that is not finer; what was not given is not there either."""
    if level is None:
        return SharedPlace()
    if level is ShareLevel.EXACT:
        return place
    return replace(
        place, lat=None, lon=None, mesh1km=place.mesh1km if level is ShareLevel.KM1 else ""
    )


def shown_count(n: int, least: int = LEAST_SHOWN) -> int | None:
    """A count of others' events as it is shown: in steps of `least`; None: too small to be shown."""
    return None if 0 < n < least else n // least * least

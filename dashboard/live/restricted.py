"""What of a snapshot one visitor may see: devices that are not theirs become 5 km squares. PURE.

Owns what is left of devices, alerts, events and rates. Must not decide who may see what (`permissions`).
A square tells how many devices are in it and the most urgent condition; nobody's name, no battery, no
time of a device's last message, and of alerts only those about devices.
"""

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from dashboard.analysis.intervals.between_sites import pooled
from dashboard.live.device_view import URGENCY, DeviceView
from dashboard.live.sensor_rates import MIN_EFFORT_DAYS, Rates, SensorRate
from dashboard.live.snapshot import Snapshot
from gateway.domain.geo import mesh_code
from gateway.domain.model import Alert, Event, Role
from gateway.domain.people.permissions import Access, Detail, Resource

NOWHERE = "-"  # the square of devices without a position in the grid


def snapshot_for(snapshot: Snapshot, access: Access) -> Snapshot:
    """The snapshot as this visitor may see it."""
    if access.sees(Resource.LIVE) is Detail.EXACT:
        return snapshot
    own = own_devices(snapshot.devices, access)
    squares = squares_of(snapshot.devices)
    return Snapshot(
        at=snapshot.at,
        devices=[
            *(view for view in snapshot.devices if view.id in own),
            *_square_views([view for view in snapshot.devices if view.id not in own], squares),
        ],
        alerts=[
            one if one.subject in own else _coarse_alert(one, squares[one.subject])
            for one in snapshot.alerts
            if one.subject in squares
        ],
        events=events_for(snapshot.events, squares, own),
        names={id_: name for id_, name in snapshot.names.items() if id_ in own}
        | {square_id(code): square_name(code) for code in squares.values()},
        pending=[],
    )


def own_devices(devices: Iterable[DeviceView], access: Access) -> frozenset[str]:
    """The ids of the devices that the visitor may see exactly."""
    detail = access.sees(Resource.LIVE)
    return frozenset(
        view.id
        for view in devices
        if detail is Detail.EXACT or (detail is Detail.OWN and access.is_own(view.id, view.area))
    )


def squares_of(devices: Iterable[DeviceView]) -> dict[str, str]:
    """The code of each device's 5 km square."""
    return {view.id: _code_of(view.lat, view.lon) for view in devices}


def events_for(
    events: Iterable[Event], squares: Mapping[str, str], own: frozenset[str]
) -> list[Event]:
    """Events of own devices as they are, of others by square; of unknown devices none."""
    return [
        event if event.device in own else _coarse_event(event, squares[event.device])
        for event in events
        if event.device in own or event.device in squares
    ]


def rates_for(found: Rates, snapshot: Snapshot, access: Access) -> Rates:
    """Rates of own sensors, and of the others added up by square."""
    if access.sees(Resource.LIVE) is Detail.EXACT:
        return found
    own = own_devices(snapshot.devices, access)
    sums: dict[str, list[SensorRate]] = {}
    for one in found.sensors:
        if one.id not in own:
            code = _code_of(one.lat, one.lon)
            sums.setdefault(code, []).append(one)
    rest = [_square_rate(code, some) for code, some in sorted(sums.items())]
    return Rates([*(one for one in found.sensors if one.id in own), *rest], [])


def square_id(code: str) -> str:
    """What stands in place of a device's id."""
    return f"5km-{code}"


def square_name(code: str) -> str:
    """What stands in place of a device's name."""
    return f"5 km {code}"


def _square_views(views: list[DeviceView], squares: Mapping[str, str]) -> list[DeviceView]:
    by_code: dict[str, list[DeviceView]] = {}
    for view in views:
        by_code.setdefault(squares[view.id], []).append(view)
    found = [_square_view(code, some) for code, some in by_code.items()]
    return sorted(found, key=lambda view: (URGENCY[view.condition], view.id))


def _square_view(code: str, views: list[DeviceView]) -> DeviceView:
    traps = [view for view in views if view.role is Role.TRAP]
    worst = min(traps or views, key=lambda view: URGENCY[view.condition])
    lat, lon = _centre_of(code)
    return DeviceView(
        id=square_id(code),
        name=square_name(code),
        role=Role.TRAP if traps else Role.DETECTOR,
        condition=worst.condition,
        traps=len(traps),
        sensors=len(views) - len(traps),
        lat=lat,
        lon=lon,
    )


def _coarse_alert(alert: Alert, code: str) -> Alert:
    return Alert(
        id=square_id(code) + f"-{alert.rule}-{alert.opened_at:%Y%m%d%H%M}",
        rule=alert.rule,
        subject=square_id(code),
        level=alert.level,
        status=alert.status,
        observed_at=alert.observed_at,
        opened_at=alert.opened_at,
    )


def _coarse_event(event: Event, code: str) -> Event:
    return Event(
        id="",
        device=square_id(code),
        kind=event.kind,
        observed_at=event.observed_at,
        received_at=event.received_at,
        time_quality=event.time_quality,
        species=event.species,
        count=event.count,
    )


def _square_rate(code: str, some: list[SensorRate]) -> SensorRate:
    events, days = sum(one.events for one in some), sum(one.days for one in some)
    rate, enough = pooled((one.events, one.days) for one in some), days >= MIN_EFFORT_DAYS
    lat, lon = _centre_of(code)
    return replace(
        some[0],
        id=square_id(code),
        name=square_name(code),
        lat=lat,
        lon=lon,
        events=events,
        animals=sum(one.animals for one in some),
        days=days,
        rate=rate.per100 if enough else None,
        low=rate.low if enough else None,
        high=rate.high if enough else None,
        basis=rate.basis,
        sites=rate.sites,
        dispersion=rate.dispersion,
    )


def _code_of(lat: float | None, lon: float | None) -> str:
    """The code of the 5 km square of a place."""
    return mesh_code.code_or_empty(lat, lon, "5km") or NOWHERE


def _centre_of(code: str) -> tuple[float, float] | tuple[None, None]:
    """The middle of a square, degrees."""
    if code == NOWHERE:
        return None, None
    return mesh_code.centre(code)

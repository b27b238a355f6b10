"""A device as shown to people: its condition (the mark on the map) and urgency. PURE.

Owns the conditions and their order. Must not know pages, words or the store.
A silent trap is "unknown", never "no capture". A sprung trap stays sprung when it becomes silent.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import takewhile

from msgspec import Struct

from gateway.domain.epoch import DAY_MS, from_ms
from gateway.domain.model import Device, DeviceState, Role, Standing, TrapState
from gateway.domain.trap_lifecycle import TrapView, trap_view
from gateway.domain.traps import visits
from gateway.domain.traps.visits import VisitPlan

LOW_BATTERY_PCT = 20.0
PRESENT_FOR = timedelta(hours=1)  # how long an appearance is shown as snapshot


class Condition(StrEnum):
    """The mark on the map, the most urgent first. Trap states keep their own words."""

    SPRUNG = "sprung"
    CAPTURED = "captured"  # an animal waits in the trap
    SEEN = "seen"  # a detector with a detection within PRESENT_FOR
    UNKNOWN = "unknown"  # silent, or no message yet
    LOW = "low"  # working, with a low battery
    NON_TARGET = "non_target"
    FALSE_SPRING = "false_spring"
    DISPATCHED = "dispatched"
    ARMED = "armed"
    WATCHING = "watching"  # a detector or relay that is not silent
    PAUSED = "paused"
    REMOVED = "removed"


OF_TRAP_STATE: Mapping[TrapState, Condition] = {
    TrapState.ARMED: Condition.ARMED,
    TrapState.SPRUNG: Condition.SPRUNG,
    TrapState.CAPTURED: Condition.CAPTURED,
    TrapState.FALSE_SPRING: Condition.FALSE_SPRING,
    TrapState.NON_TARGET: Condition.NON_TARGET,
    TrapState.DISPATCHED: Condition.DISPATCHED,
    TrapState.PAUSED: Condition.PAUSED,
    TrapState.REMOVED: Condition.REMOVED,
}
URGENCY = {condition: rank for rank, condition in enumerate(Condition)}


class DeviceView(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One device as shown to people; as JSON, the properties of its GeoJSON feature."""

    id: str
    name: str
    role: Role
    condition: Condition
    silent: bool = False
    low: bool = False
    since: datetime | None = None  # when the condition began, as far as known
    by: str = ""  # the person who recorded the condition; empty: reported by the sensor
    handled_by: str = ""  # who has said that they go there
    visited: datetime | None = None  # the newest visit that a person recorded
    visited_today: bool = False
    visit_due: bool = False  # it must be visited today and was not yet
    outcome_missing: bool = False  # it sprang, and nobody has said what it was
    unconfirmed: datetime | None = None  # since when messages of the trap may be missing
    unread: str = ""  # why the newest content could not be read, and what to do
    last_seen: datetime | None = None
    battery_pct: float | None = None
    battery_v: float | None = None
    species: str | None = None  # of the newest appearance
    trap_type: str = ""
    area: str = ""
    traps: int = 0  # of a 5 km square in place of its devices: how many traps are in it,
    sensors: int = 0  # and how many other devices
    lat: float | None = None
    lon: float | None = None


def device_views(
    devices: Iterable[Device],
    states: Mapping[str, DeviceState],
    now: datetime,
    plan: VisitPlan | None = None,
) -> list[DeviceView]:
    """All approved devices, the most urgent first, then those that have waited longest."""
    seen = [
        view_of(device, states.get(device.id), now, plan)
        for device in devices
        if device.standing is Standing.APPROVED
    ]
    return sorted(seen, key=_urgency)


def view_of(
    device: Device, state: DeviceState | None, now: datetime, plan: VisitPlan | None = None
) -> DeviceView:
    """One device at `now`; `plan`: with what is known of its visits."""
    trap = trap_view(state, now, device.heartbeat_s)
    battery = _number(state, "battery_pct")
    low = is_low(state, battery)
    condition, since = _condition(device, state, trap, now, low=low)
    return DeviceView(
        id=device.id,
        name=device.label,
        role=device.role,
        condition=condition,
        silent=trap.silent,
        unread=trap.unread,
        unconfirmed=trap.unconfirmed if device.role is Role.TRAP else None,
        low=low,
        since=since,
        by=trap.by,
        visited=visits.last_visit(state) if plan else None,
        visited_today=plan is not None and visits.is_visited_today(state, plan, now),
        visit_due=plan is not None and visits.is_due(device, state, plan, now),
        last_seen=state.last_seen if state else None,
        battery_pct=battery,
        battery_v=_number(state, "battery_v"),
        species=_newest_detection(state)[0],
        trap_type=device.trap_type,
        area=device.area,
        lat=device.lat if device.lat is not None else _number(state, "lat"),
        lon=device.lon if device.lon is not None else _number(state, "lon"),
    )


def _condition(
    device: Device, state: DeviceState | None, trap: TrapView, now: datetime, *, low: bool
) -> tuple[Condition, datetime | None]:
    """The condition and since when; a silent one since the last sign of life."""
    if device.role is Role.TRAP:
        condition, since = _of_trap(trap, low)
        if condition is Condition.UNKNOWN and not trap.silent:
            return condition, _doubted_since(state, trap)
    else:
        _, detected_ms = _newest_detection(state)
        condition, since = _of_detector(detected_ms, now, silent=trap.silent, low=low)
    if condition is Condition.UNKNOWN:
        return condition, state.last_seen if state else None
    return condition, low_since(state) if condition is Condition.LOW else since


def low_since(state: DeviceState | None) -> datetime | None:
    """When the battery's low days began: at the latest at the end of the first of them (UTC)."""
    if state is None:
        return None
    days = state.low_battery.get("battery_pct", {})
    newest_first = sorted(days, reverse=True)
    low_days = list(takewhile(lambda day: days[day] <= LOW_BATTERY_PCT, newest_first))
    told = state.facts.get("battery_pct" if low_days else "battery_low")
    if told is None:
        return None
    return from_ms(min(told.at_ms, (low_days[-1] + 1) * DAY_MS) if low_days else told.at_ms)


def _doubted_since(state: DeviceState | None, trap: TrapView) -> datetime | None:
    """Since when an armed trap that still sends is not known to be armed."""
    unread = state.facts.get("unread") if state and trap.unread else None
    return trap.unconfirmed or (from_ms(unread.at_ms) if unread else None)


def is_low(state: DeviceState | None, battery_pct: float | None) -> bool:
    """Whether the battery is low, by its charge or as reported by the device."""
    if state is not None and state.fact("battery_low") is True:
        return True
    return battery_pct is not None and battery_pct <= LOW_BATTERY_PCT


def _of_trap(trap: TrapView, low: bool) -> tuple[Condition, datetime | None]:
    """In silence an armed trap becomes unknown; other states stay as they are."""
    if trap.state is None or (trap.unknown and trap.state is TrapState.ARMED):
        return Condition.UNKNOWN, None
    if low and trap.state is TrapState.ARMED:
        return Condition.LOW, None
    return OF_TRAP_STATE[trap.state], trap.since


def _of_detector(
    detected_ms: int | None, now: datetime, *, silent: bool, low: bool
) -> tuple[Condition, datetime | None]:
    if detected_ms is not None and _is_present(detected_ms, now):
        return Condition.SEEN, from_ms(detected_ms)
    if silent:
        return Condition.UNKNOWN, None
    return (Condition.LOW if low else Condition.WATCHING), None


def _is_present(detected_ms: int, now: datetime) -> bool:
    return timedelta(0) <= now - from_ms(detected_ms) <= PRESENT_FOR


def _newest_detection(state: DeviceState | None) -> tuple[str, int] | tuple[None, None]:
    """The newest detection: species, ms since 1970."""
    if state is None or not state.detected:
        return None, None
    return max(state.detected.items(), key=lambda pair: pair[1])


def _number(state: DeviceState | None, name: str) -> float | None:
    value = state.fact(name) if state else None
    return float(value) if isinstance(value, int | float) else None


def _urgency(view: DeviceView) -> tuple[int, float, str]:
    waits = view.condition is not Condition.LOW  # nothing waits in it: the order stays calm
    since = view.since.timestamp() if view.since and waits else 0.0
    return (URGENCY[view.condition], since, view.id)

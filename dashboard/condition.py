"""What a device's state means to a person: which mark it gets and how urgent it is. PURE.

Owns the conditions and their order. Must not know pages, words or the store.
A silent trap is "unknown", never "no capture"; a sprung trap stays sprung when it falls silent.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from gateway.effort import grace_ms
from gateway.model import Device, DeviceState, Role, Standing, TrapState
from gateway.state import from_ms

LOW_BATTERY_PCT = 20.0
FRESH = timedelta(hours=1)  # how long an appearance is shown as present


class Condition(StrEnum):
    """The mark on the map, the most urgent first."""

    SPRUNG = "sprung"
    SEEN = "seen"  # a detector with an appearance within FRESH
    UNKNOWN = "unknown"  # silent, or never heard
    LOW = "low"  # works, but its battery ends soon
    ARMED = "armed"
    WATCHING = "watching"  # a detector or relay that lives


URGENCY = {condition: rank for rank, condition in enumerate(Condition)}


class Sight(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One device as people see it; as JSON, the properties of its GeoJSON feature."""

    id: str
    name: str
    role: Role
    condition: Condition
    silent: bool = False
    low: bool = False
    since: datetime | None = None  # when the condition began, as far as known
    last_seen: datetime | None = None
    battery_pct: float | None = None
    battery_v: float | None = None
    species: str | None = None  # of the newest appearance
    trap_type: str = ""
    area: str = ""
    lat: float | None = None
    lon: float | None = None


def sights(
    devices: Iterable[Device], states: Mapping[str, DeviceState], now: datetime
) -> list[Sight]:
    """All approved devices, the most urgent first, then whoever waits longest."""
    seen = [
        sight(device, states.get(device.id), now)
        for device in devices
        if device.standing is Standing.APPROVED
    ]
    return sorted(seen, key=_urgency)


def sight(device: Device, state: DeviceState | None, now: datetime) -> Sight:
    """One device at `now`."""
    silent = state is None or _is_silent(device, state, now)
    battery = _number(state, "battery_pct")
    low = battery is not None and battery <= LOW_BATTERY_PCT
    species, detected_ms = _newest(state)
    condition = _condition(device, state, now, detected_ms, silent, low)
    return Sight(
        id=device.id,
        name=device.label,
        role=device.role,
        condition=condition,
        silent=silent,
        low=low,
        since=_since(condition, state, detected_ms),
        last_seen=state.last_seen if state else None,
        battery_pct=battery,
        battery_v=_number(state, "battery_v"),
        species=species,
        trap_type=device.trap_type,
        area=device.area,
        lat=device.lat if device.lat is not None else _number(state, "lat"),
        lon=device.lon if device.lon is not None else _number(state, "lon"),
    )


def _condition(
    device: Device,
    state: DeviceState | None,
    now: datetime,
    detected_ms: int | None,
    silent: bool,
    low: bool,
) -> Condition:
    if device.role is Role.TRAP and state and state.trap is TrapState.SPRUNG:
        return Condition.SPRUNG
    if device.role is not Role.TRAP and _is_fresh(detected_ms, now):
        return Condition.SEEN
    if silent or (device.role is Role.TRAP and (state is None or state.trap is None)):
        return Condition.UNKNOWN
    if low:
        return Condition.LOW
    return Condition.ARMED if device.role is Role.TRAP else Condition.WATCHING


def _is_silent(device: Device, state: DeviceState, now: datetime) -> bool:
    return now - state.last_seen > timedelta(milliseconds=grace_ms(device.heartbeat_s))


def _is_fresh(detected_ms: int | None, now: datetime) -> bool:
    return detected_ms is not None and timedelta(0) <= now - from_ms(detected_ms) <= FRESH


def _newest(state: DeviceState | None) -> tuple[str, int] | tuple[None, None]:
    """The newest appearance: species, ms since 1970."""
    if state is None or not state.detected:
        return None, None
    return max(state.detected.items(), key=lambda pair: pair[1])


def _since(
    condition: Condition, state: DeviceState | None, detected_ms: int | None
) -> datetime | None:
    if state is None:
        return None
    if condition is Condition.SEEN and detected_ms is not None:
        return from_ms(detected_ms)
    if condition is Condition.UNKNOWN:
        return state.last_seen
    return from_ms(state.trap_head[0]) if state.trap else None


def _number(state: DeviceState | None, name: str) -> float | None:
    value = state.fact(name) if state else None
    return float(value) if isinstance(value, int | float) else None


def _urgency(sight: Sight) -> tuple[int, float, str]:
    since = sight.since.timestamp() if sight.since else 0.0
    return (URGENCY[sight.condition], since, sight.id)

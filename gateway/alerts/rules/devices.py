"""Rules about devices: battery, radio, place, tampering. PURE.

Owns these rules. An open alert needs a larger change to end than to begin (hysteresis).
"""

import math

from gateway.alerts.rules.types import Change, Condition, Rule, Ruling, Tick, alert_id
from gateway.config.thresholds import Limits
from gateway.domain.epoch import DAY_MS, from_ms, ms
from gateway.domain.geo.local_plane import to_metres
from gateway.domain.model import Alert, Device, DeviceState, Kind

HYSTERESIS = 1.1


def battery_low(
    device: Device, state: DeviceState, tick: Tick, limits: Limits, was_open: bool
) -> Condition | None:
    """The battery's newest value is below its threshold."""
    if state.fact("external_power") is True:
        return None
    ease = HYSTERESIS if was_open else 1.0
    for name, limit, unit in (
        ("battery_pct", limits.battery_low_pct, " %"),
        ("battery_v", limits.battery_low_v, " V"),
    ):
        known = state.facts.get(name)
        if limit and known and float(known.value) < limit * ease:
            return Condition(from_ms(known.at_ms), f"{float(known.value):.4g}{unit}")
    low = state.facts.get("battery_low")
    return Condition(from_ms(low.at_ms), "low") if low and low.value is True else None


def unread(
    device: Device, state: DeviceState, tick: Tick, limits: Limits, was_open: bool
) -> Condition | None:
    """The newest payload could not be read: the device's state is unknown, though it sends."""
    fact = state.facts.get("unread")
    return Condition(from_ms(fact.at_ms), str(fact.value)) if fact and fact.value else None


def battery_falling(
    device: Device, state: DeviceState, tick: Tick, limits: Limits, was_open: bool
) -> Condition | None:
    """The lowest value of a day fell too far within few days: a fault, or cold weather."""
    for name, limit, unit in (
        ("battery_pct", limits.battery_fall_pct, " %"),
        ("battery_v", limits.battery_fall_v, " V"),
    ):
        days = state.low_battery.get(name, {})
        newest = max(days, default=0)
        if not limit or newest * DAY_MS < ms(tick.now) - 2 * DAY_MS:
            continue
        before = max(
            (v for day, v in days.items() if 0 < newest - day <= limits.battery_fall_days),
            default=days[newest],
        )
        if before - days[newest] >= limit:
            return Condition(from_ms(newest * DAY_MS), f"{before:.4g}→{days[newest]:.4g}{unit}")
    return None


def weak_signal(
    device: Device, state: DeviceState, tick: Tick, limits: Limits, was_open: bool
) -> Condition | None:
    """The signal is weak: the next message may be lost."""
    ease = 3.0 if was_open else 0.0  # dB
    for name, limit, unit in (
        ("rssi_dbm", limits.weak_rssi_dbm, " dBm"),
        ("snr_db", limits.weak_snr_db, " dB"),
    ):
        known = state.facts.get(name)
        if limit and known and float(known.value) < limit + ease:
            return Condition(from_ms(known.at_ms), f"{float(known.value):.4g}{unit}")
    return None


def moved(
    device: Device, state: DeviceState, tick: Tick, limits: Limits, was_open: bool
) -> Condition | None:
    """The reported place is farther from the registered one than its accuracy allows."""
    lat, lon = state.facts.get("lat"), state.facts.get("lon")
    if device.lat is None or device.lon is None or lat is None or lon is None or not limits.moved_m:
        return None
    accuracy = state.fact("accuracy_m")
    allowed = max(limits.moved_m, 3 * float(accuracy) if accuracy is not None else 0.0)
    away_m = _distance_m(device.lat, device.lon, float(lat.value), float(lon.value))
    return Condition(from_ms(lat.at_ms), f"{away_m:.0f} m") if away_m > allowed else None


def tamper(rule: Rule, change: Change) -> Ruling:
    """The device was opened or shaken; the alert lasts until a person visits it."""
    events = (e for e in change.events if e.kind is Kind.TAMPER)
    return Ruling(
        opens=[
            Alert(
                id=alert_id(rule.name, change.device.id, event.id),
                rule=rule.name,
                subject=change.device.id,
                level=rule.level,
                observed_at=event.observed_at,
                opened_at=change.now,
                event=event.id,
            )
            for event in events
        ]
    )


def _distance_m(lat: float, lon: float, lat2: float, lon2: float) -> float:
    return math.hypot(*to_metres(lat2, lon2, lat, lon))

"""Rules about devices: silence, battery, radio, place, tampering. PURE.

Conditions hold or not at a tick; an open alert needs a little more to end than to begin.
"""

import math
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from gateway.alerts.rules.types import Change, Condition, End, Rule, Ruling, Tick, alert_id
from gateway.config.thresholds import Limits
from gateway.domain import trap_lifecycle
from gateway.domain.epoch import DAY_MS, NEVER, from_ms, ms
from gateway.domain.geo.local_plane import to_metres
from gateway.domain.model import Alert, Device, DeviceState, Kind, Role

OVERDUE = 1.5  # heartbeats: one is certainly missing
RECOVERED = 0.2  # of a group still overdue: its common fault is over
HYSTERESIS = 1.1
EVERYTHING = "*"


def silent(tick: Tick, open_subjects: frozenset[str]) -> Mapping[str, Condition]:
    """No sign of life for too long; what shares its silence with many others is left to them."""
    shared = set[str]().union(*_shared(tick).values())
    return {
        device.id: Condition(tick.states[device.id].last_seen)
        for device in _expected(tick)
        if _is_quiet(device, tick, device.id in open_subjects)
        and (device.id in open_subjects or device.id not in shared)
    }


def many_silent(tick: Tick, open_subjects: frozenset[str]) -> Mapping[str, Condition]:
    """Many devices silent at once: one finding for what they share."""
    return {
        group: Condition(min(tick.states[id_].last_seen for id_ in members), f"{len(members)}")
        for group, members in _shared(tick).items()
    }


def _shared(tick: Tick) -> dict[str, set[str]]:
    """Groups that fell silent together: subject -> overdue members. The widest group stands for all."""
    limits = tick.law.limits(None)
    open_now = {alert.subject for alert in tick.open if alert.rule == "many_silent"}
    found: dict[str, set[str]] = {}
    explained: set[str] = set()
    for group, members in _groups(tick):
        is_open = group in open_now
        overdue = {d.id for d in members if _silence(d, tick, is_open) > OVERDUE}
        share = RECOVERED if is_open else limits.many_silent_share
        enough = len(overdue) >= limits.many_silent and len(overdue) >= share * len(members)
        begun = is_open or any(_is_quiet(device, tick, was_open=False) for device in members)
        if begun and enough and not overdue <= explained:
            found[group] = overdue
            explained |= overdue
    return found


def _groups(tick: Tick) -> Iterator[tuple[str, list[Device]]]:
    """What devices share, widest first: everything, a dialect's network, an area's radio cell."""
    expected = _expected(tick)
    yield EVERYTHING, expected
    for field in ("dialect", "area"):
        by_value: dict[str, list[Device]] = {}
        for device in expected:
            if value := getattr(device, field):
                by_value.setdefault(value, []).append(device)
        for value, members in sorted(by_value.items()):
            yield f"{field}:{value}", members


def _expected(tick: Tick) -> list[Device]:
    """Devices that have been heard and are meant to be: not those paused or removed."""
    return [
        device
        for device in tick.devices.values()
        if (state := tick.states.get(device.id))
        and state.last_seen > NEVER
        and not (device.role is Role.TRAP and trap_lifecycle.last_known(state).at_rest)
    ]


def _silence(device: Device, tick: Tick, was_open: bool) -> float:
    """Heartbeats missed in a row. While the gateway itself was deaf, nobody was silent."""
    last = tick.states[device.id].last_seen
    if not was_open:
        last = max(last, tick.listening or tick.now, *_ends(device, tick))
    return (tick.now - last) / timedelta(seconds=device.heartbeat_s)


def _ends(device: Device, tick: Tick) -> list[datetime]:
    """When outages ended that the device shared: from then on it has time to come back."""
    shared = {EVERYTHING, f"dialect:{device.dialect}", f"area:{device.area}"}
    lasting = (alert for alert in tick.open if alert.rule == "many_silent")
    every = [*tick.outages, *lasting]
    return [alert.resolved_at or tick.now for alert in every if alert.subject in shared]


def _is_quiet(device: Device, tick: Tick, was_open: bool) -> bool:
    return _silence(device, tick, was_open) > tick.law.limits(device).silent_heartbeats


def heard_again(rule: Rule, change: Change) -> Ruling:
    """A silence ends the moment the device speaks; it begins at a tick."""
    if change.before is None:
        return Ruling()
    limits = change.law.limits(change.device)
    quiet = timedelta(seconds=change.device.heartbeat_s * limits.silent_heartbeats)
    if change.after.last_seen - change.before.last_seen <= quiet:
        return Ruling()
    return Ruling(ends=[End(rule.name, change.device.id, "heard again")])


def battery_low(
    device: Device, state: DeviceState, tick: Tick, limits: Limits, was_open: bool
) -> Condition | None:
    """The battery's newest value lies under its threshold."""
    if state.fact("external_power") is True:
        return None
    ease = HYSTERESIS if was_open else 1.0
    for name, limit, unit in (("battery_pct", limits.battery_low_pct, " %"),
                              ("battery_v", limits.battery_low_v, " V")):  # fmt: skip
        known = state.facts.get(name)
        if limit and known and float(known.value) < limit * ease:
            return Condition(from_ms(known.at_ms), f"{float(known.value):.4g}{unit}")
    told = state.facts.get("battery_low")
    return Condition(from_ms(told.at_ms), "low") if told and told.value is True else None


def unread(
    device: Device, state: DeviceState, tick: Tick, limits: Limits, was_open: bool
) -> Condition | None:
    """Its newest content could not be read: what it is doing is unknown, though its radio lives."""
    told = state.facts.get("unread")
    return Condition(from_ms(told.at_ms), str(told.value)) if told and told.value else None


def battery_falling(
    device: Device, state: DeviceState, tick: Tick, limits: Limits, was_open: bool
) -> Condition | None:
    """The lowest of a day fell too far within few days: a fault, or a cold snap."""
    for name, limit, unit in (("battery_pct", limits.battery_fall_pct, " %"),
                              ("battery_v", limits.battery_fall_v, " V")):  # fmt: skip
        days = state.low_battery.get(name, {})
        newest = max(days, default=0)
        if not limit or newest * DAY_MS < ms(tick.now) - 2 * DAY_MS:
            continue
        before = max((v for day, v in days.items() if 0 < newest - day <= limits.battery_fall_days),
                     default=days[newest])  # fmt: skip
        if before - days[newest] >= limit:
            return Condition(from_ms(newest * DAY_MS), f"{before:.4g}→{days[newest]:.4g}{unit}")
    return None


def weak_signal(
    device: Device, state: DeviceState, tick: Tick, limits: Limits, was_open: bool
) -> Condition | None:
    """The radio is at its edge: the next message may be lost."""
    ease = 3.0 if was_open else 0.0  # dB
    for name, limit, unit in (("rssi_dbm", limits.weak_rssi_dbm, " dBm"),
                              ("snr_db", limits.weak_snr_db, " dB")):  # fmt: skip
        known = state.facts.get(name)
        if limit and known and float(known.value) < limit + ease:
            return Condition(from_ms(known.at_ms), f"{float(known.value):.4g}{unit}")
    return None


def moved(
    device: Device, state: DeviceState, tick: Tick, limits: Limits, was_open: bool
) -> Condition | None:
    """It reports a place farther from its registered one than its accuracy explains."""
    lat, lon = state.facts.get("lat"), state.facts.get("lon")
    if device.lat is None or device.lon is None or lat is None or lon is None or not limits.moved_m:
        return None
    accuracy = state.fact("accuracy_m")
    allowed = max(limits.moved_m, 3 * float(accuracy) if accuracy is not None else 0.0)
    away_m = _distance_m(device.lat, device.lon, float(lat.value), float(lon.value))
    return Condition(from_ms(lat.at_ms), f"{away_m:.0f} m") if away_m > allowed else None


def tamper(rule: Rule, change: Change) -> Ruling:
    """Somebody or something opened or shook the device; stands until a person has been there."""
    events = (e for e in change.events if e.kind is Kind.TAMPER)
    return Ruling(opens=[Alert(
        id=alert_id(rule.name, change.device.id, event.id),
        rule=rule.name,
        subject=change.device.id,
        level=rule.level,
        observed_at=event.observed_at,
        opened_at=change.now,
        event=event.id,
    ) for event in events])  # fmt: skip


def _distance_m(lat: float, lon: float, lat2: float, lon2: float) -> float:
    return math.hypot(*to_metres(lat2, lon2, lat, lon))

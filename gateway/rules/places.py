"""Rules about where animals appear: protected land, living areas, first of its kind. PURE."""

from collections.abc import Iterator
from datetime import timedelta

from gateway.model import Alert, Event, Kind
from gateway.rules.limits import Limits, within
from gateway.rules.words import Change, Place, Rule, Ruling, alert_id
from gateway.state import from_ms, ms

OLD = timedelta(hours=24)  # an appearance that late is for the statistics


def living_area(rule: Rule, change: Change) -> Ruling:
    """A dangerous animal where people live; one alert per area and species until it is calm."""
    return Ruling(opens=[
        _alert(rule, change, event, f"{place.name}/{event.species}")
        for event, place, limits in _appearances(change)
        if place.living and event.species in limits.danger_species
    ])  # fmt: skip


def protected_land(rule: Rule, change: Change) -> Ruling:
    """An animal inside or near land of the list, of its species and in its hours."""
    return Ruling(opens=[
        _alert(rule, change, event, f"{place.name}/{event.species}")
        for event, place, limits in _appearances(change)
        if not (place.living and event.species in limits.danger_species)
        and (not place.species or event.species in place.species)
        and within(place.hours, event.observed_at.astimezone(change.law.zone))
    ])  # fmt: skip


def first_appearance(rule: Rule, change: Change) -> Ruling:
    """A species that no sensor of the area has seen for some days."""
    area, limits = change.device.area, change.law.limits(change.device)
    opens, told = [], set()
    for event in _detections(change, limits):
        species = event.species or ""
        if species in {"", "unknown"} or species in told:
            continue
        since = event.observed_at - timedelta(days=limits.first_after_days)
        last_ms = _last_seen_ms(change, area, species, ms(event.observed_at))
        if last_ms is not None and from_ms(last_ms) < since:
            told.add(species)
            opens.append(_alert(rule, change, event, f"{area or change.device.id}/{species}"))
    return Ruling(opens=opens)


def _last_seen_ms(change: Change, area: str, species: str, at_ms: int) -> int | None:
    """When the area last saw `species`; 0 never; None: not later than `at_ms`, so no first at all."""
    own = change.before.detected.get(species, 0) if change.before else 0
    if own > at_ms:
        return None
    if at_ms - own < timedelta(days=change.law.limits(change.device).first_after_days) // timedelta(
        milliseconds=1
    ):
        return own  # the frequent case: no need to ask the neighbours
    if not area:
        return own  # without an area there are no neighbours to ask
    newest = own
    for device in change.devices.values():
        if device.area == area and device.id != change.device.id:
            state = change.states.get(device.id)
            newest = max(newest, state.detected.get(species, 0) if state else 0)
    return None if newest > at_ms else newest


def _appearances(change: Change) -> Iterator[tuple[Event, Place, Limits]]:
    limits = change.law.limits(change.device)
    for event in _detections(change, limits):
        lat = event.lat if event.lat is not None else change.device.lat
        lon = event.lon if event.lon is not None else change.device.lon
        if lat is not None and lon is not None:
            for place in change.law.places(lat, lon):
                yield event, place, limits


def _detections(change: Change, limits: Limits) -> Iterator[Event]:
    for event in change.events:
        if event.kind is not Kind.DETECTION or event.species in limits.ignored_species:
            continue
        if change.now - event.observed_at > OLD:
            continue
        if event.confidence is None or event.confidence >= limits.least_confidence:
            yield event


def _alert(rule: Rule, change: Change, cause: Event, subject: str) -> Alert:
    return Alert(
        id=alert_id(rule.name, subject, cause.id),
        rule=rule.name,
        subject=subject,
        level=rule.level,
        observed_at=cause.observed_at,
        opened_at=change.now,
        event=cause.id,
        note=change.device.label,
    )

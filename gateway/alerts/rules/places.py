"""Rules about places of animals: protected land, living areas, first appearance. PURE."""

from collections.abc import Iterator

from gateway.alerts.rules.types import Change, Rule, Ruling, WatchedArea, alert_id
from gateway.config.thresholds import within
from gateway.domain.epoch import DAY_MS, ms
from gateway.domain.model import Alert, Event


def living_area(rule: Rule, change: Change) -> Ruling:
    """A dangerous animal where people live: one alert per area and species."""
    danger = change.policy.limits(change.device).danger_species
    return Ruling(
        opens=[
            _alert(rule, change, event, f"{place.name}/{event.species}")
            for event, place in _in_places(change)
            if place.living and event.species in danger
        ]
    )


def protected_land(rule: Rule, change: Change) -> Ruling:
    """An animal in or near watched land, of its species and in its hours."""
    danger = change.policy.limits(change.device).danger_species
    return Ruling(
        opens=[
            _alert(rule, change, event, f"{place.name}/{event.species}")
            for event, place in _in_places(change)
            if not (place.living and event.species in danger)
            and (not place.species or event.species in place.species)
            and within(place.hours, event.observed_at.astimezone(change.policy.zone))
        ]
    )


def first_appearance(rule: Rule, change: Change) -> Ruling:
    """A species that no sensor of the area has detected for `first_after_days`."""
    spell_ms = change.policy.limits(change.device).first_after_days * DAY_MS
    firsts: dict[str, Event] = {}
    for event in change.appearances:
        if event.species and event.species != "unknown":
            firsts.setdefault(event.species, event)
    where = change.device.area or change.device.id
    return Ruling(
        opens=[
            _alert(rule, change, event, f"{where}/{species}")
            for species, event in firsts.items()
            if _is_first(change, species, ms(event.observed_at), spell_ms)
        ]
    )


def _is_first(change: Change, species: str, at_ms: int, spell_ms: int) -> bool:
    """Whether neither the device nor its area detected `species` within `spell_ms` before, or since."""
    before_ms = at_ms - spell_ms
    if change.before and change.before.detected.get(species, 0) >= before_ms:
        return False  # the frequent case: other devices are not checked
    area = change.device.area
    neighbours = [d.id for d in change.devices.values() if d.area == area] if area else []
    states = [change.states.get(id_) for id_ in neighbours if id_ != change.device.id]
    return all(state.detected.get(species, 0) < before_ms for state in states if state)


def _in_places(change: Change) -> Iterator[tuple[Event, WatchedArea]]:
    for event in change.appearances:
        lat = event.lat if event.lat is not None else change.device.lat
        lon = event.lon if event.lon is not None else change.device.lon
        if lat is not None and lon is not None:
            for place in change.policy.places(lat, lon):
                yield event, place


def _alert(rule: Rule, change: Change, cause: Event, subject: str) -> Alert:
    return Alert(
        id=alert_id(rule.name, subject, f"{cause.device}\0{cause.id}"),
        rule=rule.name,
        subject=subject,
        level=rule.level,
        observed_at=cause.observed_at,
        opened_at=change.now,
        event=cause.id,
        device=cause.device,
        note=change.device.label,
    )

"""Rules about places of animals: protected land, living areas, first appearance. PURE."""

from gateway.alerts.rules.types import NOTHING, Change, Rule, Ruling, alert_id
from gateway.config.thresholds import within
from gateway.domain.epoch import DAY_MS, ms
from gateway.domain.model import Alert, Event


def living_area(rule: Rule, change: Change) -> Ruling:
    """A dangerous animal where people live: one alert per area and species."""
    if not change.in_places:
        return NOTHING
    danger = change.limits.danger_species
    return _ruling(
        [
            _alert(rule, change, event, f"{place.name}/{event.species}")
            for event, place in change.in_places
            if place.living and event.species in danger
        ]
    )


def protected_land(rule: Rule, change: Change) -> Ruling:
    """An animal in or near watched land, of its species and in its hours."""
    if not change.in_places:
        return NOTHING
    danger = change.limits.danger_species
    return _ruling(
        [
            _alert(rule, change, event, f"{place.name}/{event.species}")
            for event, place in change.in_places
            if not (place.living and event.species in danger)
            and (not place.species or event.species in place.species)
            and within(place.hours, event.observed_at.astimezone(change.policy.zone))
        ]
    )


def first_appearance(rule: Rule, change: Change) -> Ruling:
    """A species that no sensor of the area has detected for `first_after_days`."""
    if not change.appearances:
        return NOTHING
    spell_ms = change.limits.first_after_days * DAY_MS
    firsts: dict[str, Event] = {}
    for event in change.appearances:
        if event.species and event.species != "unknown":
            firsts.setdefault(event.species, event)
    where = change.device.area or change.device.id
    return _ruling(
        [
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


def _ruling(opens: list[Alert]) -> Ruling:
    return Ruling(opens) if opens else NOTHING


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

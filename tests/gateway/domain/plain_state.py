"""The fold of events into a device's state, written plainly: every field is computed for every event.

Owns what `gateway.domain.device_state.advance` has to be equal to, which computes only what changes.
"""

from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any

import msgspec

from gateway.domain.device_state import BATTERY, DAYS_KEPT, NOWHERE, TRAP_STATE, Order, Placed
from gateway.domain.epoch import DAY_MS
from gateway.domain.model import FACTS, DeviceState, Kind, Known, TrapState

LASTING = tuple(name for name in FACTS if name not in {"species", "count", "confidence", "media"})
_facts = attrgetter(*LASTING)


def advance(state: DeviceState | None, events: Sequence[Placed]) -> DeviceState:
    """The state after `events` of one device (`placed`, not empty); the newest event decides each fact."""
    first, (last, newest) = events[0][1], events[-1]
    state = state or DeviceState(device=first.device, last_seen=first.received_at)
    heads = {event.kind: key for key, event in events}  # the newest of each kind
    life = [
        key for kind, key in heads.items() if kind is not Kind.OFFLINE
    ]  # the broker sends OFFLINE, so it is no sign of life
    told_last = last >= state.online_head
    trap, trap_head = _trap(state, events)
    facts, low = _learned(state, events)
    return msgspec.structs.replace(
        state,
        last_seen=max(state.last_seen, *[event.received_at for _, event in events]),
        head=max([state.head, *life]),
        trap=trap,
        trap_head=trap_head,
        set_head=max(state.set_head, heads.get(Kind.SET, NOWHERE)),
        sprung_head=max(state.sprung_head, heads.get(Kind.SPRUNG, NOWHERE)),
        detected=_detected(state, events) if Kind.DETECTION in heads else state.detected,
        facts=facts,
        online=newest.kind is not Kind.OFFLINE if told_last else state.online,
        online_head=max(state.online_head, last),
        low_battery=low,
    )


def _trap(state: DeviceState, events: Sequence[Placed]) -> tuple[TrapState | None, Order]:
    """The trap's state by its sensor, and the order key of the event that says so."""
    words = [(key, TRAP_STATE[event.kind]) for key, event in events if event.kind in TRAP_STATE]
    if words and words[-1][0] >= state.trap_head:
        key, word = words[-1]
        return word, key
    return state.trap, state.trap_head


def _detected(state: DeviceState, events: Sequence[Placed]) -> dict[str, int]:
    """When each species was last detected, observed ms."""
    known = state.detected
    seen = {e.species or "": key[0] for key, e in events if e.kind is Kind.DETECTION}
    return known | {species: max(at_ms, known.get(species, 0)) for species, at_ms in seen.items()}


def _learned(
    state: DeviceState, events: Sequence[Placed]
) -> tuple[dict[str, Known], dict[str, dict[int, float]]]:
    """The newest value of each lasting fact, and the lowest battery value of each day."""
    told: dict[str, list[tuple[int, Any]]] = {}
    for key, event in events:
        for name, value in zip(LASTING, _facts(event), strict=True):
            if value is not None:
                told.setdefault(name, []).append((key[0], value))
    if not told:
        return state.facts, state.low_battery
    facts, low = dict(state.facts), dict(state.low_battery)
    for name, values in told.items():
        at_ms, value = values[-1]
        if name not in facts or at_ms >= facts[name].at_ms:
            facts[name] = Known(at_ms, value)
        if name in BATTERY:
            low[name] = _lowest(low.get(name, {}), values)
    return facts, low


def _lowest(days: Mapping[int, float], told: Iterable[tuple[int, float]]) -> dict[int, float]:
    """The lowest value of each of the newest days, for the rule about falling batteries."""
    found = dict(days)
    for at_ms, value in told:
        day = at_ms // DAY_MS
        found[day] = min(value, found.get(day, value))
    return {day: found[day] for day in sorted(found)[-DAYS_KEPT:]}

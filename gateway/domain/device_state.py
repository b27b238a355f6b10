"""The present state of a device, computed from its events.

Owns which event decides each part of the state. Must not know storage, alerts or the clock.
Every fact carries the order key of the event it came from, so duplicates and another order of arrival
change nothing: the newest event by (observed time, boot, sequence) decides, whenever it arrives.
"""

from collections.abc import Iterable, Sequence
from operator import attrgetter, itemgetter
from typing import Any

import msgspec

from gateway.domain.epoch import DAY_MS, NEVER, ms
from gateway.domain.model import (
    FACTS,
    ActionKind,
    DeviceState,
    Event,
    Kind,
    Known,
    TrapAction,
    TrapState,
)

Order = tuple[int, int, int]
Placed = tuple[Order, Event]

NOWHERE: Order = (0, 0, 0)
GRACE = 2.5  # heartbeat intervals without a message until a device counts as silent
BATTERY = ("battery_v", "battery_pct")
DAYS_KEPT = 8  # days for which the lowest battery value is kept

# Looking a member up costs Python 3.11 a call.
_OFFLINE, _DETECTION = Kind.OFFLINE, Kind.DETECTION
TRAP_STATE = {Kind.SPRUNG: TrapState.SPRUNG, Kind.SET: TrapState.ARMED}
_LASTING = tuple(  # facts that stay true after the event
    name for name in FACTS if name not in {"species", "count", "confidence", "media"}
)
_facts = attrgetter(*_LASTING)
_by_order = itemgetter(0)


def grace_ms(heartbeat_s: int) -> int:
    """How long a device may be silent and still counts as alive, in ms."""
    return round(heartbeat_s * 1000 * GRACE)


def is_unread(state: DeviceState | None) -> bool:
    """Whether the newest content of a device could not be read."""
    return state is not None and bool(state.fact("unread"))


def order(event: Event) -> Order:
    """The key by which the events of one device are ordered."""
    return (ms(event.observed_at), event.boot or 0, event.seq or 0)


def placed(events: Iterable[Event]) -> list[Placed]:
    """The events with their order keys, sorted by them."""
    found = [(order(event), event) for event in events]
    if len(found) > 1:
        found.sort(key=_by_order)
    return found


def advance(state: DeviceState | None, events: Sequence[Placed]) -> DeviceState:
    """The state after `events` of one device (`placed`, not empty); the newest event decides each fact."""
    first, (last, newest) = events[0][1], events[-1]
    state = state or DeviceState(device=first.device, last_seen=first.received_at)
    heads = {event.kind: key for key, event in events}  # the newest of each kind
    changes: dict[str, Any] = {}  # only what differs: a report changes few of the fields
    seen = max([event.received_at for _, event in events])
    if seen > state.last_seen:
        changes["last_seen"] = seen
    if last >= state.online_head:
        changes["online"], changes["online_head"] = newest.kind is not _OFFLINE, last
    head = last
    if _OFFLINE in heads:  # the broker sends it, so it is no sign of life
        head = max([key for kind, key in heads.items() if kind is not _OFFLINE], default=NOWHERE)
    if head > state.head:
        changes["head"] = head
    if _DETECTION in heads:
        changes["detected"] = _detected(state, events)
    if not heads.keys().isdisjoint(TRAP_STATE):
        changes["trap"], changes["trap_head"] = _trap(state, events)
        changes["set_head"] = max(state.set_head, heads.get(Kind.SET, NOWHERE))
        changes["sprung_head"] = max(state.sprung_head, heads.get(Kind.SPRUNG, NOWHERE))
    changes |= _learned(state, events)
    return msgspec.structs.replace(state, **changes)


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
    seen = {e.species or "": key[0] for key, e in events if e.kind is _DETECTION}
    return known | {species: max(at_ms, known.get(species, 0)) for species, at_ms in seen.items()}


def _learned(state: DeviceState, events: Sequence[Placed]) -> dict[str, Any]:
    """What changes of the newest value of each lasting fact, and of the lowest battery values."""
    told: dict[str, Known] = {}
    for (at_ms, _, _), event in events:
        for name, value in zip(_LASTING, _facts(event), strict=True):
            if value is not None:
                told[name] = Known(at_ms, value)
    if not told:
        return {}
    known, low = state.facts, state.low_battery
    newer = {n: one for n, one in told.items() if n not in known or one.at_ms >= known[n].at_ms}
    for name in BATTERY:
        if name in told:
            days = low.get(name, {})
            if (lowest := _lowest(days, name, events)) is not days:
                low = low | {name: lowest}
    return {"facts": known | newer, "low_battery": low}


def _lowest(days: dict[int, float], name: str, events: Sequence[Placed]) -> dict[int, float]:
    """The lowest value of each of the newest days, for the rule about falling batteries.

    `days` itself when no value is lower, as most are not.
    """
    found = days
    for (at_ms, _, _), event in events:
        value, day = getattr(event, name), at_ms // DAY_MS
        if value is not None and not (day in found and found[day] <= value):
            found = found | {day: value}
    return days if found is days else {day: found[day] for day in sorted(found)[-DAYS_KEPT:]}


def with_action(state: DeviceState | None, act: TrapAction) -> DeviceState:
    """The state after a person's action; actions in any order give the same state."""
    state = state or DeviceState(device=act.device, last_seen=NEVER)
    newest = state.act
    if act.deed is not ActionKind.VISITED and (
        newest is None or _act_order(act) > _act_order(newest)
    ):
        newest = act
    visited_ms = max(state.visited_ms, ms(act.at))
    return msgspec.structs.replace(state, act=newest, visited_ms=visited_ms)


def _act_order(act: TrapAction) -> tuple[int, int, str]:
    return (ms(act.at), ms(act.recorded_at), act.id)

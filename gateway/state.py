"""The fold of events into a device's present state.

Owns which event wins. Must not know storage, alerts or the clock.
Every fact carries the order key of the event it came from, so duplicates and re-ordering change
nothing: the newest by (observed time, boot, sequence) wins, whenever it arrives.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from gateway.model import DeviceState, Event, Facts, Kind, Known, TrapState

Order = tuple[int, int, int]

TRAP_STATE = {Kind.SPRUNG: TrapState.SPRUNG, Kind.SET: TrapState.ARMED}
_LASTING = tuple(  # facts that describe the device, not the moment
    name
    for name in Facts.__struct_fields__
    if name not in {"species", "count", "confidence", "media"}
)


def ms(time: datetime) -> int:
    """Milliseconds since 1970 UTC, the store's unit of time."""
    return round(time.timestamp() * 1000)


def from_ms(value: int) -> datetime:
    """The UTC datetime of milliseconds since 1970."""
    return datetime.fromtimestamp(value / 1000, UTC)


def order(event: Event) -> Order:
    """What decides which of two events of one device is the newer."""
    return (ms(event.observed_at), event.boot or 0, event.seq or 0)


def advance(state: DeviceState | None, events: Sequence[Event]) -> DeviceState:
    """The state after `events` of one device (not empty, any order)."""
    state = state or DeviceState(device=events[0].device, last_seen=events[0].received_at)
    facts = dict(state.facts)
    head, trap, trap_head = state.head, state.trap, state.trap_head
    seen, detected, online = state.last_seen, dict(state.detected), state.online
    online_head = state.online_head
    for event in events:
        key = order(event)
        seen = max(seen, event.received_at)
        if (told := TRAP_STATE.get(event.kind)) and key >= trap_head:
            trap, trap_head = told, key
        if event.kind is Kind.DETECTION:
            species = event.species or ""
            detected[species] = max(detected.get(species, 0), key[0])
        if event.kind is not Kind.OFFLINE:  # a last will is the broker's word, not a sign of life
            head = max(head, key)
        if key >= online_head:
            online, online_head = event.kind is not Kind.OFFLINE, key
        _learn(facts, event, key[0])
    return msgspec.structs.replace(
        state, last_seen=seen, head=head, trap=trap, trap_head=trap_head,
        detected=detected, facts=facts, online=online, online_head=online_head,
    )  # fmt: skip


def _learn(facts: dict[str, Known], event: Event, at_ms: int) -> None:
    for name in _LASTING:
        value = getattr(event, name)
        if value is not None and (name not in facts or at_ms >= facts[name].at_ms):
            facts[name] = Known(at_ms, value)

"""The fold of events into a device's present state.

Owns which event wins. Must not know storage, alerts or the clock.
Every fact carries the order key of the event it came from, so duplicates and re-ordering change
nothing: the newest by (observed time, boot, sequence) wins, whenever it arrives.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from gateway.model import Act, Deed, DeviceState, Event, Facts, Kind, Known, TrapState

Order = tuple[int, int, int]

NEVER = datetime(1970, 1, 1, tzinfo=UTC)  # `last_seen` of a device that only people told about
DAY_MS = 86_400_000
GRACE = 2.5  # heartbeats: one lost message is not an outage, two are
BATTERY = ("battery_v", "battery_pct")
DAYS_KEPT = 8  # of the lowest battery a day

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


def grace_ms(heartbeat_s: int) -> int:
    """How long a silence still counts as life, in ms."""
    return round(heartbeat_s * 1000 * GRACE)


def order(event: Event) -> Order:
    """What decides which of two events of one device is the newer."""
    return (ms(event.observed_at), event.boot or 0, event.seq or 0)


def advance(state: DeviceState | None, events: Sequence[Event]) -> DeviceState:
    """The state after `events` of one device (not empty, any order)."""
    state = state or DeviceState(device=events[0].device, last_seen=events[0].received_at)
    facts = dict(state.facts)
    head, trap, trap_head = state.head, state.trap, state.trap_head
    seen, detected, online = state.last_seen, dict(state.detected), state.online
    online_head, set_head = state.online_head, state.set_head
    sprung_head = state.sprung_head
    low = {name: dict(days) for name, days in state.low_battery.items()}
    for event in events:
        key = order(event)
        seen = max(seen, event.received_at)
        if (told := TRAP_STATE.get(event.kind)) and key >= trap_head:
            trap, trap_head = told, key
        if event.kind is Kind.SET:
            set_head = max(set_head, key)
        if event.kind is Kind.SPRUNG:
            sprung_head = max(sprung_head, key)
        if event.kind is Kind.DETECTION:
            species = event.species or ""
            detected[species] = max(detected.get(species, 0), key[0])
        if event.kind is not Kind.OFFLINE:  # a last will is the broker's word, not a sign of life
            head = max(head, key)
        if key >= online_head:
            online, online_head = event.kind is not Kind.OFFLINE, key
        _learn(facts, event, key[0])
        if event.battery_v is not None or event.battery_pct is not None:
            _note_lowest(low, event, key[0] // DAY_MS)
    return msgspec.structs.replace(
        state, last_seen=seen, head=head, trap=trap, trap_head=trap_head,
        detected=detected, facts=facts, online=online, online_head=online_head,
        set_head=set_head, sprung_head=sprung_head, low_battery=low,
    )  # fmt: skip


def acted(state: DeviceState | None, act: Act) -> DeviceState:
    """The state after a person's act; acts in any order end in the same state."""
    state = state or DeviceState(device=act.device, last_seen=NEVER)
    newest = state.act
    if act.deed is not Deed.VISITED and (newest is None or _act_order(act) > _act_order(newest)):
        newest = act
    visited_ms = max(state.visited_ms, ms(act.at))
    return msgspec.structs.replace(state, act=newest, visited_ms=visited_ms)


def _act_order(act: Act) -> tuple[int, int, str]:
    return (ms(act.at), ms(act.recorded_at), act.id)


def _note_lowest(low: dict[str, dict[int, float]], event: Event, day: int) -> None:
    """The lowest battery of each of the newest days, for rules about falling."""
    for name in BATTERY:
        value = getattr(event, name)
        if value is not None:
            days = low.setdefault(name, {})
            days[day] = min(value, days.get(day, value))
            if len(days) > DAYS_KEPT:
                del days[min(days)]


def _learn(facts: dict[str, Known], event: Event, at_ms: int) -> None:
    for name in _LASTING:
        value = getattr(event, name)
        if value is not None and (name not in facts or at_ms >= facts[name].at_ms):
            facts[name] = Known(at_ms, value)

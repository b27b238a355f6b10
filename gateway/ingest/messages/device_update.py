"""The new state of one device, and what new and corrected events add to its effort and counts.

Owns the choice between adding events in order and recomputing a time window. Runs inside a transaction of
the writer; must not write, nor decide about alerts.
"""

from collections.abc import Sequence
from datetime import datetime
from operator import attrgetter

import msgspec

from gateway.domain import effort, trap_lifecycle
from gateway.domain.device_state import Order, Placed, advance, grace_ms, order, placed
from gateway.domain.epoch import NEVER, ms
from gateway.domain.independence import INDEPENDENCE_MS
from gateway.domain.model import OWN_TIME, Device, DeviceState, Kind, TrapAction
from gateway.ingest.messages.corrections import Admitted, Revision
from gateway.store import Transaction

PRESENCE = (Kind.ONLINE, Kind.OFFLINE)
_OFFLINE = Kind.OFFLINE  # looking a member up costs Python 3.11 a call
_received_at = attrgetter("event.received_at")


def state_after(
    tx: Transaction,
    before: DeviceState | None,
    events: Sequence[Placed],
    group: Sequence[Admitted],
    revisions: Sequence[Revision],
) -> DeviceState:
    """The state of a device after new events and corrections that are already in the journal.

    `events`: the events of `group` with their order keys, sorted.
    """
    state = _with_topic(advance(before, events) if events else before, group)
    if state is not None and (state.hearsay or any(one.message.retain for one in group)):
        state = _with_retained(state, before, group)
    return _with_revisions(tx, state, revisions) if revisions or state is None else state


def _with_topic(state: DeviceState | None, group: Sequence[Admitted]) -> DeviceState | None:
    """The state with the topic and QoS of the newest message."""
    if state is None or not group:
        return state
    newest = group[0] if len(group) == 1 else max(group, key=_received_at)
    if newest.event.received_at < state.last_seen and state.heard is not None:
        return state
    return msgspec.structs.replace(
        state, heard=(newest.message.topic, newest.message.qos), heard_as=newest.event.kind
    )


def _with_retained(
    state: DeviceState, before: DeviceState | None, group: Sequence[Admitted]
) -> DeviceState:
    """The state after retained messages: a message that a broker kept does not show that a device lives."""
    seen = [_alive_at(one) for one in group]
    known = before.last_seen if before else NEVER
    hearsay = [one.is_quiet for one in group if order(one.event) == state.trap_head]
    alive = [one.event for one in group if _alive_at(one) or one.event.kind in PRESENCE]
    newest = max(alive, key=order, default=None)
    was_online = before.online if before else None
    return msgspec.structs.replace(
        state,
        last_seen=max([known, *filter(None, seen)]),
        hearsay=hearsay[-1] if hearsay else state.hearsay,
        online=newest.kind is not Kind.OFFLINE if newest else was_online,
    )


def _alive_at(one: Admitted) -> datetime | None:
    """When the device was alive, as far as the report shows; None: a retained message without a time."""
    if not one.message.retain:
        return one.event.received_at
    return one.event.observed_at if one.event.time_quality in OWN_TIME else None


def _with_revisions(
    tx: Transaction, state: DeviceState | None, revisions: Sequence[Revision]
) -> DeviceState:
    """The state after corrections: when each species was last detected."""
    if state is None:
        state = advance(None, placed(one.new for one in revisions))
    detected, seen = dict(state.detected), state.last_seen
    for one in revisions:
        seen = max(seen, one.heard_at)
        for species in {one.old.species or "", one.new.species or ""}:
            newest = tx.journal.newest_detection_ms(state.device, species)
            detected.pop(species, None)
            if newest is not None:
                detected[species] = newest
    return msgspec.structs.replace(state, detected=detected, last_seen=seen)


def effort_added(
    tx: Transaction,
    device: Device,
    before: DeviceState | None,
    events: Sequence[Placed],
    revisions: Sequence[Revision],
) -> effort.HourlyTally:
    """What new and corrected events add to effort and counts, in whatever order they came."""
    grace = grace_ms(device.heartbeat_s)
    marks = [_mark(one) for one in events if one[1].kind is not _OFFLINE]
    if not marks and not revisions:
        return effort.tally((), grace)
    if before is None and not revisions:
        return effort.tally(marks, grace)
    if before and not revisions and _follows(before, events[0][0]):
        return effort.tally(
            marks, grace, before.head[0], trap_lifecycle.last_state(before), before.detected
        )
    times = [key[0] for key, _ in events] + [ms(one.new.observed_at) for one in revisions]
    start = min(times) - max(grace, INDEPENDENCE_MS) - 1
    trap = tx.trap_before(device.id, start)
    every = tx.marks(device.id, start)
    new = {event.id for _, event in events}
    was = {one.old.id: _mark((order(one.old), one.old)) for one in reversed(revisions)}
    return effort.difference(
        effort.tally((mark for _, mark in every), grace, None, trap),
        effort.tally(
            (was.get(id_, mark) for id_, mark in every if id_ not in new), grace, None, trap
        ),
    )


def _follows(before: DeviceState, first: Order) -> bool:
    """Whether `first` is later than every known event and every known action of people."""
    action_ms = ms(before.act.at) if before.act else 0
    return first > before.head and action_ms <= before.head[0]


def effort_since(tx: Transaction, device: Device, act: TrapAction) -> effort.HourlyTally:
    """Effort from just before an action on. Computed before and after it is stored, it shows its effect."""
    grace = grace_ms(device.heartbeat_s)
    start = ms(act.at) - grace - 1
    marks = [mark for _, mark in tx.marks(device.id, start)]
    found = effort.tally(marks, grace, None, tx.trap_before(device.id, start))
    return effort.HourlyTally(found.effort, {})  # an action changes no sightings


def _mark(one: Placed) -> effort.Mark:
    (at_ms, boot, seq), event = one
    count = 1 if event.count is None else event.count
    return effort.Mark(at_ms, boot, seq, event.kind, event.species or "", count, event.distinct)

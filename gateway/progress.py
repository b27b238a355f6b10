"""What new and corrected events make of one device: its state, its effort, its counts.

Owns the choice between adding up in order and reckoning a stretch anew. Runs inside a transaction of
the writer; must not write nor judge.
"""

from collections.abc import Sequence

import msgspec

from gateway import effort
from gateway.model import Device, DeviceState, Event, Kind
from gateway.refinement import Admitted, Revision
from gateway.state import TRAP_STATE, advance, ms, order
from gateway.store import Transaction


def after(
    tx: Transaction,
    before: DeviceState | None,
    group: Sequence[Admitted],
    revisions: Sequence[Revision],
) -> DeviceState:
    """The state of a device after new events and corrections, which the journal has already."""
    events = [one.event for one in group]
    state = _heard(advance(before, events) if events else before, group)
    return _revised(tx, state, revisions) if revisions or state is None else state


def _heard(state: DeviceState | None, group: Sequence[Admitted]) -> DeviceState | None:
    """The state with the newest message's topic and quality of service."""
    if state is None or not group:
        return state
    newest = max(group, key=lambda one: one.event.received_at)
    if newest.event.received_at < state.last_seen and state.heard is not None:
        return state
    return msgspec.structs.replace(state, heard=(newest.topic, newest.qos))


def _revised(
    tx: Transaction, state: DeviceState | None, revisions: Sequence[Revision]
) -> DeviceState:
    """The state after corrections: which species were last seen when."""
    if state is None:
        state = advance(None, [one.new for one in revisions])
    detected, seen = dict(state.detected), state.last_seen
    for one in revisions:
        seen = max(seen, one.heard_at)
        for species in {one.old.species or "", one.new.species or ""}:
            newest = tx.journal.newest_detection_ms(state.device, species)
            detected.pop(species, None)
            if newest is not None:
                detected[species] = newest
    return msgspec.structs.replace(state, detected=detected, last_seen=seen)


def tally(
    tx: Transaction,
    device: Device,
    before: DeviceState | None,
    events: Sequence[Event],
    revisions: Sequence[Revision],
) -> effort.Tally:
    """What new and corrected events add to effort and counts, whether or not they come in order."""
    grace = effort.grace_ms(device.heartbeat_s)
    marks = [_mark(event) for event in events if event.kind is not Kind.OFFLINE]
    if not marks and not revisions:
        return effort.tally((), grace)
    if not revisions and (before is None or order(events[0]) > before.head):
        if before is None:
            return effort.tally(marks, grace)
        last = effort.Mark(*before.head, Kind.HEARTBEAT)
        return effort.tally(marks, grace, last, before.trap, before.detected)
    first = min(ms(event.observed_at) for event in (*events, *(one.new for one in revisions)))
    start = first - max(grace, effort.INDEPENDENCE_MS) - 1
    kind = tx.last_trap_kind(device.id, start)
    trap = TRAP_STATE[kind] if kind else None
    every = tx.marks(device.id, start)
    new = {event.id for event in events}
    was = {one.old.id: _mark(one.old) for one in reversed(revisions)}
    return effort.difference(
        effort.tally((mark for _, mark in every), grace, None, trap),
        effort.tally(
            (was.get(id_, mark) for id_, mark in every if id_ not in new), grace, None, trap
        ),
    )


def _mark(event: Event) -> effort.Mark:
    count = 1 if event.count is None else event.count
    at_ms, boot, seq = order(event)
    return effort.Mark(at_ms, boot, seq, event.kind, event.species or "", count, event.distinct)

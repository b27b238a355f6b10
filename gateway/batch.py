"""One batch of messages, one transaction: decode, admit, judge, write. The heart of the gateway.

Owns the order of these steps and what becomes of each message. Runs on the writer's thread.
Must not acknowledge, send or read a clock: it returns an Outcome, and what follows from it happens
after the commit (`intake`).
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec
from msgspec import Struct, field

from gateway import effort, rules, timing
from gateway.model import (
    HEARTBEAT_S,
    Alert,
    Device,
    DeviceState,
    Event,
    Kind,
    Message,
    Reading,
    Reason,
    Refused,
    Role,
    Standing,
)
from gateway.policy import Policy
from gateway.state import TRAP_STATE, advance, ms, order
from gateway.store import Transaction

Decode = Callable[[Message, Mapping[str, Device]], list[Reading]]

# Without a time of its own, a retained message of these kinds tells only what a broker remembers.
MEMORIES = {Kind.HEARTBEAT, Kind.ONLINE, Kind.OFFLINE, Kind.JOIN, Kind.DETECTION, Kind.TAMPER}


class Outcome(Struct):
    """What became of a batch."""

    events: list[Event] = field(default_factory=list)
    opened: list[Alert] = field(default_factory=list)
    ended: list[Alert] = field(default_factory=list)
    changed: list[Alert] = field(default_factory=list)  # acknowledged, escalated, seen again
    refused: Counter[Reason] = field(default_factory=Counter)
    duplicates: int = 0
    pending: list[Device] = field(default_factory=list)  # heard for the first time
    durable: dict[str, list[str]] = field(default_factory=dict)  # topic -> ids to confirm


class _Admitted(Struct):
    event: Event
    key: str | None
    retained: bool


def absorb(
    tx: Transaction,
    messages: Sequence[Message],
    decode: Decode,
    now: datetime,
    policy: Policy | None = None,
    *,
    clock_trusted: bool = True,
) -> Outcome:
    """Write what `messages` mean; whatever one of them holds, the others are not harmed."""
    law = policy or Policy()
    outcome = Outcome()
    admitted: dict[str, _Admitted] = {}
    for message in messages:
        try:
            readings = decode(message, tx.devices)
        except Refused as refusal:
            _refuse(tx, outcome, message, refusal.reason, refusal.detail, refusal.device)
            continue
        except Exception as error:
            _refuse(tx, outcome, message, Reason.BUG, f"{type(error).__name__}: {error}")
            continue
        _admit(tx, outcome, admitted, message, readings, clock_trusted)
    _write(tx, outcome, list(admitted.values()), now, law)
    if outcome.refused:
        tx.trim_quarantine()
    return outcome


def release(
    tx: Transaction,
    device: str,
    decode: Decode,
    now: datetime,
    policy: Policy | None = None,
) -> Outcome:
    """Read again what was held of a device that now is approved."""
    held = tx.held(device)
    outcome = absorb(tx, [message for _, message in held], decode, now, policy)
    tx.set_replayed([no for no, _ in held], now)
    return outcome


def _refuse(
    tx: Transaction,
    outcome: Outcome,
    message: Message,
    reason: Reason,
    detail: str,
    device: str | None = None,
) -> None:
    outcome.refused[reason] += 1
    if reason is not Reason.IRRELEVANT:
        tx.quarantine(message, reason, detail, device)


def _admit(
    tx: Transaction,
    outcome: Outcome,
    admitted: dict[str, _Admitted],
    message: Message,
    readings: list[Reading],
    clock_trusted: bool,
) -> None:
    for address in dict.fromkeys(reading.device for reading in readings):
        device = tx.devices.get(address) or _meet(tx, outcome, address, readings)
        if device.standing is Standing.PENDING:
            detail = f"{address} waits for approval: shishigaki devices approve {address}"
            _refuse(tx, outcome, message, Reason.DEVICE, detail, address)
        elif device.standing is Standing.REVOKED:
            _refuse(tx, outcome, message, Reason.REVOKED, f"{address} was revoked", address)
    for reading in readings:
        if reading.confirm_to:
            outcome.durable.setdefault(reading.confirm_to, []).append(reading.id)
        device = tx.devices[reading.device]
        if device.standing is not Standing.APPROVED:
            continue
        if message.retain and reading.device_time is None and reading.kind in MEMORIES:
            outcome.duplicates += 1
            continue
        event = timing.judge(_edge(tx, reading), message.received_at, clock_trusted=clock_trusted)
        if event.id in admitted:
            outcome.duplicates += 1
        else:
            admitted[event.id] = _Admitted(event, reading.key, message.retain)


def _meet(tx: Transaction, outcome: Outcome, address: str, readings: list[Reading]) -> Device:
    """Note a device never registered; its messages are held until somebody approves it."""
    first = next(reading for reading in readings if reading.device == address)
    trap = first.kind in TRAP_STATE
    device = Device(
        id=address,
        role=Role.TRAP if trap else Role.DETECTOR,
        standing=Standing.PENDING,
        lat=first.lat,
        lon=first.lon,
        model=first.model or "",
        heartbeat_s=first.heartbeat_s or HEARTBEAT_S,
    )
    tx.put_device(device)
    outcome.pending.append(device)
    return device


def _edge(tx: Transaction, reading: Reading) -> Reading:
    """A state that is known already is a sign of life, not an event."""
    state = tx.states.get(reading.device)
    told = TRAP_STATE.get(reading.kind)
    if reading.is_state and told and state and state.trap is told:
        return msgspec.structs.replace(reading, kind=Kind.HEARTBEAT)
    return reading


def _write(
    tx: Transaction,
    outcome: Outcome,
    admitted: list[_Admitted],
    now: datetime,
    policy: Policy,
) -> None:
    if not admitted:
        return
    new = tx.add_events([(one.event, one.key) for one in admitted])
    outcome.duplicates += len(admitted) - len(new)
    fresh = [one for one in admitted if one.event.id in new]
    outcome.events.extend(one.event for one in fresh)
    by_device: dict[str, list[_Admitted]] = defaultdict(list)
    for one in fresh:
        by_device[one.event.device].append(one)
    states = [_judge(tx, outcome, id_, group, now, policy) for id_, group in by_device.items()]
    tx.put_states(states)


def _judge(
    tx: Transaction,
    outcome: Outcome,
    address: str,
    group: list[_Admitted],
    now: datetime,
    policy: Policy,
) -> DeviceState:
    device, before = tx.devices[address], tx.states.get(address)
    events = sorted((one.event for one in group), key=order)
    after = advance(before, events)
    tx.add_tally(address, _tally(tx, device, before, events))
    retained = frozenset(one.event.id for one in group if one.retained)
    change = rules.Change(
        device, before, after, events, now, policy, retained, tx.devices, tx.states
    )
    apply(tx, outcome, rules.judge(change), policy, now)
    return after


def apply(
    tx: Transaction, outcome: Outcome, ruling: rules.Ruling, policy: Policy, now: datetime
) -> None:
    """Write what the rules conclude, and promise the deliveries that follow."""
    for end in ruling.ends:
        if alert := tx.alerts.resolve(end.rule, end.subject, end.by, now):
            outcome.ended.append(alert)
            withdraw(tx, alert, policy, now)
    reopen = timedelta(minutes=policy.alerts.reopen_min)
    for found in ruling.opens:
        alert, is_new = tx.alerts.open(found, reopen)
        (outcome.opened if is_new else outcome.changed).append(alert)
        for promise in policy.first(alert, tx.devices.get(alert.subject), now) if is_new else ():
            tx.outbox.add(alert, promise)


def withdraw(tx: Transaction, alert: Alert, policy: Policy, now: datetime) -> None:
    """An alert is over: unsaid news need not be said, and sirens are told to stop."""
    tx.outbox.drop(alert)
    for promise in policy.over(alert, now):
        tx.outbox.add(alert, promise)


def _tally(
    tx: Transaction, device: Device, before: DeviceState | None, events: Sequence[Event]
) -> effort.Tally:
    """What the new events add to effort and counts, whether or not they come in order."""
    grace = effort.grace_ms(device.heartbeat_s)
    marks = [_mark(event) for event in events if event.kind is not Kind.OFFLINE]
    if not marks:
        return effort.tally((), grace)
    if before is None or order(events[0]) > before.head:
        if before is None:
            return effort.tally(marks, grace)
        last = effort.Mark(*before.head, Kind.HEARTBEAT)
        return effort.tally(marks, grace, last, before.trap, before.detected)
    start = ms(events[0].observed_at) - max(grace, effort.INDEPENDENCE_MS) - 1
    kind = tx.last_trap_kind(device.id, start)
    trap = TRAP_STATE[kind] if kind else None
    every = tx.marks(device.id, start)
    new = {event.id for event in events}
    return effort.difference(
        effort.tally((mark for _, mark in every), grace, None, trap),
        effort.tally((mark for id_, mark in every if id_ not in new), grace, None, trap),
    )


def _mark(event: Event) -> effort.Mark:
    count = 1 if event.count is None else event.count
    at_ms, boot, seq = order(event)
    return effort.Mark(at_ms, boot, seq, event.kind, event.species or "", count, event.distinct)


__all__ = ["Decode", "Outcome", "absorb", "apply", "release", "withdraw"]

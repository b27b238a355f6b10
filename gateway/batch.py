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

from gateway import progress, rules, timing
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
    TrapState,
)
from gateway.policy import Policy
from gateway.refinement import Admitted, Revision, fill, join
from gateway.state import TRAP_STATE, Order, order
from gateway.store import Transaction

Told = tuple[Order, TrapState | None]  # what a trap's newest word is, and its place in time
NOTHING: Order = (0, 0, 0)
Decode = Callable[[Message, Mapping[str, Device]], list[Reading]]

# Without a time of its own, a retained message of these kinds tells only what a broker remembers.
MEMORIES = {Kind.HEARTBEAT, Kind.ONLINE, Kind.OFFLINE, Kind.JOIN, Kind.DETECTION, Kind.TAMPER}


class Outcome(Struct):
    """What became of a batch."""

    events: list[Event] = field(default_factory=list)
    refined: list[Event] = field(default_factory=list)  # earlier ones that a later word corrected
    opened: list[Alert] = field(default_factory=list)
    ended: list[Alert] = field(default_factory=list)
    changed: list[Alert] = field(default_factory=list)  # acknowledged, escalated, seen again
    refused: Counter[Reason] = field(default_factory=Counter)
    duplicates: int = 0
    pending: list[Device] = field(default_factory=list)  # heard for the first time
    durable: dict[str, list[str]] = field(default_factory=dict)  # topic -> ids to confirm


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
    admitted: dict[str, Admitted] = {}
    traps: dict[str, Told] = {}
    for message in messages:
        try:
            readings = decode(message, tx.devices)
        except Refused as refusal:
            _refuse(tx, outcome, message, refusal.reason, refusal.detail, refusal.device)
            continue
        except Exception as error:
            _refuse(tx, outcome, message, Reason.BUG, f"{type(error).__name__}: {error}")
            continue
        _admit(tx, outcome, admitted, traps, message, readings, clock_trusted)
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
    admitted: dict[str, Admitted],
    traps: dict[str, Told],
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
        if reading.id in admitted:
            outcome.duplicates += 1
            continue
        event = timing.judge(reading, message.received_at, clock_trusted=clock_trusted)
        event = _edge(tx, traps, event, is_state=reading.is_state)
        refines = reading.refines if reading.kind is Kind.DETECTION else None
        admitted[event.id] = Admitted(
            event, reading.key, message.retain, message.topic, message.qos, refines
        )


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


def _edge(tx: Transaction, traps: dict[str, Told], event: Event, *, is_state: bool) -> Event:
    """A trap's state that is known already, or told in this batch, is a sign of life, no event.

    A detector's "occupied" stays a detection: how many reports are one presence is decided where they
    are counted (`effort`) and where people are told (one open alert takes up all of them).
    """
    told = TRAP_STATE.get(event.kind)
    if told is None:
        return event
    state = tx.states.get(event.device)
    stored = (state.trap_head, state.trap) if state else (NOTHING, None)
    head, known = traps.get(event.device, stored)
    if is_state and known is told:
        return msgspec.structs.replace(event, kind=Kind.HEARTBEAT)
    if order(event) >= head:
        traps[event.device] = (order(event), told)
    return event


def _write(
    tx: Transaction,
    outcome: Outcome,
    admitted: list[Admitted],
    now: datetime,
    policy: Policy,
) -> None:
    if not admitted:
        return
    targets = {one.refines for one in admitted if one.refines}
    events, revisions, idle = join(admitted, tx.journal.told(targets) if targets else {})
    copies = tx.journal.copies([(one.event, one.key) for one in events])
    wanted = [one for one in events if one.event.id not in copies]
    new = tx.add_events([(one.event, one.key) for one in wanted])
    fresh = [one for one in wanted if one.event.id in new]
    for revision in revisions:
        tx.journal.revise(revision.new, revision.by)
    for one in fresh:
        if one.by:
            tx.journal.revise(one.event, one.by)
    revisions += _filled(tx, [one.event for one in wanted if one.event.id not in new])
    outcome.duplicates += idle + len(events) - len(new)
    outcome.events.extend(one.event for one in fresh)
    outcome.refined.extend(revision.new for revision in revisions if revision.is_news)
    _tell_states(tx, outcome, fresh, revisions, now, policy)


def _filled(tx: Transaction, copies: list[Event]) -> list[Revision]:
    """What copies add to events that only a later word had told of so far."""
    seen = {event.id: event for event in copies if event.kind is Kind.DETECTION}
    told = tx.journal.told(seen, refined=True) if seen else {}
    found = [revision for id_, one in told.items() if (revision := fill(one, seen[id_]))]
    for revision in found:
        tx.journal.revise(revision.new, revision.by)
    return found


def _tell_states(
    tx: Transaction,
    outcome: Outcome,
    fresh: list[Admitted],
    revisions: list[Revision],
    now: datetime,
    policy: Policy,
) -> None:
    by_device: dict[str, tuple[list[Admitted], list[Revision]]] = defaultdict(lambda: ([], []))
    for one in fresh:
        by_device[one.event.device][0].append(one)
    for revision in revisions:
        by_device[revision.new.device][1].append(revision)
    states = [
        _judge(tx, outcome, id_, group, revised, now, policy)
        for id_, (group, revised) in by_device.items()
    ]
    tx.put_states(states)


def _judge(
    tx: Transaction,
    outcome: Outcome,
    address: str,
    group: list[Admitted],
    revisions: list[Revision],
    now: datetime,
    policy: Policy,
) -> DeviceState:
    device, before = tx.devices[address], tx.states.get(address)
    events = sorted((one.event for one in group), key=order)
    after = progress.after(tx, before, group, revisions)
    tx.add_tally(address, progress.tally(tx, device, before, events, revisions))
    retained = frozenset(one.event.id for one in group if one.retained)
    news = sorted([*events, *(one.new for one in revisions if one.is_news)], key=order)
    change = rules.Change(device, before, after, news, now, policy, retained, tx.devices, tx.states)
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


__all__ = ["Decode", "Outcome", "absorb", "apply", "release", "withdraw"]

"""One batch of messages, one transaction: decode, admit, judge, write. The heart of the gateway.

Owns the order of these steps and what becomes of each message. Runs on the writer's thread.
Must not acknowledge, send or read a clock: it returns an Outcome, and what follows from it happens
after the commit (`intake`).
"""

from collections import defaultdict
from collections.abc import Callable, Container, Mapping, Sequence
from datetime import datetime

from msgspec import Struct, field

from gateway.alerts import rules
from gateway.alerts.apply import apply
from gateway.alerts.policy import Policy
from gateway.domain import timing
from gateway.domain.device_state import order, placed
from gateway.domain.effort import Tally
from gateway.domain.model import (
    Device,
    DeviceState,
    Event,
    Kind,
    Message,
    Reading,
    Reason,
    Refused,
    Standing,
)
from gateway.domain.outcome import Outcome
from gateway.ingest.messages import device_update
from gateway.ingest.messages.corrections import Admitted, Revision, fill, join
from gateway.ingest.messages.discovery import propose
from gateway.ingest.messages.state_changes import Edges
from gateway.store import Transaction
from gateway.store.tables.quarantine import Kept

Decode = Callable[[Message, Mapping[str, Device]], list[Reading]]

HELD = (Reason.DEVICE, Reason.MODEL)  # what the approval of a device may make readable
# Without a time of its own, a retained message of these kinds tells only what a broker remembers.
MEMORIES = {Kind.HEARTBEAT, Kind.ONLINE, Kind.OFFLINE, Kind.JOIN, Kind.DETECTION, Kind.TAMPER}


class _Gathering(Struct):
    """What a batch has come to, before it is written."""

    tx: Transaction
    outcome: Outcome
    edges: Edges
    clock_trusted: bool = True
    admitted: dict[str, Admitted] = field(default_factory=dict)
    put_back: set[int] = field(default_factory=set)  # numbers in the quarantine


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
    batch = _Gathering(tx, Outcome(), Edges(tx.states), clock_trusted)
    for message in messages:
        _read(batch, message, decode)
    _write(tx, batch.outcome, list(batch.admitted.values()), now, policy or Policy())
    if batch.outcome.refused:
        tx.quarantine.trim()
    return batch.outcome


def read_again(
    tx: Transaction,
    kept: Sequence[Kept],
    decode: Decode,
    now: datetime,
    policy: Policy | None = None,
) -> Outcome:
    """Read refused messages again; those still refused stay, with their present reason."""
    batch = _Gathering(tx, Outcome(), Edges(tx.states))
    for one in kept:
        _read(batch, one.message, decode, one)
    _write(tx, batch.outcome, list(batch.admitted.values()), now, policy or Policy())
    tx.quarantine.set_read((one.no for one in kept if one.no not in batch.put_back), now)
    return batch.outcome


def release(
    tx: Transaction, device: str, decode: Decode, now: datetime, policy: Policy | None = None
) -> Outcome:
    """Read again what was held of a device that now is approved."""
    return read_again(tx, tx.quarantine.waiting(HELD, device), decode, now, policy)


def _read(batch: _Gathering, message: Message, decode: Decode, kept: Kept | None = None) -> None:
    try:
        readings = decode(message, batch.tx.devices)
    except Refused as refusal:
        if refusal.offer and refusal.offer.id not in batch.tx.devices:
            _meet(batch, refusal.offer)
        reason, detail, device = refusal.reason, refusal.detail, refusal.device
    except Exception as error:
        reason, detail, device = Reason.BUG, f"{type(error).__name__}: {error}", None
    else:
        held = _hold(batch, readings)
        for address, (reason, detail) in held.items():
            _refuse(batch, message, reason, detail, address, kept)
        if held:
            batch.outcome.refused[next(iter(held.values()))[0]] += 1
        _admit(batch, message, readings, held)
        return
    batch.outcome.refused[reason] += 1
    _refuse(batch, message, reason, detail, device, kept)


def _refuse(
    batch: _Gathering,
    message: Message,
    reason: Reason,
    detail: str,
    device: str | None,
    kept: Kept | None,
) -> None:
    """Keep it, or keep it where it lies already; what it says of other devices lies there too."""
    if reason is Reason.IRRELEVANT:
        return
    if kept is None:
        batch.tx.quarantine.add(message, reason, detail, device)
    elif kept.device is None or device in (None, kept.device):
        batch.tx.quarantine.put_back(kept.no, reason, detail, device)
        batch.put_back.add(kept.no)


def _hold(batch: _Gathering, readings: list[Reading]) -> dict[str, tuple[Reason, str]]:
    """The devices of a message that do not count (yet), and why."""
    held: dict[str, tuple[Reason, str]] = {}
    devices = batch.tx.devices
    for reading in readings:
        address = reading.device
        if address in held:
            continue
        device = devices.get(address) or _meet(batch, propose(address, readings))
        if device.standing is Standing.PENDING:
            detail = f"{address} waits for approval: shishigaki devices approve {address}"
            held[address] = (Reason.DEVICE, detail)
        elif device.standing is Standing.REVOKED:
            held[address] = (Reason.REVOKED, f"{address} was revoked")
    return held


def _meet(batch: _Gathering, device: Device) -> Device:
    """Note a device never registered; its messages are held until somebody approves it."""
    batch.tx.put_device(device)
    batch.outcome.pending.append(device)
    return device


def _admit(
    batch: _Gathering, message: Message, readings: list[Reading], held: Container[str]
) -> None:
    outcome = batch.outcome
    for reading in readings:
        if reading.confirm_to:
            outcome.durable.setdefault(reading.confirm_to, []).append(reading.id)
        if reading.device in held:
            continue
        memory = message.retain and reading.device_time is None and reading.kind in MEMORIES
        if memory or reading.id in batch.admitted:
            outcome.duplicates += 1
            continue
        event = timing.judge(reading, message.received_at, clock_trusted=batch.clock_trusted)
        event = batch.edges.settle(event, is_state=reading.is_state)
        refines = reading.refines if reading.kind is Kind.DETECTION else None
        batch.admitted[event.id] = Admitted(
            event, reading.key, message.retain, message.topic, message.qos, refines
        )


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
    states, tallies = [], []
    for id_, (group, revised) in by_device.items():
        state, tally = _judge(tx, outcome, id_, group, revised, now, policy)
        states.append(state)
        tallies.append((id_, tally))
    tx.put_states(states)
    tx.add_tallies(tallies)


def _judge(
    tx: Transaction,
    outcome: Outcome,
    address: str,
    group: list[Admitted],
    revisions: list[Revision],
    now: datetime,
    policy: Policy,
) -> tuple[DeviceState, Tally]:
    device, before = tx.devices[address], tx.states.get(address)
    events = placed(one.event for one in group)
    after = device_update.after(tx, before, events, group, revisions)
    tally = device_update.tally(tx, device, before, events, revisions)
    retained = frozenset(one.event.id for one in group if one.retained)
    news = [event for _, event in events]
    if revised := [one.new for one in revisions if one.is_news]:
        news = sorted([*news, *revised], key=order)
    change = rules.Change(device, before, after, news, now, policy, retained, tx.devices, tx.states)
    apply(tx, outcome, rules.judge(change), policy, now)
    return after, tally


__all__ = [
    "Decode",
    "absorb",
    "read_again",
    "release",
]

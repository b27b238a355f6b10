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
from gateway.domain.effort import HourlyTally
from gateway.domain.identity import Identity, whose
from gateway.domain.model import (  # fmt: skip
    Device,
    DeviceState,
    Kind,
    Message,
    MessageRefusedError,
    Reading,
    RefusalReason,
    Standing,
)
from gateway.domain.outcome import Outcome
from gateway.ingest.messages import device_update, known_ids
from gateway.ingest.messages.corrections import Admitted, Revision, join
from gateway.ingest.messages.discovery import propose
from gateway.ingest.messages.state_changes import StateChanges
from gateway.store import Transaction
from gateway.store.tables.quarantine import Kept

DecodeMessage = Callable[[Message, Mapping[str, Device]], list[Reading]]

HELD = (
    RefusalReason.DEVICE,
    RefusalReason.MODEL,
)  # what the approval of a device may make readable
# Without a time of its own, a retained message of these kinds tells only what a broker remembers.
CONFLICTS = 100  # shown of one device, the newest
MEMORIES = {Kind.HEARTBEAT, Kind.ONLINE, Kind.OFFLINE, Kind.JOIN, Kind.DETECTION, Kind.TAMPER}


class _Gathering(Struct):
    """What a batch has come to, before it is written."""

    tx: Transaction
    outcome: Outcome
    edges: StateChanges
    clock_trusted: bool = True
    admitted: dict[Identity, Admitted] = field(default_factory=dict)
    rivals: list[Admitted] = field(
        default_factory=list
    )  # under an id of `admitted`, no copies of it
    put_back: set[int] = field(default_factory=set)  # numbers in the quarantine
    kept: dict[int, Kept] = field(default_factory=dict)  # by id() of the message that is read again


def absorb(
    tx: Transaction,
    messages: Sequence[Message],
    decode: DecodeMessage,
    now: datetime,
    policy: Policy | None = None,
    *,
    clock_trusted: bool = True,
) -> Outcome:
    """Write what `messages` mean; whatever one of them holds, the others are not harmed."""
    batch = _Gathering(tx, Outcome(), StateChanges(tx.states), clock_trusted)
    for message in messages:
        _read(batch, message, decode)
    _write(batch, now, policy or Policy())
    if batch.outcome.refused:
        tx.quarantine.trim()
    return batch.outcome


def read_again(
    tx: Transaction,
    kept: Sequence[Kept],
    decode: DecodeMessage,
    now: datetime,
    policy: Policy | None = None,
) -> Outcome:
    """Read refused messages again; those still refused stay, with their present reason."""
    batch = _Gathering(tx, Outcome(), StateChanges(tx.states))
    for one in kept:
        batch.kept[id(one.message)] = one
        _read(batch, one.message, decode, one)
    _write(batch, now, policy or Policy())
    tx.quarantine.set_read((one.no for one in kept if one.no not in batch.put_back), now)
    return batch.outcome


def release(
    tx: Transaction, device: str, decode: DecodeMessage, now: datetime, policy: Policy | None = None
) -> Outcome:
    """Read again what was held of a device that now is approved."""
    return read_again(tx, tx.quarantine.waiting(HELD, device), decode, now, policy)


def _read(
    batch: _Gathering, message: Message, decode: DecodeMessage, kept: Kept | None = None
) -> None:
    try:
        readings = decode(message, batch.tx.devices)
    except MessageRefusedError as refusal:
        if refusal.offer and refusal.offer.id not in batch.tx.devices:
            _meet(batch, refusal.offer)
        reason, detail, device = refusal.reason, refusal.detail, refusal.device
    except Exception as error:
        reason, detail, device = RefusalReason.BUG, f"{type(error).__name__}: {error}", None
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
    reason: RefusalReason,
    detail: str,
    device: str | None,
    kept: Kept | None,
) -> None:
    """Keep it, or keep it where it lies already; what it says of other devices lies there too."""
    if reason is RefusalReason.IRRELEVANT:
        return
    if kept is None:
        batch.tx.quarantine.add(message, reason, detail, device)
    elif kept.device is None or device in (None, kept.device):
        batch.tx.quarantine.put_back(kept.no, reason, detail, device)
        batch.put_back.add(kept.no)


def _hold(batch: _Gathering, readings: list[Reading]) -> dict[str, tuple[RefusalReason, str]]:
    """The devices of a message that do not count (yet), and why."""
    held: dict[str, tuple[RefusalReason, str]] = {}
    devices = batch.tx.devices
    for reading in readings:
        address = reading.device
        if address in held:
            continue
        device = devices.get(address) or _meet(batch, propose(address, readings))
        if device.standing is Standing.PENDING:
            detail = f"{address} waits for approval: shishigaki devices approve {address}"
            held[address] = (RefusalReason.DEVICE, detail)
        elif device.standing is Standing.REVOKED:
            held[address] = (RefusalReason.REVOKED, f"{address} was revoked")
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
        if message.retain and reading.device_time is None and reading.kind in MEMORIES:
            outcome.duplicates += 1
            continue
        event = timing.judge(reading, message.received_at, clock_trusted=batch.clock_trusted)
        event = batch.edges.settle(event, is_state=reading.is_state)
        target = reading.refines if reading.kind is Kind.DETECTION else None
        refines = (event.device, target) if target is not None else None
        one = Admitted(event, reading, message, refines)
        first = batch.admitted.setdefault(whose(event), one)
        if first is not one and not known_ids.is_copy(first, one):
            batch.rivals.append(one)
        elif first is not one:
            outcome.duplicates += 1


def _write(batch: _Gathering, now: datetime, policy: Policy) -> None:
    tx, outcome, admitted = batch.tx, batch.outcome, list(batch.admitted.values())
    if not admitted:
        return
    targets = {one.refines for one in admitted if one.refines}
    events, revisions, idle = join(admitted, tx.journal.told(targets) if targets else {})
    copies = tx.journal.copies([(one.event, one.reading.key) for one in events])
    wanted = [one for one in events if whose(one.event) not in copies] if copies else events
    new = tx.add_events([(one.event, one.reading.key) for one in wanted])
    fresh, again = wanted, list(batch.rivals)
    if len(new) < len(wanted):
        fresh = [one for one in wanted if whose(one.event) in new]
        again = [one for one in wanted if whose(one.event) not in new] + again
    for revision in revisions:
        tx.journal.revise(revision.new, revision.by)
    for one in fresh:
        if one.by:
            tx.journal.revise(one.event, one.by)
    outcome.duplicates += idle + len(events) - len(wanted)
    if again:
        found = known_ids.settle(tx, again)
        fresh = fresh + found.events
        revisions += found.revisions
        outcome.duplicates += found.copies
        _show_conflicts(batch, found.conflicts)
    outcome.events.extend(one.event for one in fresh)
    outcome.refined.extend(revision.new for revision in revisions if revision.is_news)
    _tell_states(tx, outcome, fresh, revisions, now, policy)


def _show_conflicts(batch: _Gathering, conflicts: Sequence[known_ids.Conflict]) -> None:
    """Keep what used an id of another event where people see it, and let no device forget it."""
    for one in conflicts:
        reading, message = one.report.reading, one.report.message
        if ids := batch.outcome.durable.get(reading.confirm_to or ""):
            ids[:] = [id_ for id_ in ids if id_ != reading.id]
        if one.detail:
            batch.outcome.refused[RefusalReason.CONFLICT] += 1
            kept = batch.kept.get(id(message))
            _refuse(batch, message, RefusalReason.CONFLICT, one.detail, reading.device, kept)
            batch.tx.quarantine.keep_newest(RefusalReason.CONFLICT, reading.device, CONFLICTS)


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
) -> tuple[DeviceState, HourlyTally]:
    device, before = tx.devices[address], tx.states.get(address)
    events = placed(one.event for one in group)
    after = device_update.after(tx, before, events, group, revisions)
    tally = device_update.tally(tx, device, before, events, revisions)
    retained = frozenset(one.event.id for one in group if one.message.retain)
    news = [event for _, event in events]
    if revised := [one.new for one in revisions if one.is_news]:
        news = sorted([*news, *revised], key=order)
    change = rules.Change(device, before, after, news, now, policy, retained, tx.devices, tx.states)
    apply(tx, outcome, rules.judge(change), policy, now)
    return after, tally


__all__ = [
    "DecodeMessage",
    "absorb",
    "read_again",
    "release",
]

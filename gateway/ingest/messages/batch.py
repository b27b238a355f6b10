"""One batch of messages in one transaction: decode, admit, judge, write.

Owns the order of these steps and the result of each message. Runs on the writer's thread.
Must not acknowledge, send or read a clock: it returns an Outcome, and what follows from it happens
after the commit (`intake`).
"""

from collections import Counter
from collections.abc import Callable, Container, Mapping, Sequence
from datetime import datetime

from msgspec import Struct, field

from gateway.alerts import rules
from gateway.alerts.apply import apply
from gateway.alerts.policy import Policy
from gateway.domain.identity import Identity, identity_of
from gateway.domain.model import (
    Device,
    Kind,
    Message,
    MessageRefusedError,
    Reading,
    RefusalReason,
)
from gateway.domain.outcome import Outcome
from gateway.domain.refused import boot_numbers
from gateway.ingest.messages import known_ids, unread
from gateway.ingest.messages.corrections import Admitted, Revision, join
from gateway.ingest.messages.dating.steps import Dating
from gateway.ingest.messages.discovery import declared
from gateway.ingest.messages.holding import Holding, HoldReason
from gateway.ingest.messages.updating import update_devices
from gateway.store import Transaction
from gateway.store.tables.quarantine import Kept

DecodeMessage = Callable[[Message, Mapping[str, Device]], list[Reading]]

# What the approval of a device may make readable.
READABLE_AFTER_APPROVAL = (RefusalReason.DEVICE, RefusalReason.MODEL, RefusalReason.NAMES)
_DETECTION = Kind.DETECTION  # looking a member up costs Python 3.11 a call
CONFLICTS = 100  # shown of one device, the newest


class _Gathering(Struct):
    """The results of a batch before they are written."""

    tx: Transaction
    now: datetime
    policy: Policy
    dating: Dating
    holding: Holding
    outcome: Outcome = field(default_factory=Outcome)
    admitted: dict[Identity, Admitted] = field(default_factory=dict)
    rivals: list[Admitted] = field(
        default_factory=list
    )  # under an id of `admitted`, no copies of it
    kept: dict[int, Kept] = field(default_factory=dict)  # by id() of the message that is read again


def absorb(
    tx: Transaction,
    messages: Sequence[Message],
    decode: DecodeMessage,
    now: datetime,
    policy: Policy | None = None,
    *,
    clock_trusted: bool = True,
    is_history: bool = False,
) -> Outcome:
    """Write the events of `messages`; a broken message does not affect the others.

    `is_history`: records of another system; each counts at its own time and alerts nobody.
    """
    holding = Holding(tx, clock_trusted)
    dating = Dating(tx, is_trusted=clock_trusted, is_history=is_history)
    batch = _Gathering(tx, now, policy or Policy(), dating, holding)
    for message in messages:
        _read(batch, message, decode)
    return _finish(batch)


def read_again(
    tx: Transaction,
    kept: Sequence[Kept],
    decode: DecodeMessage,
    now: datetime,
    policy: Policy | None = None,
) -> Outcome:
    """Read refused messages again; those still refused stay, with their present reason."""
    batch = _Gathering(tx, now, policy or Policy(), Dating(tx, is_again=True), Holding(tx))
    for one in kept:
        batch.kept[id(one.message)] = one
        _read(batch, one.message, decode, one)
    outcome = _finish(batch)
    tx.quarantine.set_read((one.no for one in kept if one.no not in batch.holding.put_back), now)
    return outcome


def _finish(batch: _Gathering) -> Outcome:
    """Write the events, and alert about captures of devices that are not approved."""
    outcome, holding = batch.outcome, batch.holding
    _write(batch)
    batch.dating.keep()
    if holding.springs or holding.unlisted:
        ruling = rules.judge_reports(holding.reports(batch.now))
        apply(batch.tx, outcome, ruling, batch.policy, batch.now)
    outcome.pending.extend(holding.discovered)
    outcome.no_events.update(holding.no_events)
    return outcome


def release(
    tx: Transaction, device: str, decode: DecodeMessage, now: datetime, policy: Policy | None = None
) -> Outcome:
    """Read the held messages of a device that is now approved."""
    return read_again(
        tx, tx.quarantine.waiting(READABLE_AFTER_APPROVAL, device), decode, now, policy
    )


def _read(
    batch: _Gathering, message: Message, decode: DecodeMessage, kept: Kept | None = None
) -> None:
    heartbeat: Reading | None = None
    try:
        readings = decode(message, batch.tx.devices)
    except MessageRefusedError as refusal:
        reason = batch.holding.refuse(message, refusal, kept)
        heartbeat = unread.heartbeat_of(message, refusal, batch.tx.devices)
    except Exception as error:
        bug = MessageRefusedError(RefusalReason.BUG, f"{type(error).__name__}: {error}")
        reason = batch.holding.refuse(message, bug, kept)
    else:
        held = batch.holding.hold(message, readings)
        lost: set[str] = set()
        if held:
            keep = batch.holding.keep
            lost = {id_ for id_, why in held.items() if not keep(message, id_, why, kept)}
            batch.outcome.refused[next(iter(held.values())).reason] += 1
        _admit(batch, message, readings, held, lost)
        return
    batch.outcome.refused[reason] += 1
    if heartbeat is not None and kept is None:
        _admit(batch, message, [heartbeat], {}, set())


def _admit(
    batch: _Gathering,
    message: Message,
    readings: list[Reading],
    held: Container[str],
    lost: Container[str],
) -> None:
    """`held`: devices that are not approved; `lost`: those whose message is not sure to be kept."""
    outcome = batch.outcome
    for reading in readings:
        if reading.confirm_to and reading.device not in lost:
            outcome.durable[reading.confirm_to].append(reading.id)
        if reading.device in held:
            continue
        if reading.heartbeat_s and (device := declared(batch.tx.devices[reading.device], reading)):
            batch.tx.put_device(device)
        dated = batch.dating.date(message, reading, readings)
        if dated is None:
            outcome.duplicates += 1
            batch.holding.count(reading.device, RefusalReason.MEMORY)
            continue
        event = dated.event
        target = reading.refines if reading.kind is _DETECTION else None
        refines = (event.device, target) if target is not None else None
        one = Admitted(event, reading, message, refines, is_quiet=dated.is_quiet)
        first = batch.admitted.setdefault(identity_of(event), one)
        if first is not one and not known_ids.is_copy(first, one):
            batch.rivals.append(one)
        elif first is not one:
            outcome.duplicates += 1
            batch.holding.count(reading.device, RefusalReason.COPY)


def _write(batch: _Gathering) -> None:
    tx, outcome, admitted = batch.tx, batch.outcome, list(batch.admitted.values())
    if not admitted:
        return
    targets = {one.refines for one in admitted if one.refines}
    events, revisions, idle = admitted, list[Revision](), 0
    if targets:
        events, revisions, idle = join(admitted, tx.journal.told(targets))
    fresh, known = _journal(tx, events)
    outcome.duplicates += idle + len(events) - len(fresh) - len(known)
    for revision in revisions:
        tx.journal.revise(revision.new, revision.by)
    for one in fresh:
        if one.by:
            tx.journal.revise(one.event, one.by)
    if again := known + batch.rivals:
        found = known_ids.settle_known(tx, again)
        fresh = fresh + found.events
        revisions += found.revisions
        outcome.duplicates += found.copies
        _show_conflicts(batch, found.conflicts)
    _count_copies(batch, fresh)
    outcome.events.extend(one.event for one in fresh)
    outcome.refined.extend(revision.new for revision in revisions if revision.is_news)
    update_devices(tx, outcome, fresh, revisions, batch.now, batch.policy)


def _count_copies(batch: _Gathering, fresh: Sequence[Admitted]) -> None:
    """Count reports that gave no event because the journal already has it."""
    admitted = [*batch.admitted.values(), *batch.rivals]
    if len(admitted) == len(fresh):  # the frequent case
        return
    known = Counter(one.event.device for one in admitted if one.refines is None)
    known.subtract(one.event.device for one in fresh)
    for device, copies in known.items():
        if copies > 0:
            batch.holding.count(device, RefusalReason.COPY, copies)


def _journal(tx: Transaction, events: list[Admitted]) -> tuple[list[Admitted], list[Admitted]]:
    """(those that are new and journalled now, those with known ids); copies by key are in neither."""
    keyed = [(one.event, one.reading.key) for one in events]
    if copies := tx.journal.copies(keyed):
        events = [one for one in events if identity_of(one.event) not in copies]
        keyed = [(one.event, one.reading.key) for one in events]
    known = tx.add_events(keyed)
    if not known:  # the frequent case
        return events, []
    fresh = [one for one in events if identity_of(one.event) not in known]
    return fresh, [one for one in events if identity_of(one.event) in known]


def _show_conflicts(batch: _Gathering, conflicts: Sequence[known_ids.Conflict]) -> None:
    """Store reports that used the id of another event in the quarantine, and do not confirm them."""
    for one in conflicts:
        reading, message = one.report.reading, one.report.message
        if ids := batch.outcome.durable.get(reading.confirm_to or ""):
            ids[:] = [id_ for id_ in ids if id_ != reading.id]
        if one.detail:
            batch.outcome.refused[RefusalReason.CONFLICT] += 1
            why, kept = HoldReason(RefusalReason.CONFLICT, one.detail), batch.kept.get(id(message))
            batch.holding.keep(message, reading.device, why, kept)
            batch.tx.boot_returns.add(
                reading.device, boot_numbers.conflict_as_return(reading, message)
            )
            batch.tx.quarantine.keep_newest(RefusalReason.CONFLICT, reading.device, CONFLICTS)


__all__ = [
    "DecodeMessage",
    "absorb",
    "read_again",
    "release",
]

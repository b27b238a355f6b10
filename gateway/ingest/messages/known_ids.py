"""Reports under an id that the journal has already: copies, restarted counters and conflicts.

Owns what is stored of such reports. A copy adds no event; every other report is stored under a new id, so
that no capture is lost. Runs inside a transaction of the writer; must not compare (`identity`), judge
states or alert.
"""

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Struct, field

from gateway.domain.identity import (
    CONFLICT_MARK,
    RESTARTED_MARK,
    Identity,
    Report,
    Sameness,
    compare,
    identity_of,
    unique_id,
)
from gateway.domain.model import Event, Kind
from gateway.ingest.messages.corrections import Admitted, CorrectableEvent, Revision, fill
from gateway.store import Transaction

_MARKS = {Sameness.RESTARTED: RESTARTED_MARK, Sameness.CONFLICT: CONFLICT_MARK}


class Conflict(Struct, frozen=True):
    """A report whose id belongs to another event already: it must not be confirmed."""

    report: Admitted  # as it arrived
    detail: str  # for a person; empty: the same conflict is stored already


class Found(Struct):
    """The result for the reports."""

    events: list[Admitted] = field(default_factory=list)  # new, and in the journal now
    revisions: list[Revision] = field(default_factory=list)  # what copies added
    conflicts: list[Conflict] = field(default_factory=list)
    copies: int = 0


def settle_known(tx: Transaction, reports: Sequence[Admitted]) -> Found:
    """Compare reports with the events that have their ids; journal those that are events themselves."""
    found = Found()
    stored = tx.journal.told({identity_of(one.event) for one in reports})
    copies: list[Event] = []
    others: list[tuple[Admitted, CorrectableEvent, Sameness]] = []
    for one in reports:
        known = stored.get(identity_of(one.event))
        verdict = _compare(tx, known, one) if known else Sameness.COPY
        if known and verdict is not Sameness.COPY:
            others.append((one, known, verdict))
        else:
            copies.append(one.event)
    found.copies = len(copies)
    found.revisions = _filled(tx, copies, stored)
    if others:
        _keep(tx, others, found)
    return found


def _compare(tx: Transaction, known: CorrectableEvent, one: Admitted) -> Sameness:
    state = tx.states.get(one.event.device)
    return compare(known.event, _report(one), state.head if state else None)


def is_copy(first: Admitted, one: Admitted) -> bool:
    """Whether `one`, which came together with `first` and has its id, says the same."""
    return compare(first.event, _report(one), None) is Sameness.COPY


def _report(one: Admitted) -> Report:
    reading = one.reading
    return Report(
        one.event,
        reading.kind,
        is_state=reading.is_state,
        is_replay=one.message.retain,
        is_time_loose=reading.is_time_loose,
    )


def _filled(
    tx: Transaction, copies: Sequence[Event], told: Mapping[Identity, CorrectableEvent]
) -> list[Revision]:
    """What copies add to events that were known only from a correction."""
    seen = {identity_of(event): event for event in copies if event.kind is Kind.DETECTION}
    found = [
        revision
        for id_, event in seen.items()
        if (known := told.get(id_)) and (revision := fill(known, event))
    ]
    for revision in found:
        tx.journal.revise(revision.new, revision.by)
    return found


def _keep(
    tx: Transaction, others: Sequence[tuple[Admitted, CorrectableEvent, Sameness]], found: Found
) -> None:
    """Journal each report once, under a new id."""
    own = [
        {mark: unique_id(_report(one), mark) for mark in _MARKS.values()} for one, _, _ in others
    ]
    ids = {
        (one.event.device, id_)
        for (one, *_), marks in zip(others, own, strict=True)
        for id_ in marks.values()
    }
    before = set(tx.journal.told(ids))
    for (one, known, verdict), marks in zip(others, own, strict=True):
        device = one.event.device
        kept = next((mark for mark, id_ in marks.items() if (device, id_) in before), None)
        mark = kept or _MARKS[verdict]
        detail = ""
        if kept:
            found.copies += 1
        else:
            before.add((device, marks[mark]))
            event = msgspec.structs.replace(one.event, id=marks[mark])
            found.events.append(msgspec.structs.replace(one, event=event))
            detail = _detail(known.event, event)
        if mark == CONFLICT_MARK:
            found.conflicts.append(Conflict(one, detail))
    tx.add_events([(one.event, one.reading.key) for one in found.events])


def _detail(known: Event, event: Event) -> str:
    """Describes both uses of the id, for a person."""
    return (
        f"the id was {_summary(known)}, now {_summary(event)}; "
        f"kept as event {event.id[-40:]}, not confirmed"
    )


def _summary(event: Event) -> str:
    counted = "" if event.boot is None else f" boot {event.boot} seq {event.seq}"
    return f"{event.kind} {event.observed_at:%Y-%m-%dT%H:%M:%SZ}{counted}"

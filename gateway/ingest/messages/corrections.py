"""Corrections: later reports about an earlier detection, such as a second classification. PURE.

Decides which correction wins: a person's, the later before the earlier; else the one with the highest
confidence, then the highest id; the event as first reported is the weakest. Corrections may come before the
event, with it or after it, in any order and more than once. A correction of an event that never came is
stored in its place, under its id.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Protocol

import msgspec
from msgspec import Struct

from gateway.domain.identity import Identity, identity_of
from gateway.domain.model import FACTS, Event, Kind, Message, Reading

PERSON_MARK = "person:"
_FILL = tuple(name for name in FACTS if name not in {"species", "confidence"})


class Admitted(Struct, frozen=True, gc=False):
    """A judged reading on its way into the journal."""

    event: Event
    reading: Reading
    message: Message
    refines: Identity | None = None  # the event that it corrects: it is a word, not an event
    by: str | None = None  # the word that corrected it already
    is_quiet: bool = False  # a retained message of a trap without any message before: no alert


class CorrectableEvent(Protocol):
    """An event in the journal, and its last correction."""

    @property
    def event(self) -> Event:
        """As it stands there."""

    @property
    def refined_by(self) -> str | None:
        """None: never corrected."""


class Revision(Struct, frozen=True):
    """A stored event and its corrected value."""

    old: Event
    new: Event
    by: str | None  # id of the winning correction; None: none counts any more
    heard_at: datetime  # when the newest correction came

    @property
    def is_news(self) -> bool:
        """Whether rules must judge the event again."""
        return _content(self.old) != _content(self.new)


def join(
    admitted: Iterable[Admitted], stored: Mapping[Identity, CorrectableEvent]
) -> tuple[list[Admitted], list[Revision], int]:
    """Apply corrections: (events to write, stored events to revise, number of corrections without effect).

    `stored`: what the journal has of the corrected events. A correction of something that is no detection
    is an event of its own.
    """
    admitted = list(admitted)
    events = {identity_of(one.event): one for one in admitted if one.refines is None}
    words = [(one, one.refines) for one in admitted if one.refines is not None]
    revisions: dict[Identity, Revision] = {}
    idle = 0
    for word, target in words:
        if told := stored.get(target):
            standing, by = told.event, told.refined_by
            if earlier := revisions.get(target):
                standing, by = earlier.new, earlier.by
        elif there := events.get(target):
            standing, by = there.event, there.by
        else:
            stands_in = msgspec.structs.replace(word.event, id=target[1])
            events[target] = msgspec.structs.replace(
                word, event=stands_in, refines=None, by=_of_machine(word.event.id)
            )
            continue
        if standing.kind is not Kind.DETECTION:
            events[identity_of(word.event)] = msgspec.structs.replace(word, refines=None)
            continue
        new, new_by = _better(standing, by, word.event)
        if (new, new_by) == (standing, by):
            idle += 1
        elif told:
            revisions[target] = Revision(told.event, new, new_by, word.event.received_at)
        else:
            events[target] = msgspec.structs.replace(events[target], event=new, by=new_by)
    return list(events.values()), list(revisions.values()), idle


def fill(told: CorrectableEvent, copy: Event) -> Revision | None:
    """What the event as first reported adds to one that was corrected, or stored in its place."""
    new = filled(told.event, copy)
    if told.refined_by is None or new == told.event:
        return None
    return Revision(told.event, new, told.refined_by, copy.received_at)


def filled(event: Event, other: Event) -> Event:
    """The event with those facts of `other` that it does not have; species and confidence stay."""
    missing = {
        name: value
        for name in _FILL
        if getattr(event, name) is None and (value := getattr(other, name)) is not None
    }
    return msgspec.structs.replace(event, **missing) if missing else event


def named(told: CorrectableEvent, species: str, animals: int | None, by: str) -> Revision:
    """The event as a person names it: a person's word goes before every classifier's.

    `animals` 0: there is none. `by`: a later word of a person has a higher one.
    """
    new = msgspec.structs.replace(told.event, species=species, confidence=None, count=animals)
    return Revision(told.event, new, PERSON_MARK + by, told.event.received_at)


def refined(told: CorrectableEvent, species: str, confidence: float, by: str) -> Revision | None:
    """The event as a classifier names it; None: a better word stands, or this one changes nothing."""
    word = msgspec.structs.replace(told.event, id=by, species=species, confidence=confidence)
    new, new_by = _better(told.event, told.refined_by, word)
    if (new, new_by) == (told.event, told.refined_by):
        return None
    return Revision(told.event, new, new_by, told.event.received_at)


def is_by_person(by: str | None) -> bool:
    """Whether a person's word stands."""
    return by is not None and by.startswith(PERSON_MARK)


def _content(event: Event) -> tuple[str | None, float | None, bool]:
    return event.species, event.confidence, event.count == 0


def _better(standing: Event, by: str | None, word: Event) -> tuple[Event, str]:
    """The event after a correction, and the id of the winning correction."""
    if by is not None and _rank(standing, by) >= _rank(word, _of_machine(word.id)):
        return filled(standing, word), by
    new = msgspec.structs.replace(standing, species=word.species, confidence=word.confidence)
    return filled(new, word), _of_machine(word.id)


def _rank(event: Event, by: str) -> tuple[bool, float, str]:
    """People before classifiers, the later person before the earlier, the surer classifier before others."""
    if is_by_person(by):
        return True, 0.0, by
    return False, event.confidence or 0.0, by


def _of_machine(id_: str) -> str:
    """An id that came in a message never counts as a person's."""
    return f"-{id_}" if is_by_person(id_) else id_

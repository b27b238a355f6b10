"""Names of what pictures show: given by people, by classifiers, and taken back. Each in one transaction.

Owns what a name changes: the event with all that follows from it, the row of its pictures, and the word that
is kept. A person's word goes before every classifier's, the later before the earlier. Must not decide who may
name.
"""

from collections.abc import Iterable
from datetime import datetime
from hashlib import blake2b

from msgspec.structs import replace

from gateway.alerts.policy import Policy
from gateway.domain.epoch import ms
from gateway.domain.identity import Identity
from gateway.domain.outcome import Outcome
from gateway.domain.pictures.naming import NOTHING, GivenName, NameBefore, hides
from gateway.domain.species import PERSON, UNKNOWN
from gateway.ingest.messages.corrections import (
    PERSON_MARK,
    Revision,
    is_by_person,
    named,
    refined,
)
from gateway.ingest.messages.updating import revise
from gateway.store import Transaction
from gateway.store.tables.journal import JournalEvent


def name(
    tx: Transaction,
    events: Iterable[Identity],
    species: str,
    by: str,
    act: str,
    now: datetime,
    policy: Policy,
) -> Outcome:
    """A person names events; the same act again changes nothing."""
    if tx.names.of_act(act):
        return Outcome(repeated=True)
    revisions = []
    for identity, told in tx.journal.told(dict.fromkeys(events)).items():
        id_ = f"{ms(now):015}:{_digest(act, *identity)}"
        event = told.event
        before = NameBefore(event.species, event.confidence, event.count, told.refined_by)
        revisions.append(_as_named(told, species, id_))
        word = _word(identity, species, by, now, id_, is_person=True)
        tx.names.add(replace(word, act=act, before=before))
        tx.pictures.set_named(*identity, species, people=_shows_people(tx, identity))
    return revise(tx, revisions, now, policy)


def take_back(tx: Transaction, act: str, by: str, now: datetime, policy: Policy) -> Outcome:
    """Undo an act of this person; where somebody has named an event since, that name stays."""
    words = [one for one in tx.names.of_act(act) if one.is_person and one.by == by]
    told = tx.journal.told([(one.device, one.event) for one in words])
    revisions = []
    for one in words:
        identity, mark = (one.device, one.event), PERSON_MARK + one.id
        tx.names.undo(one, mark)
        standing = told.get(identity)
        if standing is None or standing.refined_by != mark:
            continue
        revisions.append(_restored(tx, one, standing))
        earlier = [word.species for word in tx.names.of_event(*identity) if word.is_person]
        name_before = earlier[-1] if earlier else None
        tx.pictures.set_named(*identity, name_before, people=_shows_people(tx, identity))
    return revise(tx, revisions, now, policy)


def label(
    tx: Transaction,
    identity: Identity,
    species: str,
    confidence: float,
    classifier: str,
    now: datetime,
    policy: Policy,
) -> Outcome:
    """A classifier names an event; the same word again changes nothing."""
    told = tx.journal.told([identity]).get(identity)
    id_ = f"{classifier}:{_digest(classifier, *identity, species, f'{confidence:.4f}')}"
    word = _word(identity, species, classifier, now, id_, is_person=False)
    if told is None or not tx.names.add(replace(word, confidence=confidence)):
        return Outcome(repeated=True)
    if _shows_people(tx, identity):
        tx.pictures.set_people(*identity)
    change = None if species == NOTHING else refined(told, species, confidence, id_)
    return revise(tx, [change] if change else [], now, policy)


def note_new(tx: Transaction, told: JournalEvent) -> None:
    """A picture has joined an event: what is known of the event counts for it, too."""
    identity = (told.event.device, told.event.id)
    by_people = [one.species for one in tx.names.of_event(*identity) if one.is_person]
    if by_people:
        tx.pictures.set_named(*identity, by_people[-1], people=by_people[-1] == PERSON)
    elif hides(told.event.species, told.event.confidence) or _shows_people(tx, identity):
        tx.pictures.set_people(*identity)


def _as_named(told: JournalEvent, species: str, id_: str) -> Revision:
    if species == NOTHING:
        return named(told, UNKNOWN, 0, id_)
    return named(told, species, told.event.count or None, id_)


def _restored(tx: Transaction, word: GivenName, standing: JournalEvent) -> Revision:
    """The event as it was before a word, with what classifiers have said since."""
    before = word.before or NameBefore(None, None, None, None)
    event = replace(
        standing.event, species=before.species, confidence=before.confidence, count=before.count
    )
    found = JournalEvent(event, before.by)
    for other in tx.names.of_event(word.device, word.event):
        if other.is_person or is_by_person(found.refined_by) or other.species == NOTHING:
            continue
        better = refined(found, other.species, other.confidence or 0.0, other.id)
        if better is not None:
            found = JournalEvent(better.new, better.by)
    return Revision(standing.event, found.event, found.refined_by, standing.event.received_at)


def _shows_people(tx: Transaction, identity: Identity) -> bool:
    """Whether a person is to be seen: by the last word of people; without one, by a classifier's."""
    words = tx.names.of_event(*identity)
    if by_people := [one.species for one in words if one.is_person]:
        return by_people[-1] == PERSON
    return any(hides(one.species, one.confidence) for one in words)


def _word(
    identity: Identity, species: str, by: str, now: datetime, id_: str, *, is_person: bool
) -> GivenName:
    device, event = identity
    return GivenName(
        id=id_,
        device=device,
        event=event,
        by=by,
        is_person=is_person,
        species=species,
        at=now,
        act=id_,
    )


def _digest(*parts: str) -> str:
    return blake2b("\0".join(parts).encode(), digest_size=8).hexdigest()

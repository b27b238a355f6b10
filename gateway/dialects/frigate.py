"""Frigate: ``frigate/events``, ``reviews``, ``tracked_object_update``, ``triggers``, ``available``.

A tracked object is one detection, however many messages are about it: its id is the object's. A
sub-label that names another species gives a second reading that corrects the first. ``end`` may never come.
Subscribe to events or to reviews, not both: a review does not name the species of each of its objects.
"""

from typing import Annotated, Any
from urllib.parse import quote

import msgspec
from msgspec import Meta, Struct, field

from gateway.dialects import Context
from gateway.dialects.payload import parse, word
from gateway.dialects.payloads.figures import name as text
from gateway.dialects.payloads.figures import number, within
from gateway.dialects.sensors import binary
from gateway.dialects.sensors.fields import truth
from gateway.dialects.timestamps import instant
from gateway.domain.model import (
    Kind,
    Message,
    MessageRefusedError,
    Reading,
    RefusalReason,
    TimeSource,
)
from gateway.domain.species import UNKNOWN, code

FILTERS = ("frigate/events", "frigate/tracked_object_update", "frigate/available")

_WORDS = {"online": True, "offline": False, "stopped": False}
_MAX_OBJECTS = 64
_VERIFIED = "-verified"  # suffix of a review's label whose sub-label was recognised

ShortText = Annotated[str, Meta(max_length=128)]


class _Object(Struct):
    id: ShortText
    camera: ShortText
    label: Any = ""
    sub_label: Any = None
    top_score: Any = None
    false_positive: Any = False
    start_time: Any = None
    has_snapshot: Any = False


class _Event(Struct):
    after: _Object


class _Found(Struct):
    detections: list[Any] = field(default_factory=list)
    objects: list[Any] = field(default_factory=list)
    sub_labels: Any = None


class _Segment(Struct):
    id: ShortText
    camera: ShortText
    data: _Found
    start_time: Any = None


class _Review(Struct):
    after: _Segment


class _Update(Struct):
    type: str
    id: ShortText
    camera: Any = ""
    sub_label: Any = None
    score: Any = None


class _Trigger(Struct):
    event_id: ShortText
    camera: ShortText
    name: Any = ""
    score: Any = None


_event = msgspec.json.Decoder(_Event)
_review = msgspec.json.Decoder(_Review)
_update = msgspec.json.Decoder(_Update)
_trigger = msgspec.json.Decoder(_Trigger)


def decode(message: Message, context: Context) -> list[Reading]:
    """Read one of the five topics; Frigate's other topics are irrelevant."""
    source, _, leaf = message.topic.rpartition("/")
    if leaf == "events":
        return _of_event(parse(_event, message.payload).after)
    if leaf == "reviews":
        return _of_review(parse(_review, message.payload, core=("objects",)).after)
    if leaf == "tracked_object_update":
        return [_of_update(parse(_update, message.payload))]
    if leaf == "triggers":
        return [_of_trigger(parse(_trigger, message.payload))]
    if leaf == "available":
        return _available(message, source or "frigate")
    raise MessageRefusedError(
        RefusalReason.IRRELEVANT, f"Frigate's topic .../{leaf[:40]} tells no detection"
    )


def _of_event(thing: _Object) -> list[Reading]:
    if truth(thing.false_positive):
        raise MessageRefusedError(
            RefusalReason.IRRELEVANT, "a false positive by Frigate's own judgement"
        )
    word = thing.label if isinstance(thing.label, str) else ""
    label = code(word)
    name, score = _sub_label(thing.sub_label)
    better = code(name) if name else None
    if label is None and better in (None, UNKNOWN):
        raise MessageRefusedError(
            RefusalReason.IRRELEVANT, f"label {word[:40]!r} is no animal of the table"
        )
    has_picture = thing.has_snapshot is True
    media = f"api/events/{quote(thing.id, safe='')}/snapshot.jpg" if has_picture else None
    top = within(thing.top_score, 0, 1)
    first = _detection(thing.id, thing.camera, label or UNKNOWN, top, media, thing.start_time)
    if better in (None, UNKNOWN, label):
        return [first]
    return [first, _refined(thing.id, thing.camera, str(better), score, media)]


def _sub_label(value: Any) -> tuple[str, float | None]:
    """``"boar"`` or ``["boar", 0.79]``."""
    if isinstance(value, list):
        name = value[0] if value else ""
        return (name if isinstance(name, str) else ""), within(
            value[1] if len(value) > 1 else None, 0, 1
        )
    return (value if isinstance(value, str) else ""), None


def _of_review(segment: _Segment) -> list[Reading]:
    """One reading per object when all are of one species, else one per species."""
    found = segment.data
    subs = found.sub_labels if isinstance(found.sub_labels, list) else []
    names = [*found.objects[:_MAX_OBJECTS], *map(_first, subs[:_MAX_OBJECTS])]
    species = {code(name.removesuffix(_VERIFIED)) for name in names if isinstance(name, str)} - {
        None
    }
    if len(species) > 1:
        species.discard(UNKNOWN)  # a sub-label names this animal more exactly
    if not species:
        raise MessageRefusedError(
            RefusalReason.IRRELEVANT, "no animal of the table among the review's objects"
        )
    start = segment.start_time
    if len(species) == 1 and len(found.objects) == 1 and any(map(text, found.detections)):
        (one,) = species
        return [
            _detection(id_, segment.camera, str(one), None, None, None)
            for id_ in sorted(filter(None, map(text, found.detections[:_MAX_OBJECTS])))
        ]
    return [
        _detection(f"{segment.id}:{one}", segment.camera, str(one), None, None, start)
        for one in sorted(map(str, species))
    ]


def _first(sub_label: Any) -> Any:
    """The name of a sub-label, with or without its score."""
    return sub_label[0] if isinstance(sub_label, list) and sub_label else sub_label


def _of_update(update: _Update) -> Reading:
    name, _ = _sub_label(update.sub_label)
    species = code(name) if update.type == "classification" and name else None
    if species in (None, UNKNOWN):
        raise MessageRefusedError(
            RefusalReason.IRRELEVANT, f"update {update.type[:40]!r} names no species"
        )
    return _refined(update.id, text(update.camera), str(species), within(update.score, 0, 1), None)


def _of_trigger(trigger: _Trigger) -> Reading:
    species = code(text(trigger.name)) or UNKNOWN
    score = within(trigger.score, 0, 1)
    return _detection(trigger.event_id, trigger.camera, species, score, None, None)


def _refined(
    id_: str, camera: str, species: str, confidence: float | None, media: str | None
) -> Reading:
    first = _detection(id_, camera, species, confidence, media, None)
    return msgspec.structs.replace(first, id=f"{id_}:{species}", refines=id_)


def _detection(
    id_: str,
    camera: str,
    species: str,
    confidence: float | None,
    media: str | None,
    start: Any,
) -> Reading:
    """Frigate's ids begin with the time at which it first saw the object."""
    if not id_ or not camera:
        raise MessageRefusedError(RefusalReason.MALFORMED, "no object id or no camera")
    time = instant(start) or instant(number(id_.split("-", 1)[0]))
    return Reading(
        id=id_,
        device=camera,
        kind=Kind.DETECTION,
        device_time=time,
        time_source=TimeSource.RTC if time else TimeSource.NONE,
        clock="frigate",
        species=species,
        confidence=confidence,
        media=media,
        distinct=True,
    )


def _available(message: Message, source: str) -> list[Reading]:
    online = _WORDS.get(word(message.payload).lower())
    if online is None:
        raise MessageRefusedError(RefusalReason.MALFORMED, "available: online, offline or stopped")
    return binary.presence(message, source, online=online)

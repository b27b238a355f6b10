"""The seam for a classifier outside: references of pictures go out by MQTT, labels and confidences come in.

Owns both payloads. The classifier fetches the picture with a token (scope `pictures`); it is a program of its
own (`deploy/classifier/worker.py`). Its word corrects the event by its confidence; a person's goes before.
Must not know any model.
"""

import logging
from collections.abc import Callable
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from gateway.alerts.policy import Policy
from gateway.clock import Clock
from gateway.domain.model import Message, MessageRefusedError, RefusalReason
from gateway.domain.pictures.naming import NOTHING
from gateway.domain.pictures.picture import Picture
from gateway.domain.species import UNKNOWN, code, is_nothing
from gateway.ingest.pictures import naming
from gateway.ingest.pictures.by_mqtt.topic_names import TopicNames
from gateway.store import Store
from gateway.store.feed import Feed

log = logging.getLogger(__name__)
VERSION = 1
Publish = Callable[..., Any]


class Reference(Struct, frozen=True, omit_defaults=True):
    """What is announced of a picture. `url`: where it is fetched with a token."""

    v: int
    id: str
    device: str
    event: str
    at: str
    sha256: str
    url: str


class Word(Struct, frozen=True):
    """What a classifier says of a picture."""

    v: Literal[1]
    label: Annotated[str, Meta(min_length=1, max_length=128)]
    confidence: Annotated[float, Meta(ge=0, le=1)]
    model: Annotated[str, Meta(min_length=1, max_length=64)] = "classifier"


_word = msgspec.json.Decoder(Word)


class ClassifierSeam:
    """The seam of one gateway."""

    def __init__(
        self,
        store: Store,
        feed: Feed,
        policy: Policy,
        clock: Clock,
        names: TopicNames,
        address: str,
    ) -> None:
        self._store, self._feed, self._policy, self._clock = store, feed, policy, clock
        self._names, self._address = names, address
        self.publish: Publish | None = None  # once there is a session

    async def announce(self, picture: Picture) -> None:
        """Tell classifiers of a picture that was made; without a connection it is not told."""
        if self.publish is None or not self._names.classifier:
            return
        body = Reference(
            VERSION,
            picture.id,
            picture.device,
            picture.event,
            picture.at.isoformat(),
            picture.kept_sha256,
            f"{self._address}/pictures/{picture.id}",
        )
        try:
            await self.publish(self._names.made(picture.id), msgspec.json.encode(body), qos=0)
        except (TimeoutError, PermissionError) as error:
            log.debug("a picture was not announced: %s", error)

    async def take(self, message: Message, picture: str) -> None:
        """A word on a picture. Raises MessageRefusedError, or DiskError."""
        try:
            word = _word.decode(message.payload)
        except (msgspec.MsgspecError, ValueError) as error:
            raise MessageRefusedError(RefusalReason.MALFORMED, str(error)[:200]) from None
        known = await self._store.read(lambda reader: reader.pictures.find(picture))
        if known is None:
            raise MessageRefusedError(RefusalReason.IRRELEVANT, f"no picture {picture[:40]!r}")
        identity = (known.picture.device, known.picture.event)
        species = NOTHING if is_nothing(word.label) else code(word.label)
        if species in (None, UNKNOWN):
            return  # it says nothing that a name of ours could be made of
        outcome = await self._store.write(
            lambda tx: naming.label(
                tx, identity, str(species), word.confidence, word.model, self._clock(), self._policy
            )
        )
        self._feed.tell(outcome)

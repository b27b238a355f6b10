"""Pictures and classifiers' words that come by MQTT, over a session of its own beside the gateway's.

Owns which topics are read and the order "on the disk, then acknowledged". A session of its own, so that
large messages delay no trap's; it holds few of them at once. Frigate's snapshots belong to the detection that
it has reported before; pictures under other topics are detections themselves. Must not decide what a word
changes (`naming`).
"""

import asyncio
import base64
import binascii
import hashlib
import logging
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Protocol

from gateway.domain.epoch import ms
from gateway.domain.model import Message, MessageRefusedError, RefusalReason
from gateway.domain.pictures.picture import PictureSource
from gateway.domain.species import code
from gateway.ingest.photos.picture import kind_of
from gateway.ingest.pictures.arrival import Arrival, CameraFacts
from gateway.ingest.pictures.by_mqtt.topic_names import TopicNames
from gateway.ingest.pictures.picture_reader import PictureReader
from gateway.ingest.pictures.requests import Look
from gateway.ingest.pictures.taking import NotTakenError, PictureTaker
from gateway.mqtt import Delivery
from gateway.store import DiskError, Reader, Store

log = logging.getLogger(__name__)
AT_ONCE = 8  # messages that are received together
RETRY_S = 2.0
MOST_OF_EVENT = 3  # Frigate publishes a snapshot again each time it is better
EVENT_MS = 120_000  # so old a detection may be that a snapshot belongs to
LATER_S, LATER_TIMES = 1.0, 3  # a snapshot may come shortly before its detection
MAX_BYTES = 8_000_000
DATA_URL = b"data:image/jpeg;base64,"

TakeWord = Callable[[Message, str], Coroutine[Any, Any, None]]
"""Takes a classifier's word on the picture with this id."""


class PictureSession(Protocol):
    """What is needed of a session with a broker."""

    async def receive(self, limit: int) -> list[Delivery]:
        """What has come."""

    def ack(self, deliveries: list[Delivery]) -> None:
        """Acknowledge what is on the disk."""


class PictureTopics:
    """The topics of one gateway."""

    def __init__(
        self,
        session: PictureSession,
        names: TopicNames,
        taker: PictureTaker,
        picture_reader: PictureReader,
        store: Store,
        take_word: TakeWord,
    ) -> None:
        self._session, self._names, self._taker, self._picture_reader = (
            session,
            names,
            taker,
            picture_reader,
        )
        self._store, self._take_word = store, take_word

    async def run(self) -> None:
        """Take what comes, until cancelled."""
        while True:
            deliveries = await self._session.receive(AT_ONCE)
            await self._taker.no_trial()
            for delivery in deliveries:
                await self._settle(delivery.message)
                self._session.ack([delivery])

    async def _settle(self, message: Message) -> None:
        """Take a message, however long it lasts until the disk takes it."""
        while True:
            try:
                await self._take_or_refuse(message)
            except (DiskError, NotTakenError, OSError) as error:
                log.debug("a picture waits: %s", error)
                await asyncio.sleep(RETRY_S)
                continue
            return

    async def _take_or_refuse(self, message: Message) -> None:
        try:
            await self._take(message)
        except MessageRefusedError as refused:
            await self._taker.refuse(message.topic, message.payload[:64], refused)

    async def _take(self, message: Message) -> None:
        if (picture := self._names.labelled(message.topic)) is not None:
            await self._take_word(message, picture)
            return
        if message.retain:
            return  # the broker kept it: it was taken when it came
        data = _jpeg(message.payload)
        if (snapshot := self._names.snapshot(message.topic)) is not None:
            await self._attach(*snapshot, data)
        elif (camera := self._names.camera(message.topic)) is not None:
            await self._keep(camera, data)

    async def _attach(self, camera: str, label: str, data: bytes) -> None:
        """A snapshot of Frigate: to the newest detection of this animal; without one it is dropped."""
        for _ in range(LATER_TIMES):
            since_ms = ms(self._taker.now()) - EVENT_MS
            event, known = await self._store.read(partial(_detection, camera, label, since_ms))
            if event and known < MOST_OF_EVENT:
                await self._keep(camera, data, event)
            if event:
                return
            await asyncio.sleep(LATER_S)
        log.debug("a snapshot of %s belongs to no detection", camera)

    async def _keep(self, camera: str, data: bytes, event: str = "") -> None:
        sha256 = hashlib.sha256(data).hexdigest()
        with await asyncio.to_thread(self._taker.files.arriving) as arriving:
            await asyncio.to_thread(arriving.write, data)
            await asyncio.to_thread(arriving.end)
            taken = (
                "" if event else (await self._picture_reader.look(Look(str(arriving.path)))).taken
            )
            facts = CameraFacts(taken)
            arrival = Arrival(camera, sha256, len(data), PictureSource.TOPIC, facts, event)
            await self._taker.take(arrival, arriving.path)


def _detection(camera: str, label: str, since_ms: int, reader: Reader) -> tuple[str | None, int]:
    """The detection that a snapshot belongs to, and how many pictures it has."""
    found = reader.pictures.newest_detection(camera, code(label), since_ms)
    return found, len(reader.pictures.of_event(camera, found)) if found else 0


def _jpeg(payload: bytes) -> bytes:
    """The picture of a payload: as it is, or as base64. Raises MessageRefusedError."""
    data = payload
    if not kind_of(payload[:16]):
        try:
            data = base64.b64decode(payload.removeprefix(DATA_URL), validate=True)
        except (binascii.Error, ValueError):
            data = b""
    if kind_of(data[:16]) != "jpeg" or len(data) > MAX_BYTES:
        raise MessageRefusedError(
            RefusalReason.MALFORMED,
            f"{len(payload)} bytes: a JPEG of at most {MAX_BYTES} bytes is expected (JPEG ではありません)",
        )
    return data

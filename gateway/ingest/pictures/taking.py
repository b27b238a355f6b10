"""Takes pictures of cameras: on the disk first, then their event and their row in one transaction.

Owns that order, and when no more are taken: too many wait to be made anew, or the disk is full. The same
picture again changes nothing. Must not know by which way one comes, nor make it anew (`making`).
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from gateway.alerts.policy import Policy
from gateway.clock import Clock, Timekeeper
from gateway.config import Config
from gateway.dialects import Context, native
from gateway.domain.errors import BadInputError
from gateway.domain.model import (
    Device,
    Message,
    MessageRefusedError,
    Reading,
    Standing,
)
from gateway.domain.outcome import Outcome
from gateway.domain.pictures.picture import Picture
from gateway.domain.traps.photo import PhotoRefusal
from gateway.ingest.messages.batch import absorb
from gateway.ingest.messages.judging import Judging
from gateway.ingest.pictures import naming
from gateway.ingest.pictures.arrival import Arrival, CameraFacts, detection, heartbeat
from gateway.ingest.pictures.files import PictureFiles
from gateway.store import Store, Transaction
from gateway.store.feed import Feed

MOST_WAITING, MOST_WAITING_BYTES = 200, 100_000_000  # to be made anew; more are asked to come again
TRIAL_S = 5.0  # between looks whether a new version is still being tried


class NotTakenError(BadInputError):
    """The picture is not taken now: `reason` says why. What holds it sends it again."""

    def __init__(self, reason: PhotoRefusal) -> None:
        super().__init__(reason.value)
        self.reason = reason


class PictureTaker:
    """Takes the pictures of one gateway."""

    def __init__(
        self,
        store: Store,
        feed: Feed,
        config: Config,
        policy: Policy,
        clock: Clock,
        keeper: Timekeeper | None,
        files: PictureFiles,
    ) -> None:
        self._store, self._feed, self._config = store, feed, config
        self._clock, self.files = clock, files
        self._judging = Judging(self._decode, policy, clock, keeper)
        self._reserve_bytes = config.store.disk_reserve_mb * 1_000_000
        self.arrived = asyncio.Event()  # a picture waits to be made anew

    def now(self) -> datetime:
        """The gateway's time."""
        return self._clock()

    async def take(self, arrival: Arrival, path: Path) -> Picture | None:
        """The picture in the file `path`, on the disk with its event; None: the camera was revoked.

        Raises NotTakenError, DiskError or OSError: nothing has happened.
        """
        known, waiting = await self._store.read(
            lambda reader: (reader.pictures.find(arrival.id), reader.pictures.how_much_waits())
        )
        if known is not None:
            return known.picture
        await self._check_room(*waiting)
        await asyncio.to_thread(self.files.put_away, path, arrival.id)
        picture, outcome = await self._store.write(lambda tx: self._write(tx, arrival))
        self._feed.tell(outcome)
        if picture is None:
            await asyncio.to_thread(self.files.forget_raw, arrival.id)
        self.arrived.set()
        return picture

    async def hear(self, device: str, id_: str, facts: CameraFacts) -> None:
        """A camera's report without a picture: a sign of life."""

        def write(tx: Transaction) -> Outcome:
            zone, now = self._zone(tx, device), self._clock()
            site = self._config.site.name
            return self._judged(tx, heartbeat(device, id_, facts, site, zone, now))

        self._feed.tell(await self._store.write(write))

    async def refuse(self, way: str, said: bytes, refused: MessageRefusedError) -> None:
        """Keep, visibly, what was refused. `way`: stands for the topic; `said`: what a person needs."""

        def write(tx: Transaction) -> Outcome:
            def decode(_: Message, __: Mapping[str, Device]) -> list[Reading]:
                raise refused

            return absorb(tx, [Message(way, said, self._clock())], decode, self._clock())

        self._feed.tell(await self._store.write(write))

    async def no_trial(self) -> None:
        """Wait while a new version is tried: what comes stays where it is."""
        while await self._store.read(lambda reader: reader.trial.upgrade()):  # noqa: ASYNC110
            await asyncio.sleep(TRIAL_S)  # another program ends the trial

    def _write(self, tx: Transaction, arrival: Arrival) -> tuple[Picture | None, Outcome]:
        device, now = tx.devices.get(arrival.device), self._clock()
        if device is not None and device.standing is Standing.REVOKED:
            return None, Outcome()
        outcome, at = Outcome(), now
        if not arrival.event:
            site, zone = self._config.site.name, self._zone(tx, arrival.device)
            outcome = self._judged(tx, detection(arrival, site, zone, now))
        told = tx.journal.told([(arrival.device, arrival.event_id)])
        for one in told.values():
            at = one.event.observed_at
        picture = Picture(
            id=arrival.id,
            device=arrival.device,
            event=arrival.event_id,
            sent_sha256=arrival.sha256,
            sent_bytes=arrival.size,
            source=arrival.source,
            at=at,
            received_at=now,
            temperature_c=arrival.facts.temperature_c,
        )
        tx.pictures.add(picture)
        for one in told.values():
            naming.note_new(tx, one)
        return picture, outcome

    def _judged(self, tx: Transaction, message: Message) -> Outcome:
        messages, stamp = self._judging.dated([message])
        return self._judging.judge(tx, messages, stamp)

    def _decode(self, message: Message, devices: Mapping[str, Device]) -> list[Reading]:
        return native.decode(message, Context(devices, self._config.site.name))

    def _zone(self, tx: Transaction, device: str) -> str:
        known = tx.devices.get(device)
        return (known.zone if known else "") or self._config.site.timezone

    async def _check_room(self, waiting: int, waiting_bytes: int) -> None:
        if waiting >= MOST_WAITING or waiting_bytes >= MOST_WAITING_BYTES:
            raise NotTakenError(PhotoRefusal.BUSY)
        if await asyncio.to_thread(self.files.free_bytes) < self._reserve_bytes:
            raise NotTakenError(PhotoRefusal.NO_ROOM)

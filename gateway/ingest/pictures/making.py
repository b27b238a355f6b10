"""Makes pictures anew that have come: without metadata, with a thumbnail; then keeps them within their room.

Owns the order: made, on the disk, then known as kept, then the picture as it came is deleted. What ends in
between is done again. Pictures that cannot be read are marked; their events stay. Must not take pictures.
"""

import asyncio
import errno
import logging
import os
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from gateway.clock import Clock
from gateway.config import Config
from gateway.domain.pictures.picture import Picture, PictureState
from gateway.domain.traps.photo import PhotoRefusal
from gateway.ingest.photos.files import INCOMING, SUFFIX
from gateway.ingest.photos.picture import PictureFacts
from gateway.ingest.pictures import disk_use
from gateway.ingest.pictures.files import SMALL, PictureFiles
from gateway.ingest.pictures.picture_reader import PictureReader, UnreadableError
from gateway.ingest.pictures.requests import Make
from gateway.store import DiskError, Store, Transaction

log = logging.getLogger(__name__)
AT_ONCE = 10  # pictures in one transaction
GATHER_S = 0.5  # others may come meanwhile: one transaction and one sync for all
LOOK_S = 600.0  # between looks whether pictures of people are too old
RETRY_S = 5.0
MOST_TRIES = 3  # of a picture at which the process ends: it may have been killed for want of memory
WARN_SHARE = 0.9
Announce = Callable[[Picture], Awaitable[None]]
"""Tells others of a picture that is kept now."""


class MadePicture(Struct, frozen=True):
    """What became of a picture, and what it takes on the disk now."""

    picture: Picture
    disk_bytes: int


class PictureMaker:
    """Makes the pictures of one store."""

    def __init__(
        self,
        store: Store,
        config: Config,
        clock: Clock,
        files: PictureFiles,
        picture_reader: PictureReader,
        arrived: asyncio.Event,
        announce: Announce,
    ) -> None:
        self._store, self._settings, self._clock = store, config.pictures, clock
        self._files, self._picture_reader, self._arrived = files, picture_reader, arrived
        self._announce, self._fault = announce, ""
        self._tries: Counter[str] = Counter()  # by picture: how often the process did not answer

    def faults(self) -> dict[str, str]:
        """A fault while what may not be removed fills the room, or the disk takes nothing."""
        return {"pictures": self._fault} if self._fault else {}

    async def run(self) -> None:
        """Until cancelled."""
        try:
            while True:
                self._arrived.clear()
                await self._all_waiting()
                try:
                    async with asyncio.timeout(LOOK_S):
                        await self._arrived.wait()
                    await asyncio.sleep(GATHER_S)
                except TimeoutError:
                    continue
        finally:
            await self._picture_reader.end()

    async def _all_waiting(self) -> None:
        try:
            while waiting := await self._store.read(lambda r: r.pictures.waiting(AT_ONCE)):
                made = [await self._made(one) for one in waiting]
                await self._settle([one for one in made if one is not None])
                await self._keep_room()
                if None in made:
                    await asyncio.sleep(RETRY_S)
            await self._keep_room()
        except (DiskError, OSError) as error:
            self._fault = str(error)
            await asyncio.sleep(RETRY_S)
            self._arrived.set()

    async def _made(self, picture: Picture) -> MadePicture | None:
        """None: to be tried again, because the process ended or was too slow. Raises OSError: no room."""
        raw = self._files.raw(picture.id)
        target = self._files.folder / INCOMING / f"{picture.id}{SUFFIX}"
        small = self._files.folder / INCOMING / f"{picture.id}{SMALL}{SUFFIX}"
        await asyncio.to_thread(target.parent.mkdir, parents=True, exist_ok=True)
        try:
            facts = await self._picture_reader.make(Make(str(raw), str(target), str(small)))
        except UnreadableError as error:
            self._tries[picture.id] += 1
            if self._tries[picture.id] < MOST_TRIES:
                return None
            facts = PictureFacts(error.reason)
        self._tries.pop(picture.id, None)
        if facts.refusal is PhotoRefusal.NO_ROOM:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target))
        if facts.refusal is not None:
            return MadePicture(
                replace(picture, state=PictureState.DAMAGED, refusal=facts.refusal), 0
            )
        size, kept = await asyncio.to_thread(self._files.keep, target, small, picture.id)
        made = replace(
            picture,
            state=PictureState.KEPT,
            kept_sha256=kept,
            kept_bytes=size,
            width=facts.width,
            height=facts.height,
        )
        return MadePicture(made, size)

    async def _settle(self, made: Sequence[MadePicture]) -> None:
        def write(tx: Transaction) -> None:
            for one in made:
                tx.pictures.put(one.picture, one.disk_bytes)

        kept = [one.picture.id for one in made if one.picture.refusal is None]
        await asyncio.to_thread(self._files.sync_kept, kept)
        await self._store.write(write)
        for one in made:
            await asyncio.to_thread(self._files.forget_raw, one.picture.id)
            if one.picture.refusal is None:
                await self._announce(one.picture)
            else:
                log.info("a picture of %s: %s", one.picture.device, one.picture.refusal)

    async def _keep_room(self) -> None:
        """Remove what is too old or too much; a fault where that is not enough."""
        used = await disk_use.keep(
            self._store,
            self._files,
            self._settings.budget_mb,
            self._settings.people_days,
            self._clock(),
        )
        budget = self._settings.budget_mb * disk_use.MB
        self._fault = (
            f"{used // disk_use.MB}/{budget // disk_use.MB} MB"
            if used > WARN_SHARE * budget
            else ""
        )

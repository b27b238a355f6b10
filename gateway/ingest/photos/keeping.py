"""Takes a photo from a phone: received within limits, checked, made durable, then known.

Owns the limits, the room that photos may take, and the order in which file and row are made. A photo that
a record names is evidence and is never deleted; when the room is used up, none is taken and a fault is
raised. A photo that arrives twice is kept once. What a picture may be: `picture`. Must not decide who may
send or see one.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from gateway.clock import Clock
from gateway.config import Config
from gateway.domain.errors import BadInputError
from gateway.domain.traps.photo import Photo, PhotoRefusal
from gateway.ingest.photos.checking import PictureCheck
from gateway.ingest.photos.files import Arriving, PhotoFiles
from gateway.ingest.photos.picture import PictureFacts
from gateway.store import Store
from gateway.store.people.photos import PhotoTable

T = TypeVar("T")
MAX_BYTES = 20_000_000  # of one photo as it arrives
MOST_RECEIVING = 4  # photos that arrive at the same time; more are asked to come again
MOST_UNNAMED = 100  # photos of one person that no record names yet
PIECE_BYTES = 262_144  # written to the disk at once
WARN_SHARE = 0.9  # of the room: from here on a fault is raised


class PhotoRefusedError(BadInputError):
    """The photo is not kept; `reason` says why."""

    def __init__(self, reason: PhotoRefusal) -> None:
        super().__init__(reason.value)
        self.reason = reason


class PhotoKeeper:
    """The photos of one gateway. Belongs to one event loop."""

    def __init__(
        self, store: Store, config: Config, clock: Clock, check: PictureCheck | None = None
    ) -> None:
        self._store, self._clock, self._check = store, clock, check or PictureCheck()
        self.files = PhotoFiles(folder(config))
        self._budget_bytes = config.photos.budget_mb * 1_000_000
        self._reserve_bytes = config.store.disk_reserve_mb * 1_000_000
        self._turn = asyncio.Lock()  # one picture is checked at a time
        self._receiving = 0
        self._disk_fault = ""  # why the disk did not take the last photo
        self._used_bytes = store.read_now(lambda reader: reader.photos.kept_bytes())
        self.files.clear()

    def faults(self) -> dict[str, str]:
        """A fault while the room for photos is almost used up, or the disk takes none."""
        if self._disk_fault:
            return {"photos": self._disk_fault}
        if self._used_bytes < WARN_SHARE * self._budget_bytes:
            return {}
        return {"photos": f"{self._used_bytes // 1_000_000}/{self._budget_bytes // 1_000_000} MB"}

    async def keep(
        self, pieces: AsyncIterator[bytes], by: str, expected: str | None = None
    ) -> Photo:
        """The photo, kept; known before: as it was. Raises PhotoRefusedError, or DiskError.

        `expected`: the SHA-256 that its bytes must have.
        """
        if expected and (known := await self._known(expected)):
            return known
        await self._check_room(by)
        if self._receiving >= MOST_RECEIVING:
            raise PhotoRefusedError(PhotoRefusal.BUSY)
        self._receiving += 1
        try:
            with await self._on_disk(self.files.arriving) as arriving:
                sent = await self._receive(pieces, arriving)
                if expected and sent != expected:
                    raise PhotoRefusedError(PhotoRefusal.OTHER_CONTENT)
                async with self._turn:
                    return await self._known(sent) or await self._take(arriving, sent, by)
        finally:
            self._receiving -= 1

    async def forget_unnamed(self, by: str, older_than: timedelta) -> None:
        """Delete photos of somebody whose record never came. Raises DiskError."""
        unnamed = await self._store.read(lambda reader: reader.photos.all_unnamed(by))
        before = self._clock() - older_than
        old = [one.sent_sha256 for one in unnamed if one.received_at < before]
        if not old:
            return
        async with self._turn:  # else the same photo, sent again meanwhile, would lose its file
            files, self._used_bytes = await self._store.write(lambda tx: _drop(tx.photos, old))
            for kept in files:
                await self._on_disk(self.files.remove, kept)

    async def _take(self, arriving: Arriving, sent: str, by: str) -> Photo:
        await self._check_room(by)
        facts = await self._check.run(arriving.path, arriving.target)
        if facts.refusal is not None:
            raise PhotoRefusedError(facts.refusal)
        kept, kept_bytes = await self._on_disk(self.files.keep, arriving.target)
        photo = self._photo(facts, arriving.size, kept_bytes, sent=sent, kept=kept, by=by)
        self._used_bytes = await self._store.write(lambda tx: _add(tx.photos, photo))
        return photo

    def _photo(
        self,
        facts: PictureFacts,
        sent_bytes: int,
        kept_bytes: int,
        *,
        sent: str,
        kept: str,
        by: str,
    ) -> Photo:
        return Photo(
            sent_sha256=sent,
            kept_sha256=kept,
            sent_bytes=sent_bytes,
            kept_bytes=kept_bytes,
            width=facts.width,
            height=facts.height,
            by=by,
            received_at=self._clock(),
            kind=facts.kind,
            taken=facts.taken,
        )

    async def _receive(self, pieces: AsyncIterator[bytes], arriving: Arriving) -> str:
        """Write what arrives; gives its SHA-256. Raises PhotoRefusedError when it is too large."""
        held = bytearray()
        async for piece in pieces:
            held += piece
            if arriving.size + len(held) > MAX_BYTES:
                raise PhotoRefusedError(PhotoRefusal.TOO_LARGE)
            if len(held) >= PIECE_BYTES:
                await self._on_disk(arriving.write, bytes(held))
                held.clear()
        await self._on_disk(arriving.write, bytes(held))
        return await self._on_disk(arriving.end)

    async def _on_disk(self, work: Callable[..., T], *args: Any) -> T:
        """Work on the disk, in a thread. Raises PhotoRefusedError when the disk does not take it."""
        try:
            done = await asyncio.to_thread(work, *args)
        except OSError as error:
            self._disk_fault = error.strerror or str(error)
            raise PhotoRefusedError(PhotoRefusal.NO_ROOM) from None
        self._disk_fault = ""
        return done

    async def _known(self, sent: str) -> Photo | None:
        """The photo if it is here with its file; one whose file was lost is taken again."""
        found = await self._store.read(lambda reader: reader.photos.find(sent))
        if found is None or not await asyncio.to_thread(self.files.has, found.kept_sha256):
            return None
        return found

    async def _check_room(self, by: str) -> None:
        free = await asyncio.to_thread(self.files.free_bytes)
        if self._used_bytes >= self._budget_bytes or free < self._reserve_bytes:
            raise PhotoRefusedError(PhotoRefusal.NO_ROOM)
        if await self._store.read(lambda reader: reader.photos.unnamed(by)) >= MOST_UNNAMED:
            raise PhotoRefusedError(PhotoRefusal.TOO_MANY)


def folder(config: Config) -> Path:
    """The folder of the kept photos."""
    given = config.photos.folder
    return Path(given) if given else Path(config.store.path).parent / "trap-photos"


def _add(photos: PhotoTable, photo: Photo) -> int:
    """Store the row; gives the room that all photos take now."""
    photos.add(photo)
    return photos.kept_bytes()


def _drop(photos: PhotoTable, sums: list[str]) -> tuple[list[str], int]:
    """Delete the rows; gives the files to delete, and the room that all photos take now."""
    return photos.drop_unnamed(sums), photos.kept_bytes()

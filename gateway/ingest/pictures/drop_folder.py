"""Watches the folders into which an FTP server puts the files of cameras: each JPEG is taken, then deleted.

Owns which file is whole (it has not changed for a while, and the picture has its end) and what is done with
others. The server, its users and their rights are the installer's. Must not read a picture itself.
"""

import asyncio
import contextlib
import hashlib
import logging
import shutil
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from msgspec import Struct

from gateway.config.media.pictures import Camera
from gateway.domain.pictures.picture import PictureSource
from gateway.ingest.photos.picture import kind_of
from gateway.ingest.pictures.arrival import Arrival, CameraFacts
from gateway.ingest.pictures.picture_reader import PictureReader
from gateway.ingest.pictures.requests import Look
from gateway.ingest.pictures.taking import NotTakenError, PictureTaker
from gateway.store import DiskError

log = logging.getLogger(__name__)
LOOK_S = 5.0  # between two looks
STILL_S = 5.0  # so long a file has not changed
GIVE_UP_S = 600.0  # a picture without its end is as it is after this time
MOST_FILES = 200  # of one folder at each look
MAX_BYTES = 20_000_000
LONGEST_NAME = 200  # bytes that are kept of the name of a file that is no picture
REFUSED = ".refused"  # added to the name of a file that is no picture; such files are left alone
END = b"\xff\xd9"


class DroppedFile(Struct, frozen=True):
    """A file that may be taken."""

    path: Path
    size: int
    is_picture: bool


class DropFolder:
    """The folders of the cameras of one gateway."""

    def __init__(
        self,
        folder: Path,
        known: tuple[Camera, ...],
        taker: PictureTaker,
        picture_reader: PictureReader,
    ) -> None:
        self._folders = {one.device: folder / (one.folder or one.device) for one in known}
        self._root, self._taker, self._picture_reader = folder, taker, picture_reader
        self._fault = ""

    def faults(self) -> dict[str, str]:
        """A fault while the folder cannot be read or its files not be moved."""
        return {"pictures": self._fault} if self._fault else {}

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._taker.no_trial()
            try:
                await self.look(time.time())
                self._fault = ""
            except OSError as error:
                self._fault = f"{error.filename or self._root}: {error.strerror}"
            except (DiskError, NotTakenError) as error:
                log.debug("dropped files wait: %s", error)
            await asyncio.sleep(LOOK_S)

    async def look(self, now_s: float) -> int:
        """Take every file that is whole; how many were. Raises OSError, the first, when all were tried."""
        taken, wrong = 0, None
        for device, folder in self._folders.items():
            for file in await asyncio.to_thread(lambda f=folder: list(whole_files(f, now_s))):  # type: ignore[misc]
                try:
                    taken += await self._take(device, file)
                except OSError as error:  # of this file: the others are taken all the same
                    wrong = wrong or error
        if wrong:
            raise wrong
        return taken

    async def _take(self, device: str, file: DroppedFile) -> bool:
        if not file.is_picture:
            short = file.path.name.encode()[:LONGEST_NAME].decode(errors="ignore")
            await asyncio.to_thread(file.path.rename, file.path.with_name(short + REFUSED))
            log.warning("%s: a file of %s is no picture", self._root, device)
            return False
        with await asyncio.to_thread(self._taker.files.arriving) as copy:
            sha256 = await asyncio.to_thread(_copied, file.path, copy.path)
            facts = await self._picture_reader.look(Look(str(copy.path)))
            sent = CameraFacts(facts.taken)
            arrival = Arrival(device, sha256, file.size, PictureSource.FOLDER, sent)
            await self._taker.take(arrival, copy.path)
        await asyncio.to_thread(file.path.unlink, missing_ok=True)
        return True


def whole_files(folder: Path, now_s: float) -> Iterator[DroppedFile]:
    """The files of a folder that are whole, at most MOST_FILES."""
    return islice(_whole(folder, now_s), MOST_FILES)


def _whole(folder: Path, now_s: float) -> Iterator[DroppedFile]:
    found = (path for path in _below(folder) if not path.name.startswith("."))
    for path in found:
        with contextlib.suppress(FileNotFoundError):
            if path.is_symlink() or not path.is_file():
                continue
            facts = path.stat()
            still_s = now_s - facts.st_mtime
            if still_s < STILL_S:
                continue
            is_picture = facts.st_size <= MAX_BYTES and _is_jpeg(path)
            if is_picture and still_s < GIVE_UP_S and not _has_end(path, facts.st_size):
                continue
            yield DroppedFile(path, facts.st_size, is_picture)


def _below(folder: Path) -> Iterator[Path]:
    """Files in a camera's folder and its folders, such as those of a day."""
    if not folder.is_dir():
        return
    for path in sorted(folder.rglob("*")):
        if not path.name.endswith(REFUSED):
            yield path


def _is_jpeg(path: Path) -> bool:
    with path.open("rb") as file:
        return kind_of(file.read(16)) == "jpeg"


def _has_end(path: Path, size: int) -> bool:
    """Whether the end of a JPEG is there; some cameras write a little behind it."""
    with path.open("rb") as file:
        file.seek(max(0, size - 4_096))
        return END in file.read()


def _copied(source: Path, target: Path) -> str:
    shutil.copyfile(source, target)
    with target.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

"""The files of pictures of cameras: what arrives, what waits to be made anew, and what is kept.

Owns the folder and what is on the disk when it says so. A picture's files have its id as their name. Must not
judge pictures nor know the database. All of it blocks: use from a thread.
"""

import contextlib
import hashlib
import shutil
from collections.abc import Collection, Iterable
from pathlib import Path

from gateway.atomic_file import sync
from gateway.ingest.photos.files import INCOMING, SUFFIX, Arriving

RAW, KEPT = "raw", "kept"
SMALL = "-small"


class PictureFiles:
    """The folder of one gateway."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def arriving(self) -> Arriving:
        """A new file for what arrives; deleted at the end of its `with` block unless it was put away."""
        return Arriving(self.folder / INCOMING)

    def raw(self, id_: str) -> Path:
        """Where a picture lies as it came."""
        return self.folder / RAW / id_

    def kept(self, id_: str) -> Path:
        """Where a picture lies that was made anew."""
        return self.folder / KEPT / id_[:2] / f"{id_}{SUFFIX}"

    def small(self, id_: str) -> Path:
        """Where its thumbnail lies."""
        return self.folder / KEPT / id_[:2] / f"{id_}{SMALL}{SUFFIX}"

    def put_away(self, arrived: Path, id_: str) -> None:
        """Move what arrived to the pictures that wait; it is on the disk afterwards."""
        place = self.raw(id_)
        place.parent.mkdir(parents=True, exist_ok=True)
        sync(arrived)
        arrived.replace(place)
        _sync_folder(place.parent)

    def keep(self, made: Path, small: Path, id_: str) -> tuple[int, str]:
        """Move a picture and its thumbnail to their places; gives their size and its SHA-256."""
        place = self.kept(id_)
        place.parent.mkdir(parents=True, exist_ok=True)
        made.replace(place)
        small.replace(self.small(id_))
        with place.open("rb") as file:
            kept = hashlib.file_digest(file, "sha256").hexdigest()
        return place.stat().st_size + self.small(id_).stat().st_size, kept

    def sync_kept(self, ids: Iterable[str]) -> None:
        """Bring kept pictures onto the disk: together they cost little more than one."""
        folders = {self.folder / KEPT}
        for id_ in ids:
            for path in (self.kept(id_), self.small(id_)):
                sync(path)
                folders.add(path.parent)
        for folder in folders:
            _sync_folder(folder)

    def forget_raw(self, id_: str) -> None:
        """Delete a picture as it came."""
        self.raw(id_).unlink(missing_ok=True)

    def remove(self, id_: str) -> None:
        """Delete every file of a picture."""
        for path in (self.raw(id_), self.kept(id_), self.small(id_)):
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)

    def read(self, id_: str, *, small: bool) -> bytes | None:
        """The bytes of a picture or its thumbnail; None: the file is missing."""
        try:
            return (self.small(id_) if small else self.kept(id_)).read_bytes()
        except OSError:
            return None

    def clear(self, waiting: Collection[str], kept: Collection[str]) -> None:
        """At the start: delete what was arriving, and files that no row needs."""
        for path in (self.folder / INCOMING).glob("*"):
            _delete(path)
        for path in (self.folder / RAW).glob("*"):
            if path.name not in waiting:
                _delete(path)
        for path in (self.folder / KEPT).glob("*/*"):
            if path.name.removesuffix(SUFFIX).removesuffix(SMALL) not in kept:
                _delete(path)

    def free_bytes(self) -> int:
        """Free space on the disk of the folder."""
        here = next(path for path in (self.folder, *self.folder.parents) if path.exists())
        return shutil.disk_usage(here).free


def _delete(path: Path) -> None:
    with contextlib.suppress(OSError):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def _sync_folder(folder: Path) -> None:
    with contextlib.suppress(OSError):  # a file system without it has nothing to wait for
        sync(folder)

"""The files of photos: what is arriving, and what is kept for good under its SHA-256.

Owns the folder and what is on the disk when it says so. Must not judge pictures. All of it blocks: use
from a thread.
"""

import contextlib
import hashlib
import os
import secrets
import shutil
from pathlib import Path

from gateway.atomic_file import sync

INCOMING = "incoming"
SUFFIX = ".jpg"


class Arriving:
    """One file that is being received; deleted at the end of the `with` block."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / secrets.token_hex(16)
        self.target = self.path.with_suffix(SUFFIX)
        self.size = 0
        self._sum = hashlib.sha256()
        self._file = self.path.open("xb")

    def __enter__(self) -> "Arriving":
        return self

    def __exit__(self, *_: object) -> None:
        for end in (self._file.close, self.path.unlink, self.target.unlink):
            with contextlib.suppress(OSError):  # a full disk, or already gone
                end()

    def write(self, piece: bytes) -> None:
        """Add what arrived."""
        self._file.write(piece)
        self._sum.update(piece)
        self.size += len(piece)

    def end(self) -> str:
        """All is here; gives its SHA-256."""
        self._file.close()
        return self._sum.hexdigest()


class PhotoFiles:
    """The folder of one gateway."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def arriving(self) -> Arriving:
        """A new file for what arrives."""
        return Arriving(self.folder / INCOMING)

    def clear(self) -> None:
        """Delete what was arriving when the gateway ended: the phone sends it again."""
        for path in sorted((self.folder / INCOMING).glob("*")):
            with contextlib.suppress(OSError):
                path.unlink()

    def path(self, kept: str) -> Path:
        """Where a kept photo lies."""
        return self.folder / kept[:2] / f"{kept}{SUFFIX}"

    def has(self, kept: str) -> bool:
        """Whether the file of a photo is there."""
        return self.path(kept).is_file()

    def read(self, kept: str) -> bytes | None:
        """The bytes of a kept photo; None: they are missing, or are not what was kept."""
        try:
            data = self.path(kept).read_bytes()
        except OSError:
            return None
        return data if hashlib.sha256(data).hexdigest() == kept else None

    def remove(self, kept: str) -> None:
        """Delete a kept photo."""
        self.path(kept).unlink(missing_ok=True)

    def keep(self, made: Path) -> tuple[str, int]:
        """Move a file to its place for good; it is on the disk afterwards. Gives SHA-256 and size."""
        with made.open("rb+") as file:
            kept = hashlib.file_digest(file, "sha256").hexdigest()
            os.fsync(file.fileno())
        place = self.path(kept)
        place.parent.mkdir(exist_ok=True)
        made.replace(place)
        for folder in (place.parent, self.folder, self.folder.parent):
            with contextlib.suppress(OSError):  # a file system without it has nothing to wait for
                sync(folder)
        return kept, place.stat().st_size

    def free_bytes(self) -> int:
        """Free space on the disk of the folder."""
        here = next(path for path in (self.folder, *self.folder.parents) if path.exists())
        return shutil.disk_usage(here).free

"""Files whose name stands for all of their content, also after a power cut.

Owns the order of an atomic replacement: the content goes into a file beside, onto the disk, then takes the
name; last the folder's names go onto the disk. Must not know what a file holds. SQLite's files have their own
way (`store.recovery.exchange`).
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO


@contextlib.contextmanager
def replacing(path: Path, mode: int = 0o666) -> Iterator[IO[bytes]]:
    """A new file that takes the name of `path` when the block ends without an error. Raises OSError.

    `mode`: its permission bits while it is written, less the umask; the block may change them and the owner.
    """
    fresh = beside(path)
    fresh.unlink(missing_ok=True)  # of a program that was killed
    try:
        with open(fresh, "x+b", opener=lambda name, how: os.open(name, how, mode)) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
    sync(path.parent)


def write(path: Path, data: bytes, mode: int = 0o666) -> None:
    """Replace a file by one that holds `data`. Raises OSError; then the file is as it was."""
    with replacing(path, mode) as file:
        file.write(data)


def beside(path: Path) -> Path:
    """The name of a file while it is written: hidden, so that no pattern of a program takes it."""
    return path.with_name(f".{path.name}.part")


def sync(path: Path) -> None:
    """Bring a file, or the names in a folder, onto the disk. Not for a database in use."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)

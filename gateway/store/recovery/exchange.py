"""Replacing a database by a new file; the old files are moved aside, never deleted.

Owns moving a database and its side files together, so that a -wal never meets a file it does not belong to.
Must not know what is in them, nor touch a file while SQLite works in it.

A crash at any point is safe: a new file gets its final name only when it is whole and on the disk, and an
exchange that was interrupted is finished at the next start.
"""

import os
from collections.abc import Collection, Sequence
from datetime import datetime
from pathlib import Path

SIDES = ("-wal", "-shm", "-journal")
RESCUED = ".rescued"  # whole, and meant to stand under the database's name
SALVAGED = ".salvaged"  # whole; made from what stands under the database's name, if that is there


def put_in_place(path: Path, whole: Path, folder: Path, ours: Collection[Path] = ()) -> None:
    """Put what stands under the database's names into `folder`, then `whole` in its place.

    `ours`: files that may go instead, for all that is in them is in `whole`.
    """
    present = _present(path)
    _move([file for file in present if file not in ours], folder)
    for file in present:
        if file in ours and file != path:  # the database itself is replaced in one step
            file.unlink()
    whole.replace(path)
    sync(path.parent)


def is_interrupted(path: Path) -> bool:
    """Whether a crash has left an exchange to finish."""
    return beside(path, RESCUED).exists() or beside(path, SALVAGED).exists()


def finish(path: Path, now: datetime) -> None:
    """Finish what a crash has interrupted. Only while no gateway works in the file."""
    rescued, salvaged = beside(path, RESCUED), beside(path, SALVAGED)
    if rescued.exists():
        put_in_place(path, rescued, free_folder(path, now))
    if path.exists():
        salvaged.unlink(missing_ok=True)  # what it was made from is still there, or something newer
    elif salvaged.exists():
        put_in_place(path, salvaged, free_folder(path, now))


def free_folder(path: Path, now: datetime) -> Path:
    """A folder beside the database that is not there yet, for what is put aside."""
    folder, number = path.with_name(f"broken-{now:%Y%m%dT%H%M%SZ}"), 1
    while folder.exists():
        number += 1
        folder = path.with_name(f"broken-{now:%Y%m%dT%H%M%SZ}-{number}")
    return folder


def left_sides(path: Path) -> list[Path]:
    """Side files with something in them beside a database that is missing: of one that was deleted."""
    if path.exists():
        return []
    sides = [beside(path, side) for side in ("-wal", "-journal")]
    return [side for side in sides if side.exists() and side.stat().st_size]


def set_aside(path: Path, folder: Path) -> None:
    """Move a database and its side files, as far as they are there, into a new folder."""
    _move(_present(path), folder)


def _present(path: Path) -> list[Path]:
    return [file for end in ("", *SIDES) if (file := beside(path, end)).exists()]


def _move(files: Sequence[Path], folder: Path) -> None:
    if files:
        folder.mkdir()
    for file in files:
        file.replace(folder / file.name)


def beside(path: Path, suffix: str) -> Path:
    """A file of the same name with something behind."""
    return path.with_name(path.name + suffix)


def remove(path: Path) -> None:
    """Delete a database of our own making, and its side files."""
    for side in ("", *SIDES):
        beside(path, side).unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Bring a new file, or a folder's names, onto the disk. Not for a database in use."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)

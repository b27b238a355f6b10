"""Replacing a database by a new file; the old files are moved aside, never deleted.

Owns moving a database together with its side files, so that a -wal is never used with another database.
Must not know their content, nor touch a file that SQLite has open.

A crash at any point is safe: a new file gets its final name only when it is complete and on the disk, and the
next start finishes an interrupted replacement.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from pathlib import Path

from gateway.atomic_file import sync

SIDES = ("-wal", "-shm", "-journal")
RESCUED = ".rescued"  # complete, and to be renamed to the database's name
SALVAGED = ".salvaged"  # complete; made from the file under the database's name, if there is one


def put_in_place(path: Path, whole: Path, folder: Path, ours: Collection[Path] = ()) -> None:
    """Move the files under the database's names into `folder`, then rename `whole` to the database.

    `ours`: files that may be deleted instead, because `whole` holds all their data.
    """
    present = _present(path)
    _move([file for file in present if file not in ours], folder)
    for file in present:
        if file in ours and file != path:  # the database itself is replaced in one step
            file.unlink()
    whole.replace(path)
    sync(path.parent)


def is_interrupted(path: Path) -> bool:
    """Whether a crash has left a replacement to finish."""
    return beside(path, RESCUED).exists() or beside(path, SALVAGED).exists()


def finish(path: Path, now: datetime) -> None:
    """Finish a replacement that a crash interrupted. Only while no gateway uses the file."""
    rescued, salvaged = beside(path, RESCUED), beside(path, SALVAGED)
    if rescued.exists():
        put_in_place(path, rescued, free_folder(path, now))
    if path.exists():
        salvaged.unlink(
            missing_ok=True
        )  # the file that it was made from is still there, or a newer one
    elif salvaged.exists():
        put_in_place(path, salvaged, free_folder(path, now))


def free_folder(path: Path, now: datetime) -> Path:
    """A new folder name beside the database, for files that are moved aside."""
    folder, number = path.with_name(f"broken-{now:%Y%m%dT%H%M%SZ}"), 1
    while folder.exists():
        number += 1
        folder = path.with_name(f"broken-{now:%Y%m%dT%H%M%SZ}-{number}")
    return folder


def left_sides(path: Path) -> list[Path]:
    """Side files with content whose database is missing: it was deleted."""
    if path.exists():
        return []
    sides = [beside(path, side) for side in ("-wal", "-journal")]
    return [side for side in sides if side.exists() and side.stat().st_size]


def set_aside(path: Path, folder: Path) -> None:
    """Move a database and those side files that exist into a new folder."""
    _move(_present(path), folder)


def _present(path: Path) -> list[Path]:
    return [file for end in ("", *SIDES) if (file := beside(path, end)).exists()]


def _move(files: Sequence[Path], folder: Path) -> None:
    if files:
        folder.mkdir()
    for file in files:
        file.replace(folder / file.name)


def beside(path: Path, suffix: str) -> Path:
    """The path with a suffix appended to the name."""
    return path.with_name(path.name + suffix)


def remove(path: Path) -> None:
    """Delete a database that this program made, and its side files."""
    for side in ("", *SIDES):
        beside(path, side).unlink(missing_ok=True)

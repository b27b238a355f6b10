"""Raw bytes of a database file, read through SQLite's own file layer.

POSIX record locks belong to the process: closing any descriptor of a file drops all locks of the process on
it, also those of SQLite. Then another program finds no lock and deletes the -wal. SQLite's file layer knows
this and closes later. Owns the only way in which this program may read a database file that may be open.
Must not write.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import apsw

BLOCK = 1 << 20


def read(path: Path, offset: int, amount: int) -> bytes:
    """Up to `amount` bytes from `offset` on; fewer at the end of the file. apsw.CantOpenError: no file."""
    with _open(path) as file:
        return _read(file, offset, amount)


def copy(path: Path, target: Path) -> None:
    """Copy all bytes into a new file."""
    with _open(path) as file, target.open("wb") as out:
        offset = 0
        while block := _read(file, offset, BLOCK):
            out.write(block)
            offset += len(block)


def last_error() -> str:
    """What the system said to the last call of SQLite's file layer; "" if nothing."""
    layer = apsw.VFS("shishigaki-last-error", "")
    number, _ = layer.xGetLastError()
    layer.unregister()
    return os.strerror(number) if number else ""


@contextlib.contextmanager
def _open(path: Path) -> Iterator[apsw.VFSFile]:
    flags = [apsw.SQLITE_OPEN_MAIN_DB | apsw.SQLITE_OPEN_READONLY, 0]
    file = apsw.VFSFile("", str(path.absolute()), flags)
    try:
        yield file
    finally:
        file.xClose()


def _read(file: apsw.VFSFile, offset: int, amount: int) -> bytes:
    left = file.xFileSize() - offset
    return file.xRead(min(amount, left), offset) if left > 0 else b""

"""The size of the write-ahead log, and which programs keep it from shrinking.

While a program reads an old snapshot, the log cannot restart from its beginning and grows. Owns the limit,
and the search for such programs. Must not wait for them.
"""

import contextlib
import os
from pathlib import Path

import apsw

from gateway.store.connection import BUSY_MS, WAL_LIMIT_BYTES

LOCKS = Path("/proc/locks")
READ_MARKS = range(123, 128)  # bytes of the -shm that a reader of the log locks (walformat.html)


def size(path: Path) -> int:
    """Bytes of a database's -wal; 0 when there is none."""
    try:
        return _wal(path).stat().st_size
    except OSError:
        return 0


def shrink(connection: apsw.Connection, path: Path) -> None:
    """Truncate a log that is too long, unless somebody reads it. On the writer's thread."""
    if size(path) <= WAL_LIMIT_BYTES:
        return
    connection.set_busy_timeout(0)
    try:
        with contextlib.suppress(apsw.BusyError):
            connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    finally:
        connection.set_busy_timeout(BUSY_MS)


def readers(path: Path) -> list[str]:
    """The other processes that read the log now, as "name (number)"; empty if that is unknown."""
    try:
        inode, text = Path(f"{path}-shm").stat().st_ino, LOCKS.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return []
    others = reading(text, inode) - {os.getpid()}
    return [f"{_name(process)} ({process})" for process in sorted(others)]


def reading(locks: str, inode: int) -> set[int]:
    """Processes that hold a read mark in the -shm of this inode, from the text of /proc/locks (proc(5))."""
    found = set()
    for line in locks.splitlines():
        words = [word for word in line.split()[1:] if word != "->"]
        if len(words) < 7 or words[4].rpartition(":")[2] != str(inode):
            continue
        process, start = words[3], words[5]
        if start.isdigit() and int(start) in READ_MARKS and process.isdigit():
            found.add(int(process))
    return found


def _wal(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def _name(process: int) -> str:
    try:
        return Path(f"/proc/{process}/comm").read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return "?"

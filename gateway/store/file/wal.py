"""The size of the write-ahead log, and which programs keep it from shrinking.

While a program reads an old snapshot, the log cannot restart from its beginning and grows. Owns the limit,
and the search for such programs. Must not wait for them.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import apsw

from gateway.store.connection import BUSY_MS, WAL_LIMIT_BYTES

LOCKS = Path("/proc/locks")
# Bytes of the -shm that a program locks (walformat.html):
WRITE_LOCK = range(120, 121)  # while it writes
READ_MARKS = range(123, 128)  # while it reads in the log


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
    with without_waiting(connection), contextlib.suppress(apsw.BusyError):
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)


@contextlib.contextmanager
def without_waiting(connection: apsw.Connection, *, only_if: bool = True) -> Iterator[None]:
    """What another program has locked is refused at once."""
    if only_if:
        connection.set_busy_timeout(0)
    try:
        yield
    finally:
        with contextlib.suppress(apsw.ConnectionClosedError):  # its file was put aside meanwhile
            connection.set_busy_timeout(BUSY_MS)


def held_by(path: Path) -> str:
    """Why nothing can be written while another program writes: which, and what to do."""
    who = ", ".join(_holding(path, WRITE_LOCK)) or "?"
    return (
        f"{path.name}: 別のプログラム {who} が書き込み中のまま開いています。閉じてください / "
        f"another program, {who}, has an open transaction that writes: end it or close the program"
    )


def readers(path: Path) -> list[str]:
    """The other processes that read the log now, as "name (number)"; empty if that is unknown."""
    return _holding(path, READ_MARKS)


def _holding(path: Path, wanted: range) -> list[str]:
    try:
        inode, text = Path(f"{path}-shm").stat().st_ino, LOCKS.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return []
    others = holding(text, inode, wanted) - {os.getpid()}
    return [f"{_name(process)} ({process})" for process in sorted(others)]


def holding(locks: str, inode: int, wanted: range = READ_MARKS) -> set[int]:
    """Processes that lock a byte of the -shm of this inode, from the text of /proc/locks (proc(5))."""
    found = set()
    for line in locks.splitlines():
        words = [word for word in line.split()[1:] if word != "->"]
        if len(words) < 7 or words[4].rpartition(":")[2] != str(inode):
            continue
        process, start = words[3], words[5]
        if start.isdigit() and int(start) in wanted and process.isdigit():
            found.add(int(process))
    return found


def _wal(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def _name(process: int) -> str:
    try:
        return Path(f"/proc/{process}/comm").read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return "?"

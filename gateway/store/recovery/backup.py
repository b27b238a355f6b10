"""Copies of the database: made while the gateway writes, and checked before they count.

Owns the files of a copy: a copy under its final name is complete and checked. Must not restore it.
"""

import errno
import re
import shutil
from datetime import datetime
from pathlib import Path

import apsw

from gateway.atomic_file import sync
from gateway.store.connection import StoreError, open_reader
from gateway.store.recovery.exchange import SIDES, beside, remove
from gateway.store.schema import MIGRATIONS

FULL = {errno.ENOSPC, errno.EDQUOT}
_NAME = re.compile(r"shishigaki-\d{8}T\d{6}Z\.db")


def file_name(now: datetime) -> str:
    """The name of a copy made at `now` (UTC) in a folder of copies."""
    return f"shishigaki-{now:%Y%m%dT%H%M%SZ}.db"


def save(database: Path, target: Path, *, force: bool = False) -> None:
    """Copy a database, also one in use, to the file `target`.

    Raises StoreError when `target` exists and not `force`, or when the copy is not sound.
    """
    differ(database, target)
    if target.exists() and not force:
        raise StoreError(f"{target}: exists; --force overwrites it")
    for side in (beside(target, end) for end in SIDES):
        if side.exists() and side.stat().st_size:
            raise StoreError(f"{side}: SQLite would play it into the copy; move it away first")
    source = open_reader(database)
    try:
        copy(source, database, target)
    finally:
        source.close()


def trim(folder: Path, keep: int) -> list[Path]:
    """Delete the oldest copies of `folder` beyond `keep`, nothing else; returns the deleted ones."""
    copies = sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name))
    old = copies[:-keep]
    for path in old:
        path.unlink()
    return old


def differ(one: Path, other: Path) -> None:
    """Raises StoreError when both names are the same file."""
    if one.exists() and other.exists() and one.samefile(other):
        raise StoreError(f"{one}: is {other} itself; give the copy another name")


def copy(source: apsw.Connection, origin: Path, target: Path) -> None:
    """Write beside the target, check, then rename: a power cut leaves no incomplete copy under its name."""
    part = target.with_name(target.name + ".part")
    differ(origin, part)
    try:
        remove(part)
        part.touch(mode=0o640)
        _fill(source, origin, part)
        sync(part)
        part.replace(target)
        sync(target.parent)
    except (apsw.Error, OSError) as error:
        raise StoreError(_why_not(error, origin, target)) from None
    finally:
        remove(part)


def _why_not(error: apsw.Error | OSError, origin: Path, target: Path) -> str:
    """Why there is no copy. SQLite says of a full disk only "not an error"."""
    if isinstance(error, apsw.CorruptError | apsw.NotADBError):
        return f"{origin}: not a sound database: {error}"
    is_full = isinstance(error, apsw.FullError) or getattr(error, "errno", None) in FULL
    if not is_full:
        return f"{target}: the copy could not be made: {type(error).__name__}: {error}"
    needed, free = origin.stat().st_size, shutil.disk_usage(target.parent).free
    return (
        f"{target}: 控えに {needed:,} バイト要りますが、空きは {free:,} バイトです。"
        "古い控えを消すか、別の場所へ / "
        f"the disk is full: the copy needs {needed:,} bytes, {free:,} are free; delete old copies or give "
        "another place"
    )


def _fill(source: apsw.Connection, origin: Path, part: Path) -> None:
    connection = apsw.Connection(str(part), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        with connection.backup("main", source, "main") as backup:
            backup.step(-1)  # in one step: a consistent snapshot; the writer continues meanwhile
        connection.pragma("journal_mode", "DELETE")  # one file, readable from read-only media
        check(connection, origin)
    finally:
        connection.close()


def check(connection: apsw.Connection, path: Path) -> None:
    """Raises StoreError unless it is a sound Shishigaki database of this or an older version."""
    try:
        verdict = [text for (text,) in connection.execute("PRAGMA integrity_check(3)")]
        version = connection.pragma("user_version")
        tables = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'event'")
        is_ours = version > 0 and tables.fetchone() == (1,)
    except apsw.Error as error:
        raise StoreError(f"{path}: not a sound database: {error}") from None
    if verdict != ["ok"]:
        raise StoreError(f"{path}: not a sound database: {'; '.join(verdict)}")
    if not is_ours:
        raise StoreError(f"{path}: not a database of Shishigaki")
    if version > len(MIGRATIONS):
        raise StoreError(
            f"{path}: written by a newer Shishigaki (schema {version}); install that first"
        )

"""A copy of the schema pages of a database file.

Owns a small side file, written when the schema has changed. Without the schema a database of millions of
sound rows cannot be read, and the schema is the only part whose content is known.
"""

import os
from pathlib import Path

import apsw
import msgspec

from gateway.store.file import raw_file

PAGE = 4_096
COUNTERS = ((24, 40), (92, 100))  # bytes of page 1 that change with every commit

SchemaPages = dict[int, bytes]


def keep(connection: apsw.Connection, path: Path) -> None:
    """Write the copy for `path` unless there is one of this schema. The database must be sound."""
    pages = _read(connection, path)
    if pages and _without_counters(pages) != _without_counters(load(path)):
        fresh = _beside(path).with_suffix(".new")
        with fresh.open("wb") as file:
            file.write(msgspec.msgpack.encode(pages))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(_beside(path))


def load(path: Path) -> SchemaPages:
    """The copied pages by number; empty when there is no copy or it is damaged."""
    try:
        pages = msgspec.msgpack.decode(_beside(path).read_bytes(), type=SchemaPages)
    except (OSError, msgspec.MsgspecError):
        return {}
    return pages if all(len(page) == PAGE for page in pages.values()) else {}


def restore(pages: SchemaPages, copy: Path) -> None:
    """Write the copied pages into a copy of the damaged file."""
    size = copy.stat().st_size // PAGE
    with copy.open("r+b") as file:
        for number, page in pages.items():
            data = _with_size(page, size) if number == 1 else page
            file.seek((number - 1) * PAGE)
            file.write(data)


def _read(connection: apsw.Connection, path: Path) -> SchemaPages:
    """The schema's pages; empty while some are only in the -wal."""
    in_log, moved = connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
    if in_log != moved:
        return {}  # a reader uses an older snapshot: the file may hold an older schema
    rows = connection.execute("SELECT pageno FROM dbstat WHERE name = 'sqlite_schema'")
    numbers = [number for (number,) in rows]
    pages = {number: raw_file.read(path, (number - 1) * PAGE, PAGE) for number in numbers}
    return pages if all(len(page) == PAGE for page in pages.values()) else {}


def _without_counters(pages: SchemaPages) -> SchemaPages:
    """The pages without the bytes that change at every commit."""
    first = bytearray(pages.get(1, b""))
    for start, end in COUNTERS:
        first[start:end] = b""
    return {**pages, 1: bytes(first)}


def _with_size(page: bytes, pages: int) -> bytes:
    """Page 1 with the file's present size and no free pages."""
    data = bytearray(page)
    data[28:40] = pages.to_bytes(4) + bytes(8)
    data[92:96] = data[24:28]  # "the size is valid for this change"
    return bytes(data)


def _beside(path: Path) -> Path:
    return path.with_name(path.name + ".schema")

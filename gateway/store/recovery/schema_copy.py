"""A copy of the schema pages of a database file.

Owns a small side file, written when the schema has changed. Without the schema a database of millions of
sound rows cannot be read, and the schema is the only part whose content is known.
"""

import os
from pathlib import Path

import apsw
import msgspec

from gateway.store.file import raw_file

PAGE_SIZES = (512, 4_096)  # of the databases that this program has made
PAGE_SIZE_AT, PAGE_SIZE_BYTES = 16, 2  # where a database says it
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
    """The copied pages by number; empty when there is no copy, it is damaged, or of another page size."""
    try:
        pages = msgspec.msgpack.decode(_beside(path).read_bytes(), type=SchemaPages)
    except (OSError, msgspec.MsgspecError):
        return {}
    sizes = {len(page) for page in pages.values()}
    return pages if len(sizes) == 1 and sizes <= _possible_sizes(path) else {}


def forget(path: Path) -> None:
    """Delete the copy: the file has become another one."""
    _beside(path).unlink(missing_ok=True)


def restore(pages: SchemaPages, copy: Path) -> None:
    """Write the copied pages into a copy of the damaged file."""
    page_bytes = len(next(iter(pages.values())))
    size = copy.stat().st_size // page_bytes
    with copy.open("r+b") as file:
        for number, page in pages.items():
            data = _with_size(page, size) if number == 1 else page
            file.seek((number - 1) * page_bytes)
            file.write(data)


def _read(connection: apsw.Connection, path: Path) -> SchemaPages:
    """The schema's pages; empty while some are only in the -wal."""
    in_log, moved = connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
    if in_log != moved:
        return {}  # a reader uses an older snapshot: the file may hold an older schema
    rows = connection.execute("SELECT pageno FROM dbstat WHERE name = 'sqlite_schema'")
    numbers, size = [number for (number,) in rows], connection.pragma("page_size")
    pages = {number: raw_file.read(path, (number - 1) * size, size) for number in numbers}
    return pages if all(len(page) == size for page in pages.values()) else {}


def _possible_sizes(path: Path) -> set[int]:
    """The page sizes that the file may have: the one that it says, if that is one of ours."""
    try:
        said = int.from_bytes(raw_file.read(path, PAGE_SIZE_AT, PAGE_SIZE_BYTES))
    except apsw.Error:  # there is no file
        said = 0
    return {said} if said in PAGE_SIZES else set(PAGE_SIZES)


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

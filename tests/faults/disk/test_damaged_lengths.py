"""A row whose length is damaged: it costs its page, whatever length it claims."""

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from gateway.store import DiskError, Reader, Store
from tests.faults.disk.damaged import EVENTS, PAGE, copy, leaf_pages, overwrite, works
from tests.support.samples import TOKYO


def varint_end(data: bytes, at: int) -> int:
    """Where SQLite's integer of variable length that begins at `at` ends."""
    while data[at] >= 0x80:
        at += 1
    return at + 1


def varint(number: int) -> bytes:
    """SQLite's integer of variable length, below 2^56."""
    digits = [number & 0x7F]
    while number := number >> 7:
        digits.append(number & 0x7F | 0x80)
    return bytes(reversed(digits))


def claim_lengths(path: Path, page: int, text_bytes: int) -> None:
    """Make the second column of each row in a table's leaf claim to be so long."""
    start = (page - 1) * PAGE
    data = path.read_bytes()[start : start + PAGE]
    for number in range(int.from_bytes(data[3:5])):
        cell = int.from_bytes(data[8 + 2 * number : 10 + 2 * number])
        row_id = varint_end(data, cell)
        header = varint_end(data, row_id)
        kept = data[row_id : header + 2]  # row id, size of the header, type of the first column
        text_type = varint(2 * text_bytes + 13)
        overwrite(path, start + cell, varint(text_bytes + 100) + kept + text_type)


def test_a_length_beyond_what_sqlite_allows_is_a_damaged_row(sound: Path, tmp_path: Path) -> None:
    path = copy(sound, tmp_path)
    pages = leaf_pages(path, "event")
    claim_lengths(path, pages[len(pages) // 2], 1_200_000_000)
    with apsw.Connection(str(path)) as connection, pytest.raises(apsw.TooBigError):
        connection.execute("SELECT * FROM event").fetchall()
    store = Store(path, TOKYO)
    works(store)
    store.close()
    assert store.salvaged is not None
    assert EVENTS - 60 <= store.salvaged.rows["event"] < EVENTS


@pytest.fixture
def small_memory() -> Iterator[None]:
    """SQLite gets 24 MB of memory."""
    apsw.hard_heap_limit(24_000_000)
    yield
    apsw.hard_heap_limit(0)


def claim_memory(path: Path) -> None:
    """Rows of one page claim 40 MB each, in a file that is large enough to hold such a row."""
    with contextlib.closing(apsw.Connection(str(path))) as connection:
        connection.execute("CREATE TABLE large (body BLOB)")
        connection.execute("INSERT INTO large VALUES (zeroblob(60000000))")
        connection.execute("DROP TABLE large")
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    pages = leaf_pages(path, "event")
    claim_lengths(path, pages[len(pages) // 2], 40_000_000)


def test_a_length_beyond_the_memory_is_a_damaged_row(
    sound: Path, tmp_path: Path, small_memory: None
) -> None:
    path = copy(sound, tmp_path)
    claim_memory(path)
    with (
        contextlib.closing(apsw.Connection(str(path))) as connection,
        pytest.raises(apsw.NoMemError),
    ):
        connection.execute("SELECT * FROM event").fetchall()
    store = Store(path, TOKYO)
    works(store)
    store.close()
    assert store.salvaged is not None
    assert EVENTS - 60 <= store.salvaged.rows["event"] < EVENTS


def test_a_length_beyond_the_memory_that_a_reader_meets_is_salvaged(
    sound: Path, tmp_path: Path, small_memory: None
) -> None:
    path = copy(sound, tmp_path)
    store = Store(path, TOKYO)
    claim_memory(path)
    found = asyncio.run(store.read(lambda r: len(r.latest_events(10 * EVENTS))))
    store.close()
    assert store.salvaged is not None
    assert EVENTS - 60 <= found < EVENTS


def test_a_lack_of_memory_in_a_sound_file_is_no_damage(
    sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(copy(sound, tmp_path), TOKYO)
    monkeypatch.setattr("gateway.store.connection.ROW_MEMORY_BYTES", 1 << 62)  # nobody has that

    def ask(_: Reader) -> None:
        raise apsw.NoMemError("out of memory")

    with pytest.raises(DiskError):
        asyncio.run(store.read(ask))
    store.close()
    assert store.salvaged is None

"""Copies of a sound database to be damaged, and what must work afterwards."""

import asyncio
import shutil
from pathlib import Path

import apsw

from gateway.domain.model import Kind
from gateway.ingest.messages.batch import absorb
from gateway.store import Store
from gateway.store.connection import PAGE_BYTES
from tests.support.samples import at, decode, message, reading

EVENTS = 3_000
PAGE = PAGE_BYTES


def copy(sound: Path, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for side in ("", ".schema"):
        shutil.copy(sound.with_name(f"gateway.db{side}"), folder)
    return folder / "gateway.db"


def overwrite(path: Path, at: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(data)


def leaf_pages(path: Path, name: str) -> list[int]:
    sql = "SELECT pageno FROM dbstat WHERE name = ? AND pagetype = 'leaf' ORDER BY path"
    connection = apsw.Connection(str(path))
    pages = [page for (page,) in connection.execute(sql, (name,))]
    connection.close()
    return pages


def works(store: Store) -> None:
    """A message is taken in, and everything can be read."""
    spring = message(reading("trap-01", Kind.SPRUNG, 999_000, seq=999_000))
    outcome = store.write_now(lambda tx: absorb(tx, [spring], decode, at(999_001)))
    assert len(outcome.events) == 1
    asyncio.run(
        store.read(lambda r: (r.latest_events(10 * EVENTS), r.open_alerts(), r.rates(0, 10**6)))
    )

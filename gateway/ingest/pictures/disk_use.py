"""Keeps pictures within their room on the disk, and those of people not longer than is allowed.

Owns what is removed, and that it is unknown first and deleted then. Evidence is never removed. Must not
decide what is evidence.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from gateway.domain.epoch import ms
from gateway.domain.pictures.picture import Picture, PictureState
from gateway.ingest.pictures.files import PictureFiles
from gateway.store import Store, Transaction

MB = 1_000_000
FREE_SHARE = 0.95  # of the room are used afterwards: not each picture that comes removes one
AT_ONCE = 100


async def keep(
    store: Store, files: PictureFiles, budget_mb: int, people_days: int, now: datetime
) -> int:
    """Remove what must go; gives how many bytes of the disk are used that could not be freed."""
    before_ms = ms(now - timedelta(days=people_days))
    while old := await store.read(lambda r: r.pictures.of_people_before(before_ms, AT_ONCE)):
        await _remove(store, files, old, people=True)
    used = await store.read(lambda reader: reader.pictures.disk_bytes())
    if used <= budget_mb * MB:
        return 0
    while used > FREE_SHARE * budget_mb * MB:
        found = await store.read(lambda reader: reader.pictures.removable(AT_ONCE))
        if not found:
            return used
        used -= await _remove(store, files, _enough(found, used - FREE_SHARE * budget_mb * MB))
    return 0


def _enough(found: Sequence[Picture], wanted: float) -> list[Picture]:
    """So many of them, from the first on, that this much is freed."""
    chosen: list[Picture] = []
    for one in found:
        if wanted <= 0:
            break
        chosen.append(one)
        wanted -= one.kept_bytes
    return chosen


async def _remove(
    store: Store, files: PictureFiles, pictures: Sequence[Picture], *, people: bool = False
) -> int:
    """Gives the bytes that were freed; what has become evidence since it was chosen stays."""

    def write(tx: Transaction) -> list[Picture]:
        gone = [one for one in pictures if tx.pictures.is_removable(one.id, people=people)]
        for one in gone:
            tx.pictures.put(replace(one, state=PictureState.REMOVED), 0)
        return gone

    gone = await store.write(write)
    for one in gone:
        await asyncio.to_thread(files.remove, one.id)
    return sum(one.kept_bytes for one in gone)

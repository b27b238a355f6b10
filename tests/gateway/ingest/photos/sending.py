"""Photos as senders send them, and what is kept of them."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.config import Config, check
from gateway.domain.traps.photo import Photo, PhotoRefusal
from gateway.ingest.photos.keeping import PhotoKeeper, PhotoRefusedError
from gateway.store import Store
from tests.support import pictures

NOW = datetime(2026, 11, 29, tzinfo=UTC)
ONE, TWO = pictures.picture(), pictures.picture(shade=2)


def settings(store: Store, **photos: Any) -> Config:
    values = {"store": {"path": str(store.path), "disk_reserve_mb": 0}, "photos": photos}
    return check(values)


def keeper(store: Store, **photos: Any) -> PhotoKeeper:
    return PhotoKeeper(store, settings(store, **photos), lambda: NOW)


def sum_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


async def pieces(data: bytes, size: int = 50_000) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


def keep(one: PhotoKeeper, data: bytes, expected: str | None = None, by: str = "tanaka") -> Photo:
    return asyncio.run(one.keep(pieces(data), by, expected))


def refused(one: PhotoKeeper, data: bytes, expected: str | None = None) -> PhotoRefusal:
    with pytest.raises(PhotoRefusedError) as error:
        keep(one, data, expected)
    return error.value.reason


def files(one: PhotoKeeper) -> list[Path]:
    return sorted(path for path in one.files.folder.rglob("*") if path.is_file())

"""Photos survive a crash and a lost file; what was arriving is cleared."""

import asyncio
import errno
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gateway.domain.traps.photo import PhotoRefusal
from gateway.ingest.photos.files import Arriving, PhotoFiles
from gateway.store import DiskError, Store
from tests.gateway.ingest.photos.sending import ONE, files, keep, keeper, refused, sum_of


def test_the_file_is_on_the_disk_before_its_row_is_written(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    fsync, replace, write = os.fsync, Path.replace, store.write

    def syncing(descriptor: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        steps.append("sync folder" if path.is_dir() else "sync file")
        fsync(descriptor)

    def moving(self: Path, target: Path) -> Path:
        steps.append("move")
        return replace(self, target)

    async def writing(act: Any) -> Any:
        steps.append("row")
        return await write(act)

    monkeypatch.setattr(os, "fsync", syncing)
    monkeypatch.setattr(Path, "replace", moving)
    monkeypatch.setattr(store, "write", writing)
    keep(keeper(store), ONE)
    assert steps == ["sync file", "move", *["sync folder"] * 3, "row"]


def test_after_a_crash_before_the_row_the_photo_sent_again_is_whole_and_once(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = keeper(store)

    async def failing(_: Any) -> Any:
        raise DiskError("the disk took nothing")

    with monkeypatch.context() as broken:
        broken.setattr(store, "write", failing)
        with pytest.raises(DiskError):
            keep(one, ONE)
    assert store.read_now(lambda r: r.photos.all()) == []
    photo = keep(keeper(store), ONE)
    assert [path.stem for path in files(one)] == [photo.kept_sha256]


def test_what_was_arriving_when_the_power_failed_is_cleared_and_evidence_is_not(
    store: Store,
) -> None:
    one = keeper(store)
    photo = keep(one, ONE)
    left = one.files.folder / "incoming" / "half"
    left.write_bytes(ONE[:100])
    again = keeper(store)
    assert [path.stem for path in files(again)] == [photo.kept_sha256]


def test_a_file_that_was_lost_is_taken_again_and_a_changed_one_is_not_shown(store: Store) -> None:
    one = keeper(store)
    photo = keep(one, ONE)
    path = one.files.path(photo.kept_sha256)
    path.write_bytes(path.read_bytes() + b"x")
    assert one.files.read(photo.kept_sha256) is None
    path.unlink()
    assert one.files.read(photo.kept_sha256) is None
    assert keep(one, ONE, sum_of(ONE)).kept_sha256 == photo.kept_sha256
    assert one.files.read(photo.kept_sha256) is not None


def test_a_sender_who_goes_away_leaves_nothing(store: Store) -> None:
    one = keeper(store)

    async def breaking() -> AsyncIterator[bytes]:
        yield ONE[:1000]
        raise ConnectionError

    with pytest.raises(ConnectionError):
        asyncio.run(one.keep(breaking(), "tanaka"))
    assert files(one) == []
    assert keep(one, ONE).sent_sha256 == sum_of(ONE)


def test_a_disk_that_takes_no_photo_refuses_it_in_words_and_is_a_fault_until_it_does(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = keeper(store)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    for part, name in ((Arriving, "write"), (PhotoFiles, "keep")):
        with monkeypatch.context() as broken:
            broken.setattr(part, name, full)
            assert refused(one, ONE) is PhotoRefusal.NO_ROOM
        assert one.faults() == {"photos": "No space left on device"}
    assert files(one) == []
    assert keep(one, ONE).sent_sha256 == sum_of(ONE)
    assert one.faults() == {}


def test_a_folder_that_cannot_be_used_stops_photos_and_nothing_else(
    store: Store, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    one = keeper(store, folder=str(tmp_path / "file" / "photos"))
    assert refused(one, ONE) is PhotoRefusal.NO_ROOM
    assert set(one.faults()) == {"photos"}

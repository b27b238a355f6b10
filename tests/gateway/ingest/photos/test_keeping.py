"""A photo from a phone: received within limits, on the disk before it is known, and kept once."""

import asyncio
import shutil
import threading
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from msgspec.structs import replace

from gateway.config import check
from gateway.domain.model import ActionKind, TrapAction
from gateway.domain.traps.photo import Photo, PhotoRefusal
from gateway.ingest.photos import keeping
from gateway.ingest.photos.keeping import PhotoKeeper, PhotoRefusedError
from gateway.store import Store
from tests.gateway.ingest.photos.sending import (
    NOW,
    ONE,
    TWO,
    files,
    keep,
    keeper,
    pieces,
    refused,
    settings,
    sum_of,
)
from tests.support import pictures


def test_a_photo_is_kept_once_under_the_sha256_of_what_is_kept(store: Store) -> None:
    one = keeper(store)
    photo = keep(one, ONE, sum_of(ONE))
    assert keep(one, ONE, sum_of(ONE)) == photo
    assert keep(one, ONE) == photo
    assert photo.sent_sha256 == sum_of(ONE)
    assert (photo.sent_bytes, photo.by, photo.received_at) == (len(ONE), "tanaka", NOW)
    assert photo.taken == "2026-11-28T06:10:00+09:00"
    [path] = files(one)
    assert path.name == f"{photo.kept_sha256}.jpg"
    assert sum_of(path.read_bytes()) == photo.kept_sha256
    assert store.read_now(lambda r: r.photos.all()) == [photo]


def test_the_same_photo_from_five_senders_at_once_is_one_photo(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "MOST_RECEIVING", 5)
    one = keeper(store)

    async def all_at_once() -> list[Photo]:
        return await asyncio.gather(*(one.keep(pieces(ONE), f"p{n}") for n in range(5)))

    assert len({photo.kept_sha256 for photo in asyncio.run(all_at_once())}) == 1
    assert len(files(one)) == 1
    assert len(store.read_now(lambda r: r.photos.all())) == 1


@pytest.mark.parametrize(
    ("data", "reason"),
    [(pictures.SVG, PhotoRefusal.NO_PHOTO), (ONE[:5000], PhotoRefusal.DAMAGED)],
)
def test_what_is_refused_leaves_nothing_behind(
    store: Store, data: bytes, reason: PhotoRefusal
) -> None:
    one = keeper(store)
    assert refused(one, data) is reason
    assert files(one) == []
    assert store.read_now(lambda r: r.photos.all()) == []


def test_a_photo_of_60_mb_is_refused_at_its_limit_and_never_held_in_memory(store: Store) -> None:
    one, sent = keeper(store), 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 60_000_000:
            sent += 500_000
            yield ONE[:2] + bytes(499_998)

    with pytest.raises(PhotoRefusedError) as error:
        asyncio.run(one.keep(endless(), "tanaka"))
    assert error.value.reason is PhotoRefusal.TOO_LARGE
    assert sent <= keeping.MAX_BYTES + 1_000_000
    assert files(one) == []


def test_content_of_another_address_is_refused(store: Store) -> None:
    one = keeper(store)
    assert refused(one, ONE, sum_of(TWO)) is PhotoRefusal.OTHER_CONTENT
    assert files(one) == []


def test_when_the_room_is_used_up_photos_are_refused_a_fault_stands_and_none_is_deleted(
    store: Store,
) -> None:
    one = keeper(store, budget_mb=10)
    first = keep(one, ONE)
    assert one.faults() == {}
    full = Photo(
        sent_sha256="a" * 64,
        kept_sha256="b" * 64,
        sent_bytes=1,
        kept_bytes=9_500_000,
        width=1,
        height=1,
        by="x",
        received_at=NOW,
    )
    store.write_now(lambda tx: tx.photos.add(full))
    again = keeper(store, budget_mb=10)
    assert again.faults() == {"photos": "9/10 MB"}
    keep(again, TWO)  # there is room for one more
    store.write_now(lambda tx: tx.photos.add(_larger(full)))
    last = keeper(store, budget_mb=10)
    assert refused(last, pictures.picture(shade=3)) is PhotoRefusal.NO_ROOM
    assert keep(last, ONE, sum_of(ONE)) == first, "what is here already is answered"
    assert len(files(last)) == 2


def _larger(photo: Photo) -> Photo:
    return Photo(
        sent_sha256="c" * 64,
        kept_sha256="d" * 64,
        sent_bytes=1,
        kept_bytes=600_000,
        width=1,
        height=1,
        by="x",
        received_at=photo.received_at + timedelta(seconds=1),
    )


def test_the_reserve_of_the_disk_is_not_used_for_photos(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    free_mb = shutil.disk_usage(store.path.parent).free // 1_000_000
    config = check({"store": {"path": str(store.path), "disk_reserve_mb": free_mb + 1_000}})
    assert refused(PhotoKeeper(store, config, lambda: NOW), ONE) is PhotoRefusal.NO_ROOM


def test_a_person_cannot_fill_the_room_with_photos_that_no_record_names(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "MOST_UNNAMED", 1)
    one = keeper(store)
    photo = keep(one, ONE)
    assert refused(one, TWO) is PhotoRefusal.TOO_MANY
    act = naming(photo)
    store.write_now(lambda tx: tx.acts.add(act))
    assert keep(one, TWO).by == "tanaka"
    assert store.read_now(lambda r: r.photos.traps(photo.sent_sha256)) == ["trap-01"]


def naming(photo: Photo) -> TrapAction:
    """A record that names a photo."""
    return TrapAction(
        id="1",
        device="trap-01",
        deed=ActionKind.CAPTURED,
        at=NOW,
        by="tanaka",
        recorded_at=NOW,
        photos=(photo.sent_sha256,),
    )


def test_photos_whose_record_never_came_are_deleted_after_their_time_and_no_others(
    store: Store,
) -> None:
    one = keeper(store)
    named, left_over = keep(one, ONE), keep(one, TWO)
    other = keep(one, pictures.picture(shade=3), by="sato")
    store.write_now(lambda tx: tx.acts.add(naming(named)))
    later = PhotoKeeper(store, settings(store), lambda: NOW + timedelta(hours=6))
    asyncio.run(later.forget_unnamed("tanaka", timedelta(hours=7)))
    assert store.read_now(lambda r: r.photos.all_unnamed("tanaka")) == [left_over]
    asyncio.run(later.forget_unnamed("tanaka", timedelta(hours=5)))
    kept = store.read_now(lambda r: r.photos.all())
    assert {photo.sent_sha256 for photo in kept} == {named.sent_sha256, other.sent_sha256}
    assert {path.stem for path in files(later)} == {named.kept_sha256, other.kept_sha256}
    assert keep(later, TWO).kept_sha256 == left_over.kept_sha256, "it may come again"


def test_the_file_of_two_photos_stays_while_one_of_them_is_named(store: Store) -> None:
    one = keeper(store)
    named = keep(one, ONE)
    store.write_now(lambda tx: tx.acts.add(naming(named)))
    twin = replace(named, sent_sha256="e" * 64)
    store.write_now(lambda tx: tx.photos.add(twin))
    later = PhotoKeeper(store, settings(store), lambda: NOW + timedelta(hours=6))
    asyncio.run(later.forget_unnamed("tanaka", timedelta(hours=5)))
    assert store.read_now(lambda r: r.photos.all()) == [named]
    assert len(files(later)) == 1


def test_a_photo_that_comes_again_while_it_is_deleted_keeps_its_file(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(keeper(store), TWO)
    later = PhotoKeeper(store, settings(store), lambda: NOW + timedelta(hours=6))
    is_deleting, may_end, remove = threading.Event(), threading.Event(), later.files.remove

    def remove_slowly(kept: str) -> None:
        is_deleting.set()
        assert may_end.wait(60)
        remove(kept)

    monkeypatch.setattr(later.files, "remove", remove_slowly)

    async def both() -> Photo:
        deleting = asyncio.create_task(later.forget_unnamed("tanaka", timedelta(hours=5)))
        await asyncio.to_thread(is_deleting.wait, 60)
        again = asyncio.create_task(later.keep(pieces(TWO), "sato"))
        await asyncio.wait({again}, timeout=2)  # it would end by now if it did not wait
        may_end.set()
        await deleting
        return await again

    photo = asyncio.run(both())
    assert [path.stem for path in files(later)] == [photo.kept_sha256]


def test_more_senders_than_allowed_are_asked_to_come_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "MOST_RECEIVING", 1)
    one = keeper(store)

    async def two() -> PhotoRefusal:
        has_begun, may_end = asyncio.Event(), asyncio.Event()

        async def slowly() -> AsyncIterator[bytes]:
            has_begun.set()
            await may_end.wait()
            async for piece in pieces(ONE):
                yield piece

        first = asyncio.create_task(one.keep(slowly(), "a"))
        await has_begun.wait()
        with pytest.raises(PhotoRefusedError) as error:
            await one.keep(pieces(TWO), "a")
        may_end.set()
        await first
        return error.value.reason

    assert asyncio.run(two()) is PhotoRefusal.BUSY
    assert keep(one, TWO).by == "tanaka", "the place is free again"


def test_what_is_caught_here_comes_from_the_latest_captures(store: Store) -> None:
    caught = ["deer", "boar", "boar", "nutria", "boar", "deer"]
    for no, animal in enumerate(caught):
        act = TrapAction(
            id=str(no),
            device="trap-01",
            deed=ActionKind.CAPTURED,
            by="tanaka",
            species=animal,
            at=NOW + timedelta(minutes=no),
            recorded_at=NOW,
        )
        store.write_now(lambda tx, act=act: tx.acts.add(act))  # type: ignore[misc]
    assert store.read_now(lambda r: r.photos.caught()) == ["boar", "deer", "nutria"]

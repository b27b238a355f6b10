"""Each picture is one event with its file; what came is made anew without metadata; room is kept."""

import asyncio
import io
from datetime import UTC, datetime

import msgspec
import pytest
from PIL import Image

from gateway.domain.model import Kind, Standing, TimeQuality
from gateway.domain.pictures.picture import Picture, PictureState
from gateway.domain.traps.photo import PhotoRefusal
from gateway.ingest.photos.picture import PictureFacts
from gateway.ingest.pictures import disk_use, making, taking
from gateway.ingest.pictures.arrival import CameraFacts
from gateway.ingest.pictures.picture_reader import UnreadableError
from gateway.ingest.pictures.requests import Make
from gateway.ingest.pictures.taking import NotTakenError
from gateway.store import Transaction
from tests.gateway.ingest.pictures.station import NORTH, NOW, Station
from tests.support import pictures

ONE = pictures.picture()


def test_a_picture_is_one_detection_of_its_camera_at_the_cameras_own_time(station: Station) -> None:
    facts = CameraFacts("2026-11-29T11:30:00", battery_pct=60.0, temperature_c=4.0)
    taken = station.take(ONE, facts=facts)
    assert taken is not None
    [event] = station.events()
    assert (event.kind, event.device, event.species, event.battery_pct) == (
        Kind.DETECTION,
        "kita-3",
        "unknown",
        60.0,
    )
    assert event.observed_at == taken.at == datetime(2026, 11, 29, 2, 30, tzinfo=UTC)
    assert event.time_quality is TimeQuality.RTC
    assert (event.media, taken.temperature_c) == (f"picture:{taken.id}", 4.0)


@pytest.mark.parametrize("time", ["", "1970-01-01T00:00:00", "2031-01-01T00:00:00"])
def test_a_camera_without_a_good_clock_is_dated_by_the_server_or_by_receipt(
    station: Station, time: str
) -> None:
    station.take(ONE, facts=CameraFacts(time))
    [event] = station.events()
    assert (event.observed_at, event.time_quality) == (NOW, TimeQuality.RECEIVED)
    sent = datetime(2026, 11, 29, 2, 58, tzinfo=UTC)
    station.take(pictures.picture(shade=2), facts=CameraFacts("", sent))
    assert station.events()[0].observed_at == sent


def test_the_zone_of_the_camera_dates_it(station: Station) -> None:
    station.take(ONE, "minami", CameraFacts("2026-11-29T02:30:00"))
    assert station.events()[0].observed_at == datetime(2026, 11, 29, 2, 30, tzinfo=UTC)


def test_the_same_picture_again_is_the_same_and_of_another_camera_another(station: Station) -> None:
    first, again = station.take(ONE), station.take(ONE)
    station.take(ONE, "minami")
    assert first == again
    assert [event.device for event in station.events()] == ["kita-3", "minami"]


def test_what_is_kept_has_no_metadata_and_a_thumbnail(station: Station) -> None:
    station.take(ONE)
    station.make()
    [made] = station.pictures()
    files = station.parts.taker.files
    kept, small = files.read(made.id, small=False), files.read(made.id, small=True)
    assert kept is not None
    assert small is not None
    for data in (kept, small):
        assert pictures.SECRET not in data
        assert b"GPS" not in data
        assert not dict(Image.open(io.BytesIO(data)).getexif())
    assert max(Image.open(io.BytesIO(small)).size) == 480
    assert (made.kept_bytes, made.width) == (len(kept) + len(small), 640)
    assert not files.raw(made.id).exists()
    assert pictures.SECRET in ONE, "control: what came has a place in it"


def test_a_damaged_picture_leaves_its_event_and_does_not_stop_the_next(station: Station) -> None:
    station.take(ONE[: len(ONE) // 2])
    station.take(pictures.liar())
    station.take(ONE)
    station.make()
    damaged = station.pictures(PictureState.DAMAGED)
    assert {one.refusal for one in damaged} == {PhotoRefusal.DAMAGED, PhotoRefusal.TOO_MANY_PIXELS}
    assert (len(station.events()), len(station.pictures())) == (3, 1)


def test_a_camera_that_was_revoked_gives_nothing_and_an_unknown_one_is_held(
    station: Station,
) -> None:
    revoked = msgspec.structs.replace(NORTH, standing=Standing.REVOKED)
    station.store.write_now(lambda tx: tx.put_device(revoked))
    assert station.take(ONE) is None
    assert station.take(ONE, "new-camera") is not None
    assert station.events() == []
    [pending] = station.store.read_now(lambda reader: reader.pending())
    assert pending.id == "new-camera"


def test_what_waits_is_bounded(station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taking, "MOST_WAITING", 1)
    station.take(ONE)
    with pytest.raises(NotTakenError) as refused:
        station.take(pictures.picture(shade=2))
    assert refused.value.reason is PhotoRefusal.BUSY
    assert len(station.events()) == 1


def test_files_that_no_row_knows_are_deleted_at_the_start_and_what_waits_is_made(
    station: Station,
) -> None:
    station.take(ONE)
    files = station.parts.taker.files
    orphan = files.raw("0" * 32)
    orphan.write_bytes(b"of a transaction that never was")
    station.build()
    assert not orphan.exists()
    station.make()
    assert len(station.pictures()) == 1


def test_the_room_is_kept_the_oldest_named_go_first_and_evidence_never(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = []
    for shade in range(1, 7):
        station.wait(minutes=1)
        taken.append(station.take(pictures.picture(shade=shade)))
    station.make()
    size = max(one.kept_bytes for one in station.pictures())
    ids = [one.id for one in taken if one]
    named, evidence = taken[3], ids[4]
    assert named is not None

    def mark(tx: Transaction) -> None:
        tx.pictures.set_named(named.device, named.event, "boar", people=False)
        tx.pictures.set_evidence([evidence, ids[0]], is_evidence=True)

    station.store.write_now(mark)
    monkeypatch.setattr(disk_use, "MB", 4 * size // 10)
    station.build(budget_mb=10)
    station.take(pictures.picture(shade=9))

    def gone() -> set[str]:
        """What is known as removed and lies on the disk no longer: a file goes after its row is marked."""
        known = {one.id for one in station.pictures(PictureState.REMOVED)}
        return {id_ for id_ in known if not station.parts.taker.files.kept(id_).exists()}

    station.run_until(station.parts.maker.run, lambda: len(gone()) > 2)
    removed = gone()
    assert removed >= {named.id, ids[1]}
    assert not removed & {evidence, ids[0]}
    assert sum(one.kept_bytes for one in station.pictures()) <= 4 * size
    assert len(station.events()) == 7, "events stay"


def test_a_picture_that_became_evidence_meanwhile_is_not_removed(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    station.take(pictures.picture())
    station.make()
    [one] = station.pictures()
    chosen = disk_use._enough  # between the choice and the removal somebody marks it

    def and_mark(found: list[Picture], wanted: float) -> list[Picture]:
        station.store.write_now(lambda tx: tx.pictures.set_evidence([one.id], is_evidence=True))
        return chosen(found, wanted)

    monkeypatch.setattr(disk_use, "_enough", and_mark)
    monkeypatch.setattr(disk_use, "MB", 1)
    asyncio.run(disk_use.keep(station.store, station.parts.taker.files, 10, 7, NOW))
    assert [kept.id for kept in station.pictures()] == [one.id]
    assert station.parts.taker.files.kept(one.id).exists()


def test_a_process_that_was_killed_costs_no_picture(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "RETRY_S", 0.05)
    station.take(pictures.picture())
    reader = station.parts.picture_reader
    ask, times = reader.make, 0

    async def killed_once(request: Make) -> PictureFacts:
        nonlocal times
        times += 1
        if times == 1:
            raise UnreadableError(PhotoRefusal.TOO_MANY_PIXELS)
        return await ask(request)

    monkeypatch.setattr(reader, "make", killed_once)
    station.run_until(station.parts.maker.run, lambda: station.pictures())
    assert times == 2


def test_a_full_disk_leaves_a_picture_waiting(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "RETRY_S", 0.05)
    taken = station.take(pictures.picture())
    assert taken is not None

    async def no_room(_: Make) -> PictureFacts:
        return PictureFacts(PhotoRefusal.NO_ROOM)

    with monkeypatch.context() as patched:
        patched.setattr(station.parts.picture_reader, "make", no_room)
        station.run_until(station.parts.maker.run, station.parts.maker.faults)
    assert station.parts.taker.files.raw(taken.id).exists()
    station.make()
    assert len(station.pictures()) == 1


def test_pictures_of_people_are_kept_for_some_days_only(station: Station) -> None:
    first = station.take(ONE)
    station.take(pictures.picture(shade=2))
    station.make()
    assert first is not None
    station.store.write_now(lambda tx: tx.pictures.set_people(first.device, first.event))
    station.wait(days=6)
    station.parts.taker.arrived.set()
    station.take(pictures.picture(shade=3))
    station.make()
    assert station.pictures(PictureState.REMOVED) == []
    station.wait(days=2)
    station.take(pictures.picture(shade=4))
    station.run_until(station.parts.maker.run, lambda: bool(station.pictures(PictureState.REMOVED)))
    assert [one.id for one in station.pictures(PictureState.REMOVED)] == [first.id]

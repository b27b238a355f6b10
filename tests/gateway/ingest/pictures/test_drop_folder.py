"""Files of an FTP server: taken once they are whole, then deleted; others are left alone."""

import asyncio
import os
from pathlib import Path

import pytest

from gateway.domain.pictures.picture import PictureSource
from gateway.ingest.pictures.drop_folder import DropFolder
from tests.gateway.ingest.pictures.station import Station
from tests.support import pictures

NOW_S = 1_000_000.0
ONE = pictures.picture()


class Drops:
    """A drop folder with what it took."""

    def __init__(self, station: Station) -> None:
        self.root = station.folder / "ftp"
        cameras = station.parts.taker._config.cameras
        self.watch = DropFolder(
            self.root, cameras, station.parts.taker, station.parts.picture_reader
        )

    def put(self, name: str, data: bytes, age_s: float = 60) -> Path:
        """A file that has not changed for so long."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        os.utime(path, (NOW_S - age_s, NOW_S - age_s))
        return path

    def look(self, now_s: float = NOW_S) -> int:
        """How many files were taken."""

        async def work() -> int:
            try:
                return await self.watch.look(now_s)
            finally:
                await self.watch._picture_reader.end()

        return asyncio.run(work())


@pytest.fixture
def drops(station: Station) -> Drops:
    return Drops(station)


def test_a_dropped_picture_is_an_event_at_the_time_in_it_and_its_file_goes(
    station: Station, drops: Drops
) -> None:
    path = drops.put("kita-3/2026/IMAG0001.JPG", ONE)
    assert drops.look() == 1
    [event], [picture] = station.events(), station.waiting
    assert (event.device, event.observed_at.isoformat()) == ("kita-3", "2026-11-27T21:10:00+00:00")
    assert picture.source is PictureSource.FOLDER
    assert not path.exists()
    drops.put("kita-3/again.jpg", ONE)
    drops.look()
    assert len(station.events()) == 1


def test_a_file_that_still_arrives_waits_and_one_that_was_cut_off_is_taken_later(
    station: Station, drops: Drops
) -> None:
    drops.put("kita-3/fresh.jpg", ONE, age_s=1)
    drops.put("minami/cut.jpg", ONE[:-5_000], age_s=60)
    assert drops.look() == 0
    assert station.events() == []
    assert drops.look(NOW_S + 700) == 2


def test_what_is_no_picture_is_left_under_another_name_and_links_are_not_followed(
    station: Station, drops: Drops
) -> None:
    page = drops.put("kita-3/page.jpg", pictures.HTML)
    secret = drops.put("secret.jpg", ONE)
    link = drops.root / "kita-3" / "link.jpg"
    link.symlink_to(secret)
    drops.put("stranger/IMAG0001.JPG", ONE)
    assert drops.look() == 0
    assert drops.look() == 0
    assert page.with_name("page.jpg.refused").read_bytes() == pictures.HTML
    assert secret.exists()
    assert station.events() == []


def test_a_file_stays_while_the_gateway_takes_nothing(
    station: Station, drops: Drops, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = drops.put("kita-3/IMAG0001.JPG", ONE)

    async def refuses(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(station.parts.taker, "take", refuses)
        with pytest.raises(OSError, match="No space"):
            drops.look()
    assert path.exists()
    assert drops.look() == 1


def test_empty_folders_of_many_days_do_not_hide_the_newest_picture(drops: Drops) -> None:
    for day in range(201):
        (drops.root / f"kita-3/2026-{day:03}").mkdir(parents=True)
    drops.put("kita-3/2027-001/IMAG0001.JPG", ONE)
    assert drops.look() == 1


def test_a_file_with_the_longest_name_is_set_aside_and_the_others_are_taken(drops: Drops) -> None:
    odd = drops.put("kita-3/" + "n" * 250 + ".txt", b"no picture")
    drops.put("minami/IMAG0001.JPG", ONE)
    assert drops.look() == 1
    assert not odd.exists()
    assert len(list(odd.parent.glob("*.refused"))) == 1


def test_a_file_that_cannot_be_moved_is_told_when_all_others_are_taken(
    station: Station, drops: Drops, monkeypatch: pytest.MonkeyPatch
) -> None:
    drops.put("kita-3/odd.txt", b"no picture")
    drops.put("minami/IMAG0001.JPG", ONE)

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(PermissionError):
        drops.look()
    assert len(station.events()) == 1

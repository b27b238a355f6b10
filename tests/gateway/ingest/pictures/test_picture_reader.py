"""The process for foreign bytes: ended when it takes too long or dies, started anew for the next picture."""

import asyncio
import sys
from pathlib import Path

import pytest

from gateway.domain.traps.photo import PhotoRefusal
from gateway.ingest.photos import picture
from gateway.ingest.pictures.picture_reader import PictureReader, UnreadableError
from gateway.ingest.pictures.requests import Look, Make, ReadMail
from tests.support import pictures

SLEEPS = "import sys\nfor line in sys.stdin: import time; time.sleep(60)"
DIES = "import sys, os\nsys.stdin.readline(); os.kill(os.getpid(), 9)"
BABBLES = "import sys\nsys.stdin.readline(); print('{no json')"


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        (SLEEPS, PhotoRefusal.TOO_SLOW),
        (DIES, PhotoRefusal.TOO_MANY_PIXELS),  # the kernel ends it for want of memory
        (BABBLES, PhotoRefusal.DAMAGED),
    ],
)
def test_whatever_becomes_of_the_process_there_is_an_answer(
    program: str, reason: PhotoRefusal
) -> None:
    async def scenario() -> None:
        shop = PictureReader((sys.executable, "-c", program), limit_s=3.0)
        assert (await shop.look(Look("x"))).refusal is reason
        with pytest.raises(UnreadableError) as error:
            await shop.read_mail(ReadMail("x", "y", {}))
        assert error.value.reason is reason
        await shop.end()

    asyncio.run(scenario())


def test_one_process_serves_many_requests_and_ends_when_nothing_is_asked(tmp_path: Path) -> None:
    source = tmp_path / "one.jpg"
    source.write_bytes(pictures.picture())
    request = Make(str(source), str(tmp_path / "new.jpg"), str(tmp_path / "small.jpg"))

    async def scenario() -> None:
        shop = PictureReader(idle_s=0.3)
        assert (await shop.make(request)).refusal is None
        process = shop._process
        assert process is not None
        looked = await shop.look(Look(str(source)))
        assert (looked.width, looked.taken[:10]) == (640, "2026-11-28")
        with pytest.raises(UnreadableError):
            await shop.make(Make(str(tmp_path / "none"), "x", "y"))
        assert (await shop.make(request)).refusal is None
        process = shop._process
        assert process is not None
        async with asyncio.timeout(60):
            await process.wait()
        assert (await shop.make(request)).refusal is None
        await shop.end()

    asyncio.run(scenario())
    assert (tmp_path / "small.jpg").exists()


def test_a_disk_without_room_is_no_fault_of_the_picture(tmp_path: Path) -> None:
    source = tmp_path / "one.jpg"
    source.write_bytes(pictures.picture())
    assert picture.examine(source, Path("/dev/full")).refusal is PhotoRefusal.NO_ROOM


def test_an_answer_that_is_too_long_is_a_damaged_mail(tmp_path: Path) -> None:
    async def scenario() -> None:
        long = "import sys\nfor line in sys.stdin: print('x' * 2_000_000, flush=True)"
        shop = PictureReader((sys.executable, "-c", long))
        with pytest.raises(UnreadableError):
            await shop.read_mail(ReadMail("mail", str(tmp_path), {}, {}))
        await shop.end()

    asyncio.run(scenario())

"""The process that cuts the coastline: cut once, told when it cannot be, ended with who asked."""

import asyncio
import os
import subprocess
from pathlib import Path

import pytest

from dashboard.maps.bounds import JAPAN
from dashboard.maps.coastline_process import Coastline


def test_many_simultaneous_requests_cut_the_coastline_once(tmp_path: Path) -> None:
    noted = tmp_path / "cuts"
    coastline = Coastline(("sh", "-c", f"echo cut >> {noted}; echo coarse; printf fine"))

    async def ask() -> list[bytes]:
        return await asyncio.gather(*(coastline.geojson(JAPAN) for _ in range(3)))

    assert asyncio.run(ask()) == [b"fine"] * 3
    assert noted.read_text() == "cut\n"


def test_the_coarse_land_comes_from_the_same_cut_and_is_not_waited_for(tmp_path: Path) -> None:
    quick = Coastline(("sh", "-c", "echo coarse; printf fine"))
    slow = Coastline(("sh", "-c", f"echo $$ > {tmp_path}/pid; exec sleep 600"))
    assert asyncio.run(quick.first(JAPAN, 30)) == b"coarse"
    assert asyncio.run(slow.first(JAPAN, 0.2)) == b""
    assert asyncio.run(Coastline(("false",)).first(JAPAN, 30)) == b"", "the page's map asks again"


def test_a_failed_cut_of_the_coastline_raises_its_error() -> None:
    with pytest.raises(subprocess.CalledProcessError):
        asyncio.run(Coastline(("false",)).geojson(JAPAN))


def test_a_stop_does_not_wait_for_a_cut(tmp_path: Path) -> None:
    noted = tmp_path / "pid"
    coastline = Coastline(("sh", "-c", f"echo $$ > {noted}; exec sleep 600"))

    async def ask_and_stop() -> None:
        asking = asyncio.create_task(coastline.geojson(JAPAN))
        while not noted.exists() or not noted.read_text():
            await asyncio.sleep(0.01)
        asking.cancel()
        async with asyncio.timeout(10):
            await asyncio.wait([asking])

    asyncio.run(ask_and_stop())
    with pytest.raises(ProcessLookupError):
        os.kill(int(noted.read_text()), 0)

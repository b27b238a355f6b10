"""dashboard.web.process: the process fails or is ended; the gateway answers and starts a new one."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from tests.dashboard.place import Place
from tests.dashboard.web.process.calculating_site import (
    is_unavailable,
    running_site,
    wait_until_ended,
)


@pytest.mark.parametrize("name", ["abort", "exit"])
def test_a_process_that_ends_itself_gives_an_explained_503_and_is_replaced(
    place: Place, name: str
) -> None:
    async def run() -> None:
        async with running_site(place) as one:
            first = await one.pid()
            assert is_unavailable(await one.get(name), "計算が途中で止まりました")
            assert await one.pid() != first

    asyncio.run(run())


def test_a_killed_process_gives_an_explained_503_and_is_replaced(place: Place) -> None:
    async def run() -> None:
        async with running_site(place) as one:
            first = await one.pid()
            request = asyncio.create_task(one.get("sleep"))
            await asyncio.sleep(0)
            while one.pages.calculating == 0:
                await asyncio.sleep(0.02)
            os.kill(first, signal.SIGKILL)
            assert is_unavailable(await request, "計算が途中で止まりました")
            assert await one.pid() != first

    asyncio.run(run())


def test_a_process_killed_while_idle_is_replaced_before_the_next_request(place: Place) -> None:
    async def run() -> None:
        async with running_site(place) as one:
            for _ in range(5):
                first = await one.pid()
                os.kill(first, signal.SIGKILL)
                assert await one.pid() != first

    asyncio.run(run())


def test_a_calculation_over_the_memory_limit_gives_an_explained_503(place: Place) -> None:
    async def run() -> None:
        async with running_site(place) as one:
            first = await one.pid()
            assert is_unavailable(await one.get("eat"), "計算にメモリが足りません")
            assert await one.pid() != first

    asyncio.run(run())


def test_a_calculation_over_the_time_limit_is_ended_and_gives_an_explained_503(
    place: Place,
) -> None:
    async def run() -> None:
        async with running_site(place, limit_s=3.0) as one:
            first = await one.pid()
            assert is_unavailable(await one.get("sleep"), "計算に時間がかかりすぎる")
            await wait_until_ended(first)
            assert await one.pid() != first

    asyncio.run(run())


def test_a_second_calculation_is_answered_when_the_first_runs_out_of_memory(place: Place) -> None:
    async def run() -> None:
        async with running_site(place) as one:
            await one.pid()
            slow = asyncio.create_task(one.get("sleep", b"s=2"))
            while one.pages.calculating == 0:
                await asyncio.sleep(0.02)
            assert is_unavailable(await one.get("eat"), "計算にメモリが足りません")
            assert (await slow).body == b"slept"

    asyncio.run(run())


def test_an_idle_process_is_ended_and_the_next_request_starts_a_new_one(place: Place) -> None:
    async def run() -> None:
        async with running_site(place, idle_s=0.5) as one:
            first = await one.pid()
            await wait_until_ended(first)
            assert one.child.pid is None
            assert await one.pid() != first

    asyncio.run(run())


def test_the_process_ends_with_the_gateway(place: Place) -> None:
    async def run() -> int:
        async with running_site(place) as one:
            return await one.pid()

    pid = asyncio.run(run())
    assert not Path(f"/proc/{pid}").exists()

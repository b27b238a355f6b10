"""The end of the program: also when a part of it lost its cancellation."""

import asyncio

import pytest

from gateway.cli.service import run


async def part_that_misses_one(arrived: asyncio.Event) -> None:
    """As `asyncio.wait_for` of Python 3.11 may: one cancellation is lost."""
    try:
        arrived.set()
        await asyncio.sleep(3600)
    except asyncio.CancelledError:
        await asyncio.sleep(3600)


async def whole(arrived: asyncio.Event) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(part_that_misses_one(arrived))
        await asyncio.sleep(3600)


async def started() -> asyncio.Task[None]:
    arrived = asyncio.Event()
    task = asyncio.create_task(whole(arrived))
    await arrived.wait()
    return task


def test_a_part_that_lost_its_cancellation_is_cancelled_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(run, "AGAIN_S", 0.01)

    async def inside() -> bool:
        task = await started()
        run.stop(task)
        await asyncio.wait({task}, timeout=20)
        return task.cancelled()

    assert asyncio.run(inside())


def test_control_one_cancellation_does_not_end_such_a_task() -> None:
    async def inside() -> bool:
        task = await started()
        task.cancel()
        await asyncio.wait({task}, timeout=0.3)
        return task.done()

    assert not asyncio.run(inside())

"""The end of the program: also when a part of it lost its cancellation."""

import asyncio
from pathlib import Path

import pytest

from gateway import app as service
from gateway import stopping
from gateway.app import Gateway
from tests.dashboard.rights.house import build


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
    monkeypatch.setattr(stopping, "AGAIN_S", 0.01)

    async def inside() -> bool:
        task = await started()
        stopping.stop(task)
        await asyncio.wait({task}, timeout=20)
        return task.cancelled()

    assert asyncio.run(inside())


def test_a_gateway_beside_others_ends_though_a_part_lost_its_cancellation(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As a demo ends: whoever waits for the end is not cancelled with it."""
    monkeypatch.setattr(stopping, "AGAIN_S", 0.01)
    gateway, arrived = build(tmp_path), asyncio.Event()

    async def parts(_: Gateway) -> None:
        await whole(arrived)

    monkeypatch.setattr(service, "run", parts)

    async def inside() -> bool:
        async with asyncio.timeout(20), service.running(gateway) as task:
            await arrived.wait()
        return task.cancelled()

    assert asyncio.run(inside())


def test_control_one_cancellation_does_not_end_such_a_task() -> None:
    async def inside() -> bool:
        task = await started()
        task.cancel()
        await asyncio.wait({task}, timeout=0.3)
        return task.done()

    assert not asyncio.run(inside())

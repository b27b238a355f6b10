"""Only an enrolled town with a certificate that is not revoked may send, and only as itself."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

from gateway.region.hub.enrolment import revoke
from gateway.region.protocol import LARGEST_BODY, encode_block
from gateway.region.records import EventRecord, PeriodRecord, SquareRecord
from tests.support.region.hub import RunningHub, Town, running_hub

pytestmark = pytest.mark.real
T = TypeVar("T")


def answers(database: str, scenario: Callable[[RunningHub, Town], Awaitable[T]]) -> T:
    """The result of a scenario with one enrolled town."""

    async def run() -> T:
        async with running_hub(database) as hub:
            return await scenario(hub, await hub.enrol("aso"))

    return asyncio.run(run())


async def _strangers(hub: RunningHub, town: Town) -> object:
    other = await hub.enrol("oguni", "B2")
    blocks = encode_block(town.block())
    found = []
    for headers in (
        {},
        {"X-Shishigaki-Town": "aso"},
        {"X-Shishigaki-Town": "aso", "X-Shishigaki-Serial": "B2"},
        other.headers,
        {"X-Shishigaki-Town": "aso", "X-Shishigaki-Serial": "FFFF"},
    ):
        town.headers = headers
        found.append(((await town.post(blocks)).status, (await town.ask()).status))
    nobody = Town(hub.http, hub.url, "nowhere")
    found.append(((await nobody.send(nobody.block())).status, (await nobody.ask()).status))
    return found


def test_a_request_without_the_towns_own_certificate_is_answered_403(region: str) -> None:
    assert answers(region, _strangers) == [(403, 403)] * 6


async def _revoked(hub: RunningHub, town: Town) -> object:
    before = (await town.send(town.block())).status
    assert await revoke(hub.owner, "aso", "admin") == ["A1"]
    reply = await town.send(town.block())
    renewed = await hub.enrol("aso", "C3")
    return before, reply.status, reply.answer.error, (await renewed.send(renewed.block())).status


def test_a_revoked_certificate_counts_no_longer_at_once_and_a_new_one_does(region: str) -> None:
    assert answers(region, _revoked) == (200, 403, "revoked", 200)


async def _refused(hub: RunningHub, town: Town) -> tuple[list[tuple[int, str]], int]:
    huge = 1 << 50
    bad = [
        town.block(days=(PeriodRecord("cam", huge, 0, 0),)),
        town.block(days=(PeriodRecord("cam", 20_000, -1, 0),)),
        town.block(hours=(PeriodRecord("cam", 480_000, 2**40, 0),)),
        town.block(squares=(SquareRecord("4931123", 20_000, 9, 1, 1),)),
    ]
    replies = [await town.send(block) for block in bad]
    replies += [await town.post(b"not a block"), await town.post(b"x" * (LARGEST_BODY + 1))]
    kept = await hub.owner.fetchval("SELECT count(*) FROM region.device")
    return [(one.status, one.answer.error) for one in replies], kept


def test_what_cannot_be_kept_is_refused_by_name_and_nothing_of_it_is_kept(region: str) -> None:
    replies, kept = answers(region, _refused)
    assert replies == [(400, "malformed")] * 5 + [(413, "too_large")]
    assert kept == 0


async def _extreme(hub: RunningHub, town: Town) -> object:
    far = 1 << 53
    strange = EventRecord(1, "名" * 512, "\U0001f417" * 512, "k", -far, far, "q", count=far)
    reply = await town.send(town.block(events=(strange,)))
    return reply.status, await hub.owner.fetchval("SELECT animals FROM region.event")


def test_an_event_with_the_most_extreme_times_and_names_is_kept(region: str) -> None:
    assert answers(region, _extreme) == (200, 1 << 53)

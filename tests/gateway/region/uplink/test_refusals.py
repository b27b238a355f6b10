"""What a region refuses: one record costs only itself, a fault that a person must correct is told at once."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from gateway.region.protocol import Block
from gateway.region.uplink.connection import Connection
from gateway.store import DiskError, Store, Transaction
from tests.gateway.export.influx.kit import filled
from tests.gateway.region.uplink.equal import check_equal
from tests.gateway.region.uplink.fake_region import FakeRegion, listening
from tests.gateway.region.uplink.kit import (
    drain,
    is_drained,
    make_uplink,
    sending,
    settings,
    until,
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(filled(tmp_path)) as opened:
        yield opened


@pytest.fixture
def region() -> FakeRegion:
    return FakeRegion()


@pytest.mark.parametrize("status", [401, 403, 404, 302])
def test_what_a_person_must_correct_is_a_fault_at_once(
    store: Store, region: FakeRegion, status: int
) -> None:
    region.fault = lambda _: status
    with listening(region) as url:

        async def act() -> str:
            uplink = make_uplink(store, settings(url))
            async with sending(uplink):
                await until(lambda: uplink.alarm.fault, "a fault")
                fault = uplink.alarm.fault
                region.fault = lambda _: 0
                await until(lambda: store.read_now(is_drained), "all")
                await until(lambda: not uplink.alarm.fault, "the end of the fault")
                return fault

        assert str(status) in asyncio.run(act())
    check_equal(store, region)


def test_a_record_that_is_refused_costs_only_itself(store: Store, region: FakeRegion) -> None:
    def refuse(block: Block | None) -> int:
        return 400 if block and any(e.no == 77 for e in block.events) else 0

    region.fault = refuse
    with listening(region) as url:
        asyncio.run(drain(make_uplink(store, settings(url)), store))
    assert len(region.rows("events")) == store.read_now(lambda r: r.region.head()) - 1
    assert list(region.upto.values()) == [store.read_now(lambda r: r.region.head())]


def test_a_region_that_refuses_everything_gets_nothing_set_aside(
    store: Store, region: FakeRegion
) -> None:
    region.fault = lambda block: 413 if block and block.events else 0
    with listening(region) as url:

        async def act() -> str:
            uplink = make_uplink(store, settings(url))
            async with sending(uplink):
                await until(lambda: uplink.alarm.fault, "a fault")
                return uplink.alarm.fault

        assert "refused" in asyncio.run(act())
    assert store.read_now(lambda r: r.region.upto()) == 0


def test_a_full_disk_at_the_town_ends_nothing_and_all_is_sent_afterwards(
    store: Store, region: FakeRegion, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: without the pause the error would end the gateway."""
    real, full = store.write, [True]

    async def write(act: Callable[[Transaction], Any]) -> Any:
        if full[0] and region.blocks:
            raise DiskError("the disk is full")
        return await real(act)

    with listening(region) as url:

        async def act() -> None:
            uplink = make_uplink(store, settings(url))
            monkeypatch.setattr(store, "write", write)
            async with sending(uplink):
                await until(lambda: len(region.blocks) > 2, "attempts")
                full[0] = False
                await until(lambda: uplink.rounds and store.read_now(is_drained), "all")

        asyncio.run(act())
    check_equal(store, region)


def test_the_pause_that_a_region_asks_for_is_kept(store: Store, region: FakeRegion) -> None:
    region.fault, region.retry_after = (lambda _: 503), "0.1"
    with listening(region) as url:

        async def act() -> float:
            uplink = make_uplink(store, settings(url))
            with Connection(settings(url)) as connection:
                return await uplink.round(connection)

        assert asyncio.run(act()) >= 0.1


def test_a_page_of_a_captive_portal_is_not_an_answer(store: Store, region: FakeRegion) -> None:
    region.fault = lambda _: 200  # with an `error` that no region gives
    with listening(region) as url:

        async def act() -> None:
            uplink = make_uplink(store, settings(url))
            async with sending(uplink):
                await until(lambda: uplink.failures > 2, "attempts")

        asyncio.run(act())
    assert store.read_now(lambda r: r.region.upto()) == 0

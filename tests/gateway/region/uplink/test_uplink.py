"""What a town has reaches its region: once, in full, corrections too, whatever the network does."""

import asyncio
import random
import shutil
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from gateway.domain.model import ActionKind, Alert, AlertLevel, Kind, TrapAction
from gateway.region.protocol import Block, Lane, Trouble
from gateway.region.uplink.blocks import Blocks, Job
from gateway.store import Store
from tests.gateway.export.influx.kit import absorb_all, filled
from tests.gateway.region.uplink.equal import check_equal
from tests.gateway.region.uplink.fake_region import (
    CUT_AFTER,
    CUT_BEFORE,
    FakeRegion,
    listening,
)
from tests.gateway.region.uplink.kit import (
    drain,
    is_drained,
    make_uplink,
    sending,
    settings,
    until,
)
from tests.support.samples import TOKYO, at, message, reading

ALERT = Alert(
    id="a1",
    rule="tamper",
    subject="dev-000",
    level=AlertLevel.CAPTURE,
    observed_at=at(0),
    opened_at=at(0),
)
ACTION = TrapAction(
    id="act-1", device="dev-000", deed=ActionKind.VISITED, at=at(1), by="ana", recorded_at=at(1)
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(filled(tmp_path)) as opened:
        yield opened


@pytest.fixture
def region() -> FakeRegion:
    return FakeRegion()


def test_all_that_a_town_has_reaches_its_region(store: Store, region: FakeRegion) -> None:
    store.write_now(lambda tx: tx.acts.add(ACTION))
    store.write_now(lambda tx: tx.alerts.open(ALERT, timedelta(0)))
    with listening(region) as url:
        asyncio.run(drain(make_uplink(store, settings(url, batch=50)), store))
    check_equal(store, region)
    assert set(region.rows("actions")) == {("act-1",)}
    assert ("a1",) in region.rows("alerts")
    assert (region.town.site, region.town.zone, region.town.level) == ("goto", "Asia/Tokyo", "")
    assert max(block.rows for block in region.blocks) <= 50


def test_what_changes_later_replaces_and_never_adds(store: Store, region: FakeRegion) -> None:
    with listening(region) as url:
        asyncio.run(drain(make_uplink(store, settings(url)), store))
        [event, *_] = [
            one
            for one in store.read_now(lambda r: r.latest_events(500))
            if one.kind is Kind.DETECTION
        ]
        store.write_now(lambda tx: tx.journal.revise(replace(event, species="bear"), "word"))
        store.write_now(lambda tx: tx.acts.add(ACTION))
        undo = replace(ACTION, id="act-2", replaces="act-1", is_undo=True)
        store.write_now(lambda tx: tx.acts.add(undo))
        absorb_all(
            store, [message(reading("dev-001", Kind.DETECTION, 5, species="boar", id_="late"))]
        )
        asyncio.run(drain(make_uplink(store, settings(url)), store))
    check_equal(store, region)
    assert region.rows("events")[event.device, event.id].species == "bear"
    assert {key[0]: one.counts for key, one in region.rows("actions").items()} == {
        "act-1": False,
        "act-2": False,
    }


@pytest.mark.parametrize("seed", range(3))
def test_whatever_the_network_does_nothing_is_lost_or_double(
    store: Store, region: FakeRegion, seed: int
) -> None:
    rng = random.Random(seed)
    faults = (CUT_BEFORE, CUT_AFTER, 503, 429, 500, 408)
    region.fault = lambda _: rng.choice(faults) if rng.random() < 0.5 else 0
    with listening(region) as url:
        asyncio.run(drain(make_uplink(store, settings(url, batch=40)), store, 60))
    check_equal(store, region)


def test_springs_and_alerts_overtake_a_long_backlog(store: Store, region: FakeRegion) -> None:
    with listening(region) as url:
        chosen = settings(url, batch=20)
        asyncio.run(drain(make_uplink(store, chosen), store))
        minutes = 60 * 24 * 30
        beats = [message(reading("dev-001", Kind.HEARTBEAT, minutes + n)) for n in range(300)]
        absorb_all(store, beats)
        absorb_all(store, [message(reading("dev-000", Kind.SPRUNG, minutes + 200, id_="live"))])
        store.write_now(lambda tx: tx.alerts.open(ALERT, timedelta(0)))
        begun = len(region.blocks)
        asyncio.run(drain(make_uplink(store, chosen), store))
    lanes = [block.lane for block in region.blocks[begun:]]
    carrying = next(
        n
        for n, block in enumerate(region.blocks[begun:])
        if any(e.id == "live" for e in block.events)
    )
    assert carrying < 3
    assert lanes[carrying] is Lane.URGENT
    assert len(lanes) > 15  # the backlog came behind it, in its order
    check_equal(store, region)


def test_a_spring_amid_a_backlog_goes_before_the_next_blocks(
    store: Store, region: FakeRegion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.region.uplink.uplink.URGENT_EVERY_S", 0.0)
    seen: list[int] = []

    def spring(block: Block | None) -> int:
        if block and block.lane is Lane.JOURNAL and not seen and block.up_to > 50:
            seen.append(len(region.blocks))
            absorb_all(store, [message(reading("dev-000", Kind.SPRUNG, 9_000, id_="live"))])
        return 0

    region.fault = spring
    with listening(region) as url:
        asyncio.run(drain(make_uplink(store, settings(url, batch=10)), store))
    at_block = next(
        n for n, block in enumerate(region.blocks) if any(e.id == "live" for e in block.events)
    )
    assert at_block <= seen[0] + 3
    check_equal(store, region)


@pytest.mark.long
def test_springs_that_never_end_do_not_hold_up_the_backlog(
    store: Store, region: FakeRegion, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: sent as long as there are any, they alone are sent."""
    monkeypatch.setattr("gateway.region.uplink.uplink.URGENT_EVERY_S", 0.0)
    before, count = store.read_now(lambda r: r.region.head()), [0]

    def spring(block: Block | None) -> int:
        if block and count[0] < 400 and not any(n >= before for n in region.upto.values()):
            count[0] += 1
            one = reading("dev-000", Kind.SPRUNG, 9_000 + count[0], id_=f"live-{count[0]}")
            absorb_all(store, [message(one)])
        return 0

    region.fault = spring
    with listening(region) as url:
        asyncio.run(drain(make_uplink(store, settings(url, batch=20)), store))
    assert count[0] < 400
    check_equal(store, region)


def test_a_region_rebuilt_empty_gets_everything_again(store: Store, region: FakeRegion) -> None:
    with listening(region) as url:

        async def act() -> None:
            uplink = make_uplink(store, settings(url))
            async with sending(uplink):
                await until(lambda: uplink.rounds and store.read_now(is_drained), "all")
                with region.lock:
                    region.forget()
                absorb_all(store, [message(reading("dev-001", Kind.HEARTBEAT, 9_000))])
                await until(lambda: len(region.rows("days")) > 5, "days")
                await until(lambda: store.read_now(is_drained), "all again")

        asyncio.run(act())
    check_equal(store, region)


@pytest.mark.parametrize("quiet_rounds", [4, 1_000_000])
def test_a_town_with_nothing_to_send_is_heard_and_finds_its_region_rebuilt(
    store: Store, region: FakeRegion, monkeypatch: pytest.MonkeyPatch, quiet_rounds: int
) -> None:
    monkeypatch.setattr("gateway.region.uplink.uplink.QUIET_ROUNDS", quiet_rounds)
    with listening(region) as url:

        async def act() -> None:
            uplink = make_uplink(store, settings(url))
            async with sending(uplink):
                await until(lambda: uplink.rounds and store.read_now(is_drained), "all")
                with region.lock:
                    region.forget()
                rounds = uplink.rounds
                await until(lambda: uplink.rounds > rounds + 10, "quiet rounds")
                if quiet_rounds < 1_000:
                    await until(lambda: region.rows("events"), "events again")
                    await until(lambda: store.read_now(is_drained), "all again")

        asyncio.run(act())
    if quiet_rounds < 1_000:
        check_equal(store, region)
    else:  # the control: a town that never asks does not find out
        assert not region.rows("events")


def test_a_region_put_back_to_an_earlier_state_gets_what_it_lost(
    store: Store, region: FakeRegion
) -> None:
    with listening(region) as url:
        asyncio.run(drain(make_uplink(store, settings(url)), store))
        region.kept["days"].clear()  # no event is missing
        region.version -= 1
        asyncio.run(drain(make_uplink(store, settings(url)), store))
    check_equal(store, region)


def test_a_second_gateway_of_the_same_town_stops_the_first_and_says_so(
    store: Store, region: FakeRegion, tmp_path: Path
) -> None:
    with listening(region) as url:

        async def act() -> str:
            first = make_uplink(store, settings(url))
            async with sending(first):
                await until(lambda: first.rounds, "a round")
                with closing(filled(tmp_path / "other", hours=1)) as other:
                    await drain(make_uplink(other, settings(url)), other)
                absorb_all(store, [message(reading("dev-001", Kind.HEARTBEAT, 9_000))])
                await until(lambda: first.alarm.fault, "a fault")
                return first.alarm.fault

        fault = asyncio.run(act())
    assert Trouble.SUPERSEDED in fault
    assert "another gateway" in fault


def test_a_database_put_back_by_hand_is_another_life(
    store: Store, region: FakeRegion, tmp_path: Path
) -> None:
    """Without `restore` the journal's name is the old one: the region's answer tells."""
    with listening(region) as url:
        asyncio.run(drain(make_uplink(store, settings(url)), store))
        store.close()
        copy = tmp_path / "copy.db"
        shutil.copy(store.path, copy)
        again = Store(store.path, TOKYO)
        absorb_all(again, [message(reading("dev-001", Kind.HEARTBEAT, 9_000, id_="gone"))])
        asyncio.run(drain(make_uplink(again, settings(url)), again))
        again.close()
        shutil.copy(copy, store.path)
        last = Store(store.path, TOKYO)
        absorb_all(last, [message(reading("dev-001", Kind.HEARTBEAT, 9_100, id_="other"))])
        absorb_all(last, [message(reading("dev-001", Kind.HEARTBEAT, 9_200, id_="more"))])
        asyncio.run(drain(make_uplink(last, settings(url)), last))
        journals = {block.journal for block in region.blocks}
        assert len(journals) == 2
        region.kept["events"].pop(("dev-001", "gone"))  # stays in the region, marked there
        check_equal(last, region)
        last.close()


def test_a_spring_while_the_urgent_ones_are_read_does_not_hold_up_the_journal(
    store: Store, region: FakeRegion, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = Blocks.urgent
    seen: list[int] = []

    async def interrupted(blocks: Blocks, after: int) -> Job | None:
        if not seen:
            seen.append(after)
            absorb_all(store, [message(reading("dev-000", Kind.SPRUNG, 9_000, id_="live"))])
        return await read(blocks, after)

    monkeypatch.setattr(Blocks, "urgent", interrupted)
    with listening(region) as url:
        asyncio.run(drain(make_uplink(store, settings(url)), store))
    urgent = [block for block in region.blocks if block.lane is Lane.URGENT]
    assert sum(event.id == "live" for block in urgent for event in block.events) in {1, 2}
    check_equal(store, region)

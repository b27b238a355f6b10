"""A hub keeps each record of a town once, in its newest version, and says 200 only for what is kept."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from msgspec.structs import replace

from gateway.domain.epoch import ms
from gateway.region.protocol import SESSION, Lane
from gateway.region.records import (
    ActionRecord,
    AgreementRecord,
    AlertRecord,
    DeviceRecord,
    EventRecord,
    PeriodRecord,
    RequestAnswer,
    TownRecord,
)
from tests.support.region.hub import NOON, RunningHub, Town, running_hub

pytestmark = pytest.mark.real
NOON_MS = ms(NOON)
DAY = NOON_MS // 86_400_000
Scenario = Callable[[RunningHub, Town], Awaitable[None]]


def with_town(database: str, scenario: Scenario) -> None:
    """Run a scenario with one enrolled town."""

    async def run() -> None:
        async with running_hub(database) as hub:
            await scenario(hub, await hub.enrol("aso"))

    asyncio.run(run())


def event(no: int, **more: object) -> EventRecord:
    """A detection with this number."""
    usual = EventRecord(
        no, f"cam-{no % 3}", f"e{no}", "detection", NOON_MS + no, NOON_MS + no, "device"
    )
    return replace(usual, **more)


def events(first: int, last: int) -> tuple[EventRecord, ...]:
    return tuple(event(no) for no in range(first, last + 1))


def journal_part(town: Town, after: int, up_to: int):  # type: ignore[no-untyped-def]
    return town.block(lane=Lane.JOURNAL, after=after, up_to=up_to, events=events(after + 1, up_to))


def test_a_block_sent_ten_times_is_kept_once_and_upto_can_be_asked(region: str) -> None:
    async def scenario(hub: RunningHub, town: Town) -> None:
        block = journal_part(town, 0, 20)
        replies = [await town.send(block) for _ in range(10)]
        assert {(one.status, one.answer.upto) for one in replies} == {(200, 20)}
        assert (await town.ask()).answer.upto == 20
        assert await hub.owner.fetchval("SELECT count(*) FROM region.event") == 20

    with_town(region, scenario)


def test_blocks_of_one_town_at_the_same_time_double_nothing(region: str) -> None:
    async def scenario(hub: RunningHub, town: Town) -> None:
        block = journal_part(town, 0, 50)
        urgent = town.block(lane=Lane.URGENT, events=events(40, 50))
        replies = await asyncio.gather(*(town.send(one) for one in [block, urgent] * 8))
        assert {one.status for one in replies} == {200}
        assert await hub.owner.fetchval("SELECT count(*) FROM region.event") == 50

    with_town(region, scenario)


def test_a_gap_is_answered_409_with_what_is_known_and_keeps_nothing(region: str) -> None:
    async def scenario(hub: RunningHub, town: Town) -> None:
        await town.send(journal_part(town, 0, 5))
        reply = await town.send(journal_part(town, 9, 12))
        assert (reply.status, reply.answer.error, reply.answer.upto) == (409, "gap", 5)
        assert await hub.owner.fetchval("SELECT count(*) FROM region.event") == 5

    with_town(region, scenario)


def test_an_urgent_event_is_there_before_its_turn_and_once_after_it(region: str) -> None:
    async def scenario(hub: RunningHub, town: Town) -> None:
        spring = event(9, kind="trap.sprung")
        reply = await town.send(town.block(lane=Lane.URGENT, events=(spring,)))
        assert (reply.status, reply.answer.upto) == (200, 0)
        assert await hub.owner.fetchval("SELECT kind FROM region.event") == "trap.sprung"
        await town.send(town.block(lane=Lane.JOURNAL, up_to=9, events=(*events(1, 8), spring)))
        assert await hub.owner.fetchval("SELECT count(*) FROM region.event") == 9

    with_town(region, scenario)


def test_a_restored_town_sends_again_under_a_new_journal_and_nothing_is_double(
    region: str,
) -> None:
    async def scenario(hub: RunningHub, town: Town) -> None:
        await town.send(journal_part(town, 0, 10))
        town.journal, town.session, town.blocks = "f" * 32, 2, 0
        again = tuple(event(no - 2) if no > 2 else event(no + 20) for no in range(1, 11))
        numbered = tuple(replace(one, no=no) for no, one in enumerate(again, 1))
        reply = await town.send(town.block(lane=Lane.JOURNAL, up_to=10, events=numbered))
        assert (reply.status, reply.answer.upto) == (200, 10)
        assert await hub.owner.fetchval("SELECT count(*) FROM region.event") == 12
        lost = await hub.owner.fetch("SELECT id FROM region.event_elsewhere ORDER BY id")
        assert [row["id"] for row in lost] == ["e10", "e9"]

    with_town(region, scenario)


def test_the_newer_version_of_a_record_stays_in_whatever_order_they_come(region: str) -> None:
    async def scenario(hub: RunningHub, town: Town) -> None:
        old = town.block(
            events=(event(1, species="dog"),),
            days=(PeriodRecord("cam-1", DAY, 1_000, 0, (("boar", 1, 1, 1),)),),
            alerts=(AlertRecord("a", "silent", "cam-1", "warning", "open", NOON_MS, NOON_MS),),
            actions=(ActionRecord("x", "cam-1", "captured", NOON_MS, NOON_MS, True, count=1),),
        )
        new = town.block(
            events=(event(1, species="boar"),),
            days=(PeriodRecord("cam-1", DAY, 2_000, 0),),
            alerts=(AlertRecord("a", "silent", "cam-1", "warning", "resolved", NOON_MS, NOON_MS),),
            actions=(ActionRecord("x", "cam-1", "captured", NOON_MS, NOON_MS, False, count=1),),
        )
        for block in (old, new, old, new, old):
            assert (await town.send(block)).status == 200
        get = hub.owner.fetch
        assert (await get("SELECT species FROM region.event"))[0][0] == "boar"
        assert (await get("SELECT alive_ms, species FROM region.roll_day"))[0] == ([2_000], [])
        assert (await get("SELECT status FROM region.alert"))[0][0] == "resolved"
        assert (await get("SELECT counts FROM region.action"))[0][0] is False

    with_town(region, scenario)


def test_a_block_of_an_older_session_is_refused_and_changes_nothing(region: str) -> None:
    async def scenario(hub: RunningHub, town: Town) -> None:
        old = town.block(events=events(1, 3))
        town.session = 2
        await town.send(town.block())
        reply = await town.send(old)
        assert (reply.status, reply.answer.error) == (409, "superseded")
        assert reply.answer.version // SESSION == 2
        assert await hub.owner.fetchval("SELECT count(*) FROM region.event") == 0

    with_town(region, scenario)


def test_places_are_kept_as_exact_as_the_town_gives_them_now(region: str) -> None:
    async def scenario(hub: RunningHub, town: Town) -> None:
        exact = DeviceRecord(
            "t1", "trap", "approved", "裏山", "北", "", "", 0, 33.1, 131.2, "49311234", "4931123"
        )
        await town.send(town.block(devices=(exact,)))
        assert await hub.owner.fetchval("SELECT count(*) FROM region.place_exact") == 1
        coarse = DeviceRecord("t1", "trap", "approved", mesh5km="4931123")
        await town.send(town.block(devices=(coarse,)))
        assert await hub.owner.fetchval("SELECT count(*) FROM region.place_exact") == 0
        squares = await hub.owner.fetch("SELECT level_km, code FROM region.place_square")
        assert [tuple(row) for row in squares] == [(5, "4931123")]
        assert await hub.owner.fetchval("SELECT name || area FROM region.device") == ""

    with_town(region, scenario)


def test_requests_are_handed_over_until_the_town_has_answered(region: str) -> None:
    async def scenario(hub: RunningHub, town: Town) -> None:
        number = await hub.owner.fetchval(
            "INSERT INTO region.request (town, kind, subject, text, organisation, by_user) "
            "SELECT no, 'acknowledge', 'a1', 'we go', no, '佐藤' FROM region.town RETURNING id::text"
        )
        first, second = (await town.send(town.block())).answer, (await town.ask()).answer
        assert first.requests == second.requests
        assert [(one.id, one.alert, one.by) for one in first.requests] == [(number, "a1", "佐藤")]
        answers = (RequestAnswer(number, "done", "", NOON_MS), RequestAnswer("?", "done", "", 0))
        assert (await town.send(town.block(answers=answers))).answer.requests == ()
        row = await hub.owner.fetchrow(
            "SELECT outcome, answered_at, carried_at FROM region.request"
        )
        assert row is not None
        assert row["outcome"] == "done"
        assert row["carried_at"] <= row["answered_at"]

    with_town(region, scenario)


def test_the_town_is_known_with_its_zone_its_clock_and_what_it_gives(region: str) -> None:
    async def scenario(hub: RunningHub, town: Town) -> None:
        record = TownRecord("aso", "阿蘇", "Asia/Tokyo", "1.0", "1km", 400)
        given = AgreementRecord("g1", "pref", "1km", 0, 4_102_444_800_000, DAY, None, 0)
        await town.send(town.block(town=record, agreements=(given,), sent_ms=NOON_MS))
        row = await hub.owner.fetchrow("SELECT * FROM region.town")
        assert row is not None
        assert (row["level"], row["retention_days"], row["program"]) == ("1km", 400, "1.0")
        assert row["clock_off_ms"] < 0
        assert row["heard_at"] is not None
        assert await hub.owner.fetchval("SELECT level_km FROM region.agreement") == 1

    with_town(region, scenario)


def test_partitions_are_there_two_months_ahead_and_made_again_where_they_are_missing(
    region: str,
) -> None:
    parts = (
        "SELECT inhrelid::regclass::text FROM pg_inherits "
        "WHERE inhparent = 'region.event'::regclass ORDER BY 1"
    )

    async def scenario(hub: RunningHub, town: Town) -> None:
        assert (await town.send(journal_part(town, 0, 2))).status == 200
        made = [row[0] for row in await hub.owner.fetch(parts)]
        assert len(made) == 3
        late = "SELECT region.make_partitions('2031-12-31 23:59:59+00')"
        assert [await hub.owner.fetchval(late) for _ in range(2)] == [3, 0]
        await hub.owner.execute(f"DROP TABLE {', '.join(made)}")
        missing = await town.send(journal_part(town, 2, 4))
        assert (missing.status, missing.answer.error) == (503, "away")
        assert (await town.send(journal_part(town, 2, 4))).status == 200

    with_town(region, scenario)

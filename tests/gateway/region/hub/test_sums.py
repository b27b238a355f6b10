"""What towns sent is what the hub adds up: by squares, by months and in the counts that towns compare."""

import asyncio
from collections.abc import Awaitable, Callable
from zoneinfo import ZoneInfo

import pytest

from gateway.domain.epoch import local_midnight, ms
from gateway.region.hub.squares import make_due
from gateway.region.protocol import DayCount, Lane
from gateway.region.records import (
    ActionRecord,
    AlertRecord,
    DeviceRecord,
    EventRecord,
    PeriodRecord,
    SquareRecord,
    TownRecord,
)
from tests.support.region.hub import RunningHub, Town, running_hub

pytestmark = pytest.mark.real
DAY = 20_000  # 2024-10-04
MIDNIGHT_MS = ms(local_midnight(DAY, ZoneInfo("Asia/Tokyo")))
HOUR = MIDNIGHT_MS // 3_600_000
NORTH, SOUTH = "4931123", "4930123"


def run(database: str, scenario: Callable[[RunningHub, Town], Awaitable[None]]) -> None:
    """Run a scenario with one enrolled town."""

    async def started() -> None:
        async with running_hub(database) as hub:
            await scenario(hub, await hub.enrol("aso"))

    asyncio.run(started())


def device(name: str, role: str, square: str) -> DeviceRecord:
    return DeviceRecord(name, role, "approved", mesh5km=square)


async def made(hub: RunningHub) -> None:
    """Every sum that is due is made, whoever of the hub's parts makes it."""
    while await hub.owner.fetchval("SELECT count(*) FROM region.square_due"):
        await make_due(hub.hub.receivers)


async def squares(hub: RunningHub, unit: str) -> list[tuple[object, ...]]:
    rows = await hub.owner.fetch(
        f"SELECT {unit}, code, devices, alive_ms, armed_ms FROM region.square_{unit} ORDER BY 1, 2"
    )
    return [tuple(row) for row in rows]


def days(*rows: tuple[str, int, int, int]) -> tuple[PeriodRecord, ...]:
    """Periods with one boar a day for cameras."""
    return tuple(
        PeriodRecord(name, at, alive, armed, (("boar", 3, 2, 4),) if name[0] == "c" else ())
        for name, at, alive, armed in rows
    )


def test_squares_and_months_are_the_sums_of_the_devices_in_them(region: str) -> None:
    async def scenario(hub: RunningHub, town: Town) -> None:
        registry = (
            device("c1", "detector", NORTH),
            device("c2", "detector", SOUTH),
            device("t1", "trap", NORTH),
            device("r1", "relay", NORTH),
        )
        await town.send(town.block(devices=registry))
        sent = days(
            ("c1", DAY, 10, 0),
            ("c2", DAY, 20, 0),
            ("t1", DAY, 50, 40),
            ("r1", DAY, 99, 0),
            ("c1", DAY + 1, 11, 0),
        )
        caught = ActionRecord("a", "t1", "captured", MIDNIGHT_MS, 0, True, species="boar", count=2)
        await town.send(town.block(days=sent, actions=(caught,)))
        await made(hub)
        north = (DAY, NORTH, 2, 10, 40)
        assert await squares(hub, "day") == [
            (DAY, SOUTH, 1, 20, 0),
            north,
            (DAY + 1, NORTH, 1, 11, 0),
        ]
        assert [row[1:] for row in await squares(hub, "month")] == [
            (SOUTH, 1, 20, 0),
            (NORTH, 2, 21, 40),
        ]
        seen = await hub.owner.fetch(
            "SELECT code, sum(independent), sum(animals) FROM region.square_month_seen GROUP BY 1 ORDER BY 1"
        )
        assert [tuple(map(str, row)) for row in seen] == [(SOUTH, "2", "4"), (NORTH, "4", "8")]
        assert await hub.owner.fetchval("SELECT sum(captures) FROM region.square_month_caught") == 1

    run(region, scenario)


def test_a_device_that_moves_or_changes_its_role_takes_its_history_along(region: str) -> None:
    async def scenario(hub: RunningHub, town: Town) -> None:
        await town.send(town.block(days=days(("c1", DAY, 10, 0), ("c1", DAY + 40, 10, 0))))
        await made(hub)
        assert await squares(hub, "day") == [], (
            "control: a device of an unknown role counts nowhere"
        )
        for square in (NORTH, SOUTH):
            await town.send(town.block(devices=(device("c1", "detector", square),)))
            await made(hub)
            assert {row[1] for row in await squares(hub, "day")} == {square}
            assert len(await squares(hub, "month")) == 2

    run(region, scenario)


def test_a_correction_replaces_and_a_repetition_adds_nothing(region: str) -> None:
    async def scenario(hub: RunningHub, town: Town) -> None:
        await town.send(town.block(devices=(device("c1", "detector", NORTH),)))
        first = town.block(days=days(("c1", DAY, 10, 0)))
        second = town.block(days=days(("c1", DAY, 7, 0)))
        for block in (first, second, first, second):
            await town.send(block)
            await made(hub)
        assert await squares(hub, "day") == [(DAY, NORTH, 1, 7, 0)]

    run(region, scenario)


def _all_kinds(town: Town) -> dict[str, object]:
    last_ms = MIDNIGHT_MS + 86_400_000 - 1
    return {
        "events": (
            EventRecord(1, "c1", "a", "detection", MIDNIGHT_MS, 0, "device", count=3),
            EventRecord(2, "c1", "b", "detection", last_ms, 0, "device"),
            EventRecord(3, "c1", "c", "heartbeat", last_ms + 1, 0, "device"),
        ),
        "hours": (
            PeriodRecord("c1", HOUR, 5, 0, (("boar", 1, 1, 2),)),
            PeriodRecord("c1", HOUR + 23, 6, 1),
            PeriodRecord("c1", HOUR + 24, 7, 0),
        ),
        "days": (PeriodRecord("c1", DAY, 11, 1, (("boar", 1, 1, 2),)),),
        "actions": (
            ActionRecord("x", "c1", "captured", MIDNIGHT_MS, 0, True, count=2),
            ActionRecord("y", "c1", "captured", last_ms, 0, False, count=2),
        ),
        "alerts": (
            AlertRecord("a", "silent", "c1", "info", "resolved", 0, last_ms, resolved_ms=1),
            AlertRecord("b", "silent", "c1", "info", "open", 0, last_ms, acknowledged_ms=1),
        ),
        "devices": (device("c1", "detector", NORTH), DeviceRecord("c2", "trap", "revoked")),
        "town": TownRecord("aso", "", "Asia/Tokyo", "1"),
    }


def test_the_counts_of_a_day_are_those_of_the_towns_own_calendar(region: str) -> None:
    async def scenario(hub: RunningHub, town: Town) -> None:
        await town.send(town.block(lane=Lane.JOURNAL, up_to=3, **_all_kinds(town)))
        last_ms = MIDNIGHT_MS + 86_400_000 - 1
        digest = await town.digest(DAY, DAY + 1)
        assert digest.upto == 3
        assert digest.days == (
            DayCount(0, "device", (2, 1)),
            DayCount(DAY, "action", (2, 1, 2)),
            DayCount(DAY, "alert", (2, 1, 1)),
            DayCount(DAY, "day", (11, 1, 1, 1, 2)),
            DayCount(DAY, "event.detection", (2, MIDNIGHT_MS + last_ms, 3)),
            DayCount(DAY, "hour", (11, 1, 1, 1, 2)),
        )

    run(region, scenario)


def test_a_row_deleted_or_changed_by_hand_changes_the_counts_and_sending_again_mends(
    region: str,
) -> None:
    async def scenario(hub: RunningHub, town: Town) -> None:
        parts = _all_kinds(town)
        await town.send(town.block(lane=Lane.JOURNAL, up_to=3, **parts))
        whole = await town.digest(DAY - 1, DAY + 2)
        for damage in (
            "DELETE FROM region.event WHERE id = 'b'",
            "UPDATE region.event SET observed_ms = observed_ms - 1 WHERE id = 'a'",
            "DELETE FROM region.roll_hour",
            "UPDATE region.roll_day SET alive_ms = '{12}'",
            "DELETE FROM region.action WHERE id = 'x'",
            "DELETE FROM region.alert WHERE id = 'a'",
        ):
            await hub.owner.execute(damage)
            assert await town.digest(DAY - 1, DAY + 2) != whole, damage
            await town.send(town.block(**parts))
            assert await town.digest(DAY - 1, DAY + 2) == whole, damage

    run(region, scenario)


def test_what_a_restored_town_does_not_send_again_is_kept_and_left_out_of_the_counts(
    region: str,
) -> None:
    async def scenario(hub: RunningHub, town: Town) -> None:
        await town.send(town.block(lane=Lane.JOURNAL, up_to=3, **_all_kinds(town)))
        town.journal, town.session, town.blocks = "f" * 32, 2, 0
        again = {"actions": _all_kinds(town)["actions"]}
        await town.send(town.block(**again))
        digest = await town.digest(DAY, DAY + 1)
        kinds = {one.what for one in digest.days if one.what not in {"hour", "day"}}
        assert kinds == {"device", "action"}
        assert digest.days[0] == DayCount(0, "device", (0, 0))
        kept = "SELECT (SELECT count(*) FROM region.alert), (SELECT count(*) FROM region.event)"
        assert tuple(await hub.owner.fetchrow(kept) or ()) == (2, 3)

    run(region, scenario)


async def _questions(hub: RunningHub, town: Town) -> list[int]:
    found = []
    asked = ["from=1", "from=a&to=2", f"from=0&to={10**9}", f"from={10**9}&to={10**9}"]
    asked += [f"from=1&to=2&after={after}" for after in (10**30, 1 << 63, -1, "x")]
    urls = [f"{hub.url}/uplink/aso/digest?journal={town.journal}&{days}" for days in asked]
    urls += [f"{hub.url}/uplink/aso/digest?journal=&from=1&to=2"]
    urls += [f"{hub.url}/uplink/aso?journal={journal}" for journal in ("", "%00", "x" * 32)]
    for url in urls:
        async with hub.http.get(url, headers=town.headers) as response:
            found.append(response.status)
    return found


def test_a_question_for_counts_that_cannot_be_answered_is_400(region: str) -> None:
    async def scenario(hub: RunningHub, town: Town) -> None:
        assert await _questions(hub, town) == [400] * 12

    run(region, scenario)


def test_a_hub_one_level_down_sends_sums_only_and_gets_its_months(region: str) -> None:
    async def scenario(hub: RunningHub, town: Town) -> None:
        below = await hub.enrol("pref", "D4", is_hub=True)
        sums = (
            SquareRecord(NORTH, DAY, 10, 100, 20, (("boar", 5, 10),)),
            SquareRecord(SOUTH, DAY, None, None, None),
        )
        assert (await below.send(below.block(squares=sums))).status == 200
        assert (await below.send(below.block(days=days(("c1", DAY, 1, 0))))).status == 400
        await made(hub)
        assert await squares(hub, "day") == [
            (DAY, SOUTH, None, None, None),
            (DAY, NORTH, 10, 100, 20),
        ]
        assert [row[1:] for row in await squares(hub, "month")] == [
            (SOUTH, None, None, None),
            (NORTH, 10, 100, 20),
        ]

    run(region, scenario)

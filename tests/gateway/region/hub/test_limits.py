"""Figures whose sums no column could hold are refused by name; what is there already costs only its town."""

import asyncio
from typing import Any

import asyncpg
import pytest

from gateway.region.hub.receive.limits import check_limits
from gateway.region.hub.squares import _make_town, make_due
from gateway.region.protocol import SESSION, BadBlockError, Block, Lane
from gateway.region.records import DeviceRecord, PeriodRecord, SquareRecord
from tests.support.region.hub import JOURNAL, RunningHub, Town, running_hub

DAY = 20_000
MOST = 1_000_000_000
TOO_MANY = tuple((f"kind-{n}", 1, 1, 1) for n in range(201))


def block(**parts: Any) -> Block:
    return Block(journal=JOURNAL, version=SESSION, lane=Lane.STATE, sent_ms=0, **parts)


@pytest.mark.parametrize(
    ("sightings", "named"),
    [
        ((("boar", MOST + 1, 1, 1),), "cam-7, boar: 1000000001"),
        ((("deer", 1, 1, 1), ("boar", 1, 1 << 53, 1)), f"cam-7, boar: {1 << 53}"),
        ((("boar", 1, 1, -1),), "cam-7, boar: -1"),
        (TOO_MANY, "cam-7: 201 species"),
    ],
)
@pytest.mark.parametrize("unit", ["hours", "days"])
def test_sightings_of_a_device_that_are_too_many_are_refused_by_its_name(
    sightings: tuple[Any, ...], named: str, unit: str
) -> None:
    wrong = PeriodRecord("cam-7", DAY, sightings=sightings)
    with pytest.raises(BadBlockError, match=named):
        check_limits(block(**{unit: (PeriodRecord("cam-1", DAY), wrong)}), is_hub=False)


@pytest.mark.parametrize(
    "parts",
    [
        {"devices": 10_001},
        {"devices": -1},
        {"alive_ms": 1 << 53},
        {"armed_ms": -1},
        {"sightings": (("boar", MOST + 1, None),)},
        {"sightings": (("boar", None, -1),)},
    ],
)
def test_sums_of_a_square_that_cannot_be_are_refused_by_its_code(parts: dict[str, Any]) -> None:
    told = {"devices": 1, "alive_ms": 1, "armed_ms": 1, **parts}
    with pytest.raises(BadBlockError, match="4931123"):
        check_limits(block(squares=(SquareRecord("4931123", DAY, **told),)), is_hub=True)


def test_control_the_largest_figures_and_hidden_ones_are_taken() -> None:
    most = (("boar", MOST, MOST, MOST),)
    check_limits(block(days=(PeriodRecord("c", DAY, sightings=most),)), is_hub=False)
    hidden = SquareRecord("4931123", DAY, None, None, None, (("boar", None, None),))
    check_limits(block(squares=(hidden,)), is_hub=True)


OVERFLOWING = f"""
UPDATE region.roll_day SET seen_device = seen_device || seen_device, species = species || species,
    records = records || records, independent = '{{{1 << 62},{1 << 62}}}', animals = animals || animals
WHERE town = (SELECT no FROM region.organisation WHERE id = 'aso');
INSERT INTO region.square_due SELECT town, day FROM region.roll_day
"""
OTHERS_DUE = "SELECT count(*) FROM region.square_due WHERE NOT town = ANY ($1::int[])"


async def _filled(hub: RunningHub) -> Town:
    """Two towns with a sighting each; one of them has more than any column holds."""
    for number, name in enumerate(("aso", "oguni")):
        town = await hub.enrol(name, f"A{number}")
        seen = (PeriodRecord("c", DAY, 1, 0, (("boar", 1, 1, 1),)),)
        camera = (DeviceRecord("c", "detector", "approved"),)
        assert (await town.send(town.block(devices=camera, days=seen))).status == 200
    await hub.owner.execute(OVERFLOWING)
    return town


@pytest.mark.real
def test_a_town_whose_sums_no_column_holds_costs_only_its_own_sums(region: str) -> None:
    """Control: made alone, the town's sums are an error of the database."""

    async def run() -> tuple[int, set[int], int]:
        async with running_hub(region) as hub:
            town, failed = await _filled(hub), set[int]()
            while not failed or await hub.owner.fetchval(OTHERS_DUE, [*failed]):
                await make_due(hub.hub.receivers, failed)
            async with hub.hub.receivers.acquire() as connection:
                with pytest.raises(asyncpg.NumericValueOutOfRangeError):
                    await _make_town(connection, *failed)
            made = "SELECT count(*) FROM region.square_day WHERE town <> $1 AND alive_ms = 1"
            due = await hub.owner.fetch("SELECT DISTINCT town FROM region.square_due")
            told = (await town.ask()).status
            return await hub.owner.fetchval(made, *failed), failed ^ {row[0] for row in due}, told

    made, otherwise, status = asyncio.run(run())
    assert (made, status) == (1, 200)
    assert not otherwise, "its days stay due, so that a mended program makes them"

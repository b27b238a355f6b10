"""How many events a second one receiver keeps, and how much its memory grows (`pytest -m long … -s`)."""

import asyncio
import time

import pytest

from gateway.region.protocol import MOST_ROWS, Lane
from gateway.region.records import EventRecord
from tests.support.region.hub import Town, running_hub
from tests.support.region.servers.postgres import Postgres

TOWNS, EVENTS = 20, 10_000  # of each
MOST_MB = 30.0  # more than at its start: pages of officials take most of what it has
START_MS = 1_767_225_600_000


def event(no: int) -> EventRecord:
    """A heartbeat or a detection with what a sensor tells."""
    kind, species = ("detection", "boar") if no % 5 == 0 else ("heartbeat", None)
    at_ms = START_MS + no * 60_000
    facts = {"battery_v": 3.6, "rssi_dbm": -90.0 - no % 20, "snr_db": 4.5}
    return EventRecord(
        no,
        f"d{no % 588:03}",
        f"d{no % 588:03}-1-{no}",
        kind,
        at_ms,
        at_ms + 900,
        "device",
        at_ms,
        1,
        no,
        species,
        facts=facts,
    )


async def _send_all(town: Town) -> None:
    for after in range(0, EVENTS, MOST_ROWS):
        up_to = min(after + MOST_ROWS, EVENTS)
        events = tuple(event(no) for no in range(after + 1, up_to + 1))
        block = town.block(lane=Lane.JOURNAL, after=after, up_to=up_to, events=events)
        assert (await town.send(block)).answer.upto == up_to


async def _rate(url: str) -> tuple[float, float, int, int]:
    async with running_hub(url, alone=True) as hub:
        towns = [await hub.enrol(f"town-{no}", f"{no + 1:X}") for no in range(TOWNS)]
        memory_mb, started = hub.memory_mb(), time.monotonic()
        await asyncio.gather(*(_send_all(town) for town in towns))
        seconds = time.monotonic() - started
        kept = await hub.owner.fetchval("SELECT count(*) FROM region.event")
        different = await hub.owner.fetchval(
            "SELECT count(DISTINCT (device, id)) FROM region.event"
        )
        return TOWNS * EVENTS / seconds, hub.memory_mb() - memory_mb, kept, different


@pytest.mark.long
@pytest.mark.real
def test_a_receiver_keeps_every_event_of_twenty_towns_at_once_in_bounded_memory() -> None:
    with Postgres({"shared_buffers": "256MB"}) as server:
        rate, memory_mb, kept, different = asyncio.run(_rate(server.create_database("events")))
    print(f"{TOWNS * EVENTS:,} events: {rate:,.0f}/s, the receiver's process {memory_mb:+.0f} MB")
    assert kept == different == TOWNS * EVENTS
    assert memory_mb < MOST_MB

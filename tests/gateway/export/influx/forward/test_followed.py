"""What is sent beside single events: closed hours, actions and reports of people, corrections."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from gateway.domain.model import ActionKind, Event, Kind, TrapAction
from gateway.domain.resident_reports import Sighting, SightingKind
from gateway.export.influx.readback.influx import InfluxHistory
from gateway.export.influx.responses import ServerAnswer
from gateway.export.influx.server import Server, connect
from gateway.store import Store
from tests.gateway.export.influx.forward.through import EVER, ask, check_complete, forward, prepare
from tests.gateway.export.influx.kit import (
    SITE,
    absorb_all,
    filled,
    following,
    forward_all,
    is_drained,
    is_walked,
    make_forwarder,
    settings,
    story,
    until,
)
from tests.support.samples import TOKYO, at, message, reading
from tests.support.servers import Influxd


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return filled(tmp_path)


def test_an_hour_is_written_only_when_it_is_closed(store: Store, influxd: Influxd) -> None:
    asyncio.run(prepare(influxd))

    async def scenario() -> list[int]:
        now = at(60 * 5 + 3)  # the fifth hour ended three minutes ago: not yet closed
        async with connect(settings(influxd)) as server:
            async with following(make_forwarder(store, settings(influxd), SITE, now)):
                closed = round(at(240).timestamp()) // 3600

                async def hours_sent() -> bool:
                    due = await store.read(lambda r: r.influx.due_hours(closed, 1))
                    return await is_walked(store) and not due

                await until(hours_sent, "closed hours to be sent")
            [tables] = await server.query("SELECT alive_ms FROM device_1h")
            return [row[0] // 3_600_000_000_000 for table in tables for row in table.values]

    hours = asyncio.run(scenario())
    assert max(hours) == round(at(240).timestamp()) // 3600 - 1
    forward(store, influxd)
    check_complete(store, influxd)


def test_what_people_did_is_there_without_their_names(store: Store, influxd: Influxd) -> None:
    act = TrapAction(
        id="a1",
        device="dev-000",
        deed=ActionKind.VISITED,
        at=at(70),
        by="tanaka",
        recorded_at=at(71),
        species="boar",
        count=2,
    )
    store.write_now(lambda tx: tx.acts.add(act))
    forward(store, influxd)

    [[table]] = ask(influxd, lambda server: server.query("SELECT * FROM act"))
    row = dict(zip(table.columns, table.values[0], strict=True))
    assert (row["kind"], row["device"], row["species"], row["n"]) == (
        "visited",
        "dev-000",
        "boar",
        2,
    )
    assert "tanaka" not in str(row)


@pytest.mark.parametrize("sent_before", [True, False])
def test_a_corrected_capture_counts_once_on_the_server(
    store: Store, influxd: Influxd, *, sent_before: bool
) -> None:
    deer = TrapAction(
        id="a1",
        device="dev-000",
        deed=ActionKind.CAPTURED,
        at=at(70),
        by="tanaka",
        recorded_at=at(71),
        species="deer",
        count=2,
    )
    store.write_now(lambda tx: tx.acts.add(deer))
    if sent_before:
        forward(store, influxd)
    for one in (
        replace(deer, id="a2", species="boar", replaces="a1"),
        replace(deer, id="a3", device="dev-001"),
        replace(deer, id="a4", device="dev-001", replaces="a3", is_undo=True),
    ):
        store.write_now(lambda tx, one=one: tx.acts.add(one))  # type: ignore[misc]
    forward(store, influxd)
    [[table]] = ask(influxd, lambda server: server.query("SELECT * FROM act"))
    rows = [dict(zip(table.columns, row, strict=True)) for row in table.values]
    assert sum(row["n"] for row in rows) == 2
    assert [row["species"] for row in rows if row["eid"]] == ["boar"]


def test_what_people_reported_is_there_once(store: Store, influxd: Influxd) -> None:
    seen = Sighting(
        id="s1",
        source="city",
        kind=SightingKind.DAMAGE,
        species="boar",
        day=at(0).date(),
        lat=32.7,
        lon=128.8,
        count=3,
        note="secret",
    )
    store.write_now(lambda tx: tx.sightings.add([seen]))
    forward(store, influxd)
    forward(store, influxd)
    [[table]] = ask(influxd, lambda server: server.query("SELECT * FROM report"))
    [row] = [dict(zip(table.columns, values, strict=True)) for values in table.values]
    assert (row["kind"], row["species"], row["n"], row["lat"]) == ("damage", "boar", 3, 32.7)
    assert "secret" not in str(row)


def test_an_event_whose_time_is_corrected_leaves_a_void_point(
    store: Store, influxd: Influxd
) -> None:
    forward(store, influxd)
    move = "UPDATE event SET observed_ms = observed_ms + 7200000 WHERE no = 5"
    store.write_now(lambda tx: tx.execute(move))
    forward(store, influxd)
    check_complete(store, influxd)
    moved = store.read_now(lambda r: r.events_after(4, 1))[0][1]

    async def read(server: Server) -> list[Event]:
        return [event async for event in InfluxHistory(server, SITE, TOKYO).events(*EVER)]

    assert [e for e in ask(influxd, read) if e.id == moved.id] == [moved]


def test_without_forwarding_no_changes_are_marked(store: Store) -> None:
    assert store.read_now(lambda r: r.influx.waiting()) == 0


def test_after_forwarding_was_switched_off_everything_is_sent_again(
    store: Store, influxd: Influxd
) -> None:
    forward(store, influxd)
    store.write_now(lambda tx: tx.influx.unfollow())
    absorb_all(store, story(store.read_now(lambda r: r.devices()), 33))
    assert store.read_now(lambda r: (r.influx.waiting(), r.influx.done())) == (0, [])
    forward(store, influxd)
    check_complete(store, influxd)


def test_a_change_is_never_overwritten_by_a_job_prepared_before(
    store: Store, influxd: Influxd
) -> None:
    """An hour changes while its old roll-up is on the way, and that is slow."""
    asyncio.run(prepare(influxd))
    late = message(reading("dev-001", Kind.DETECTION, 130, species="bear", seq=9_999))
    bodies: list[bytes] = []

    async def scenario() -> None:
        overtaken = asyncio.Event()
        async with connect(settings(influxd)) as server:

            async def write(body: bytes) -> ServerAnswer:
                first = b"device_1h" in body and not any(b"device_1h" in one for one in bodies)
                bodies.append(body)
                if b"species=bear" in body:
                    overtaken.set()
                if first:
                    await asyncio.to_thread(absorb_all, store, [late])
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(overtaken.wait(), 1.0)
                return await server.write(body)

            async with following(make_forwarder(store, settings(influxd), SITE), write):
                await until(overtaken_and_drained(store, overtaken), "everything to be forwarded")

    asyncio.run(scenario())
    check_complete(store, influxd)
    assert sum(b"device_1h" in body for body in bodies) > 1


def overtaken_and_drained(store: Store, told: asyncio.Event) -> Callable[[], Awaitable[bool]]:
    async def ask() -> bool:
        return told.is_set() and await is_drained(store)

    return ask


def test_an_hour_marked_as_due_without_a_roll_up_is_settled(store: Store, influxd: Influxd) -> None:
    store.write_now(lambda tx: tx.execute("INSERT INTO hour_due VALUES (1, 400000, 1, 1)"))
    forward(store, influxd)
    check_complete(store, influxd)


def test_rounds_shorter_than_a_job_still_make_progress(store: Store, influxd: Influxd) -> None:
    """As on a slow board, or with an interval of a tenth of a millisecond."""
    asyncio.run(prepare(influxd))
    asyncio.run(forward_all(store, settings(influxd, interval_s=0.0001), SITE))
    check_complete(store, influxd)

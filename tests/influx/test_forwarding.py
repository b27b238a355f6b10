"""Forwarding under every kind of trouble: in the end the server holds exactly what the journal holds."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import msgspec
import pytest

from gateway.config import Influx
from gateway.influx import forwarder as module
from gateway.influx.alarm import Alarm
from gateway.influx.delivery import Held, Later, Refusal, deliver
from gateway.influx.lines import Line
from gateway.influx.policy import Answer, Verdict, judge, say
from gateway.influx.sender import Job, Sender
from gateway.influx.server import QueryError, Server, _tables, connect, packs
from gateway.influx.setup import create
from gateway.influx.verify import Report, verify
from gateway.model import Act, Deed, Event, Kind
from gateway.past.influx import InfluxHistory
from gateway.sightings import Sighting, SightingKind
from gateway.store import Store
from tests.gateway.samples import T0, TOKYO, at, message, reading
from tests.influx.kit import (
    LATER,
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
from tests.influx.proxy import Choose, Fault, Proxy, proxy
from tests.servers import Influxd

T = TypeVar("T")
EVER = (T0 - timedelta(days=1), T0 + timedelta(days=9))


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_RETRY_S", 0.02)
    monkeypatch.setattr(module, "LONGEST_RETRY_S", 0.1)
    monkeypatch.setattr(module, "HELD_S", 0.05)


def report_of(store: Store, influxd: Influxd) -> Report:
    return ask(influxd, lambda server: verify(store, server, SITE, TOKYO, *EVER, LATER))


def check_complete(store: Store, influxd: Influxd) -> None:
    """`verify` finds no difference, and is not blind."""
    report = report_of(store, influxd)
    assert (report.differences, report.waiting, report.refused) == ([], 0, 0)
    assert report.events == store.read_now(lambda r: r.follower.head()) > 0


Watch = Callable[[Proxy, module.Forwarder], Awaitable[None]]


async def _nothing(_proxy: Proxy, _forwarder: module.Forwarder) -> None:
    return


def forward_through(
    store: Store, influxd: Influxd, choose: Choose, meanwhile: Watch = _nothing, **changes: object
) -> Proxy:
    """Forward everything through a proxy with faults; gives the proxy with what it counted."""

    async def scenario() -> Proxy:
        await prepare(influxd)
        async with proxy(influxd.port) as between:
            between.choose = choose
            chosen = settings(influxd, **{"url": between.url, "timeout_s": 0.5, **changes})
            forwarder = make_forwarder(store, chosen, SITE)
            async with following(forwarder):
                await meanwhile(between, forwarder)
                await until(lambda: is_drained(store), "everything to be forwarded")
            return between

    return asyncio.run(scenario())


async def prepare(influxd: Influxd) -> None:
    async with connect(settings(influxd)) as server:
        await create(server, settings(influxd))


def forward(store: Store, influxd: Influxd) -> None:
    """Forward everything, undisturbed."""

    async def scenario() -> None:
        await prepare(influxd)
        await forward_all(store, settings(influxd), SITE)

    asyncio.run(scenario())


def ask(influxd: Influxd, question: Callable[[Server], Awaitable[T]]) -> T:
    """One conversation with the server itself."""

    async def scenario() -> T:
        async with connect(settings(influxd)) as server:
            return await question(server)

    return asyncio.run(scenario())


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return filled(tmp_path)


def some(fault: Fault, *numbers: int) -> Choose:
    """The fault for these writes only."""
    return lambda path, number: fault if path.startswith("/write") and number in numbers else None


TROUBLES = {
    "busy": Fault(503, "busy", "Retry-After: 0\r\n"),
    "too_many": Fault(429, "slow down"),
    "broken": Fault(500, '{"error":"engine: no space left on device"}'),
    "slow": Fault(delay_s=0.8),
    "cut_before": Fault(cut="before"),
    "cut_after": Fault(cut="after"),
    "captive_portal": Fault(200, "<html>please log in</html>"),
    "moved": Fault(302, "", "Location: http://127.0.0.1:9/\r\n"),
    "wrong_token": Fault(401, '{"error":"authorization failed"}'),
    "no_database": Fault(404, '{"error":"database not found"}'),
    "too_large": Fault(413, "too large"),
    "whole_batch_refused": Fault(400, '{"error":"unable to parse"}'),
}


@pytest.mark.parametrize("name", TROUBLES)
def test_whatever_the_server_answers_nothing_is_lost(
    name: str, store: Store, influxd: Influxd
) -> None:
    forward_through(store, influxd, some(TROUBLES[name], 0, 2, 3))
    check_complete(store, influxd)


def test_verify_names_the_day_and_measure_that_differ(store: Store, influxd: Influxd) -> None:
    forward(store, influxd)
    drop = "DELETE FROM heartbeat WHERE device = 'dev-003'"
    ask(influxd, lambda server: server.query(drop, change=True))
    report = report_of(store, influxd)
    assert {row.what for row in report.differences} == {"heartbeat"}
    assert sum(row.journal - row.server for row in report.differences) == 30


def plant(influxd: Influxd, line: str) -> None:
    """Another writer was there first, with another type."""
    asyncio.run(prepare(influxd))
    body = f"{line} {int(T0.timestamp())}000000000".encode()
    assert ask(influxd, lambda server: server.write(body)).status == 204


def test_one_bad_point_costs_exactly_that_point(store: Store, influxd: Influxd) -> None:
    plant(influxd, 'heartbeat,device=x,site=other snr_db="loud"')
    odd = msgspec.structs.replace(reading("dev-000", Kind.HEARTBEAT, 60 * 31), snr_db=6.5)
    absorb_all(store, [message(odd)])
    head = store.read_now(lambda r: r.follower.head())
    absorb_all(store, story(store.read_now(lambda r: r.devices()), 40)[-99:])
    forward(store, influxd)
    report = report_of(store, influxd)
    assert report.refused == 1
    assert [(row.what, row.journal - row.server) for row in report.differences] == [
        ("heartbeat", 1)
    ]
    [(key, line, detail)] = store.read_now(lambda r: r.follower.refusals())
    assert key == f"event {head}"
    assert "snr_db=6.5" in line
    assert detail.startswith("400 ")
    assert "field type conflict" in detail


def test_a_planted_type_conflict_is_refused_and_heals_when_it_is_gone(
    store: Store, influxd: Influxd
) -> None:
    plant(influxd, "trap_event,device=x,site=other eid=5")
    forward(store, influxd)
    events = store.read_now(lambda r: [e for _, e in r.events_after(0, 9999)])
    traps = sum(e.kind in {Kind.SET, Kind.SPRUNG} for e in events)
    assert store.read_now(lambda r: r.follower.refused()) == traps > 0
    ask(influxd, lambda server: server.query("DROP MEASUREMENT trap_event", change=True))
    forward(store, influxd)  # a new start tries them again
    check_complete(store, influxd)


def test_a_held_server_is_a_fault_at_once_and_a_busy_one_after_an_hour(
    store: Store, influxd: Influxd
) -> None:
    seen: list[str] = []

    async def watch(between: Proxy, forwarder: module.Forwarder) -> None:
        async def fault() -> bool:
            return bool(forwarder.alarm.fault)

        await until(fault, "a fault to be told")
        seen.append(forwarder.alarm.fault)
        between.choose = lambda path, number: None

        async def well() -> bool:
            return not forwarder.alarm.fault

        await until(well, "the fault to be over")

    forward_through(store, influxd, lambda p, n: TROUBLES["wrong_token"], watch)
    assert seen == ["401 authorization failed"]
    check_complete(store, influxd)


def test_an_outage_is_told_when_it_lasts() -> None:
    now = [T0]
    alarm = Alarm(lambda: now[0])
    alarm.waits("ClientConnectorError")
    assert alarm.fault == ""
    now[0] = at(61)
    alarm.waits("ClientConnectorError")
    assert alarm.fault == "ClientConnectorError"
    alarm.well()
    assert alarm.fault == ""


def test_a_killed_server_loses_nothing_that_was_acknowledged(
    store: Store, influxd: Influxd
) -> None:
    def kill(times: int) -> Choose:
        left = [times]

        def choose(path: str, number: int) -> Fault | None:
            if path.startswith("/write") and number % 3 == 1 and left[0]:
                left[0] -= 1
                influxd.kill()
                influxd.restart()
                return Fault(cut="before")
            return None

        return choose

    forward_through(store, influxd, kill(3), batch=60)
    check_complete(store, influxd)


def test_a_gateway_killed_between_send_and_cursor_sends_again_without_doubling(
    store: Store, influxd: Influxd
) -> None:
    forward(store, influxd)
    store.write_now(lambda tx: tx.follower.put_done([(0, 100)]))
    forward(store, influxd)
    check_complete(store, influxd)


def test_new_events_go_before_the_backlog(store: Store, influxd: Influxd) -> None:
    asyncio.run(prepare(influxd))
    order: list[int] = []

    async def scenario() -> None:
        async with connect(settings(influxd)) as server:
            forwarder = make_forwarder(store, settings(influxd, batch=50), SITE)
            original = forwarder._settle

            async def noting(sender: Sender, job: Job, refused: list[Refusal]) -> None:
                if job.span:
                    order.append(job.span[1])
                await original(sender, job, refused)

            forwarder._settle = noting  # type: ignore[method-assign]
            async with following(forwarder, server.write):
                await until(lambda: is_drained(store), "everything to be forwarded")

    asyncio.run(scenario())
    head = store.read_now(lambda r: r.follower.head())
    assert order[0] == head
    assert order[1:] == sorted(order[1:])
    check_complete(store, influxd)


def test_the_backlog_keeps_to_its_rate(store: Store, influxd: Influxd) -> None:
    asyncio.run(prepare(influxd))

    async def scenario() -> float:
        chosen = settings(influxd, batch=20, backlog_per_s=400, interval_s=0.05)
        loop = asyncio.get_running_loop()
        begin = loop.time()
        async with following(make_forwarder(store, chosen, SITE)):
            await until(lambda: is_drained(store), "everything to be forwarded")
        return loop.time() - begin

    head = store.read_now(lambda r: r.follower.head())
    assert asyncio.run(scenario()) >= (head - 40) / 400 * 0.5
    check_complete(store, influxd)


def test_bodies_are_compressed_and_a_request_never_exceeds_its_batch(
    store: Store, influxd: Influxd
) -> None:
    between = forward_through(store, influxd, lambda path, number: None, batch=40, gzip="always")
    head = store.read_now(lambda r: r.follower.head())
    assert between.writes >= head / 40
    assert 0 < between.largest < 40 * 60  # a line has some 250 bytes
    check_complete(store, influxd)


def test_a_server_on_this_machine_is_sent_plain_lines(store: Store, influxd: Influxd) -> None:
    between = forward_through(store, influxd, lambda path, number: None, batch=40)
    assert between.largest > 40 * 60
    check_complete(store, influxd)
    far = "https://influx.example.jp"
    assert packs(Influx(url=far))
    assert not packs(Influx(url=far, gzip="never"))


def test_an_hour_is_written_only_when_it_is_closed(store: Store, influxd: Influxd) -> None:
    asyncio.run(prepare(influxd))

    async def scenario() -> list[int]:
        now = at(60 * 5 + 3)  # the fifth hour ended three minutes ago: not yet closed
        async with connect(settings(influxd)) as server:
            async with following(make_forwarder(store, settings(influxd), SITE, now)):
                closed = round(at(240).timestamp()) // 3600

                async def hours_sent() -> bool:
                    due = await store.read(lambda r: r.follower.due_hours((closed, 0), 1))
                    return await is_walked(store) and not due

                await until(hours_sent, "closed hours to be sent")
            [tables] = await server.query("SELECT alive_ms FROM effort_1h")
            return [row[0] // 3_600_000_000_000 for table in tables for row in table.values]

    hours = asyncio.run(scenario())
    assert max(hours) == round(at(240).timestamp()) // 3600 - 1
    forward(store, influxd)
    check_complete(store, influxd)


def test_what_people_did_is_there_without_their_names(store: Store, influxd: Influxd) -> None:
    act = Act(
        id="a1", device="dev-000", deed=Deed.VISITED, at=at(70), by="tanaka", recorded_at=at(71),
        species="boar", count=2,
    )  # fmt: skip
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


def test_what_people_reported_is_there_once(store: Store, influxd: Influxd) -> None:
    seen = Sighting(
        id="s1", source="city", kind=SightingKind.DAMAGE, species="boar", day=at(0).date(),
        lat=32.7, lon=128.8, count=3, note="secret",
    )  # fmt: skip
    store.write_now(lambda tx: tx.sightings.add([seen]))
    forward(store, influxd)
    forward(store, influxd)
    [[table]] = ask(influxd, lambda server: server.query("SELECT * FROM report"))
    [row] = [dict(zip(table.columns, values, strict=True)) for values in table.values]
    assert (row["kind"], row["species"], row["n"], row["lat"]) == ("damage", "boar", 3, 32.7)
    assert "secret" not in str(row)


def test_an_event_whose_time_is_corrected_leaves_its_old_place(
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


def test_nothing_is_noted_for_a_follower_that_is_not_there(store: Store) -> None:
    assert store.read_now(lambda r: r.follower.waiting()) == 0


def test_a_follower_that_left_begins_anew(store: Store, influxd: Influxd) -> None:
    forward(store, influxd)
    store.write_now(lambda tx: tx.follower.unfollow())
    absorb_all(store, story(store.read_now(lambda r: r.devices()), 33))
    assert store.read_now(lambda r: (r.follower.waiting(), r.follower.done())) == (0, [])
    forward(store, influxd)
    check_complete(store, influxd)


@pytest.mark.parametrize(
    ("status", "text", "verdict"),
    [
        (204, "", Verdict.DONE),
        (200, "{}", Verdict.HOLD),
        (400, "unable to parse", Verdict.SPLIT),
        (400, '{"error":"partial write: points beyond retention policy dropped=3"}', Verdict.DONE),
        (400, '{"error":"partial write: field type conflict dropped=3"}', Verdict.SPLIT),
        (422, "conflict", Verdict.SPLIT),
        (413, "", Verdict.SPLIT),
        (401, "", Verdict.HOLD),
        (403, "", Verdict.HOLD),
        (404, "", Verdict.HOLD),
        (302, "", Verdict.HOLD),
        (408, "", Verdict.LATER),
        (429, "", Verdict.LATER),
        (500, "", Verdict.LATER),
        (503, "", Verdict.LATER),
        (0, "TimeoutError", Verdict.LATER),
    ],
)
def test_each_answer_has_one_verdict(status: int, text: str, verdict: Verdict) -> None:
    assert judge(Answer(status, text)) is verdict


def test_the_answer_is_unwrapped_for_people() -> None:
    assert say(Answer(401, '{"error":"authorization failed"}')) == "401 authorization failed"
    assert say(Answer(502, "<html>\n bad ")) == "502 <html> bad"
    assert say(Answer(0, "TimeoutError")) == "TimeoutError"


def test_halving_finds_every_bad_line_and_no_other() -> None:
    bad, written = {3, 77, 78, 4_999}, []

    async def write(body: bytes) -> Answer:
        numbers = [int(n) for n in body.decode().split("\n")]
        if bad & set(numbers):
            return Answer(400, "bad")
        written.extend(numbers)
        return Answer(204)

    lines = [Line(f"event {n}", str(n)) for n in range(5_000)]
    refused = asyncio.run(deliver(write, lines))
    assert {int(one.line.text) for one in refused} == bad
    assert sorted(written) == sorted(set(range(5_000)) - bad)


@pytest.mark.parametrize(("status", "kind"), [(401, Held), (503, Later)])
def test_a_batch_that_cannot_go_now_says_why(status: int, kind: type[Exception]) -> None:
    async def write(_: bytes) -> Answer:
        return Answer(status, '{"error":"why"}')

    with pytest.raises(kind, match=f"{status} why"):
        asyncio.run(deliver(write, [Line("event 1", "x")]))


def test_an_error_inside_a_200_is_an_error() -> None:
    with pytest.raises(QueryError, match="database not found: x"):
        _tables('{"results":[{"statement_id":0,"error":"database not found: x"}]}')
    with pytest.raises(QueryError, match="not InfluxDB's JSON"):
        _tables("<html>")


def test_waiting_grows_with_failures_and_honours_the_server() -> None:
    waits = [module.wait_s(n, None, 0.999) for n in (1, 2, 3, 50)]
    assert waits == sorted(waits)
    assert waits[-1] <= module.LONGEST_RETRY_S
    assert module.wait_s(1, 0.09, 0.0) == 0.09

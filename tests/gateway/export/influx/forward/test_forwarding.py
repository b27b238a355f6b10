"""Forwarding with every kind of failure: in the end the server holds exactly what the journal holds."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from gateway.config import Influx
from gateway.domain.model import Kind
from gateway.export.influx.forward import forwarder as module
from gateway.export.influx.forward.delivery import RefusedPoint
from gateway.export.influx.forward.sender import Job, Sender
from gateway.export.influx.server import connect, is_compressed
from gateway.following import retry
from gateway.following.alarm import Alarm
from gateway.store import Store
from tests.gateway.export.influx.forward.proxy import Choose, Fault, Proxy
from tests.gateway.export.influx.forward.through import (
    ask,
    check_complete,
    forward,
    forward_through,
    prepare,
    report_of,
    some,
)
from tests.gateway.export.influx.kit import (
    SITE,
    absorb_all,
    filled,
    following,
    is_drained,
    make_forwarder,
    settings,
    story,
    until,
)
from tests.support.samples import T0, at, message, reading
from tests.support.servers import Influxd


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "FIRST_RETRY_S", 0.02)
    monkeypatch.setattr(retry, "LONGEST_RETRY_S", 0.1)
    monkeypatch.setattr(retry, "RETRY_HALTED_S", 0.05)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return filled(tmp_path)


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


def test_of_a_batch_with_one_bad_point_only_that_point_is_refused(
    store: Store, influxd: Influxd
) -> None:
    plant(influxd, 'heartbeat,device=x,site=other snr_db="loud"')
    odd = msgspec.structs.replace(reading("dev-000", Kind.HEARTBEAT, 60 * 31), snr_db=6.5)
    absorb_all(store, [message(odd)])
    head = store.read_now(lambda r: r.influx.head())
    absorb_all(store, story(store.read_now(lambda r: r.devices()), 40)[-99:])
    forward(store, influxd)
    report = report_of(store, influxd)
    assert report.refused == 1
    assert [(row.what, row.journal - row.server) for row in report.differences] == [
        ("heartbeat", 1)
    ]
    [(key, line, detail)] = store.read_now(lambda r: r.influx.refusals())
    assert key == f"event {head}"
    assert "snr_db=6.5" in line
    assert detail.startswith("400 ")
    assert "field type conflict" in detail


def test_points_with_a_type_conflict_are_refused_and_sent_when_it_is_gone(
    store: Store, influxd: Influxd
) -> None:
    plant(influxd, "trap_event,device=x,site=other eid=5")
    forward(store, influxd)
    events = store.read_now(lambda r: [e for _, e in r.events_after(0, 9999)])
    traps = sum(e.kind in {Kind.SET, Kind.SPRUNG} for e in events)
    assert store.read_now(lambda r: r.influx.refused()) == traps > 0
    ask(influxd, lambda server: server.query("DROP MEASUREMENT trap_event", change=True))
    forward(store, influxd)  # a new start tries them again
    check_complete(store, influxd)


def test_a_refusing_server_is_a_fault_at_once_and_a_busy_one_after_an_hour(
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


def test_an_outage_becomes_a_fault_when_it_lasts() -> None:
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
    store.write_now(lambda tx: tx.influx.put_done([(0, 100)]))
    forward(store, influxd)
    check_complete(store, influxd)


def test_new_events_go_before_the_backlog(store: Store, influxd: Influxd) -> None:
    asyncio.run(prepare(influxd))
    order: list[int] = []

    async def scenario() -> None:
        async with connect(settings(influxd)) as server:
            forwarder = make_forwarder(store, settings(influxd, batch=50), SITE)
            original = forwarder._settle

            async def noting(sender: Sender, job: Job, refused: list[RefusedPoint]) -> None:
                if job.span:
                    order.append(job.span[1])
                await original(sender, job, refused)

            forwarder._settle = noting  # type: ignore[method-assign]
            async with following(forwarder, server.write):
                await until(lambda: is_drained(store), "everything to be forwarded")

    asyncio.run(scenario())
    head = store.read_now(lambda r: r.influx.head())
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

    head = store.read_now(lambda r: r.influx.head())
    assert asyncio.run(scenario()) >= (head - 40) / 400 * 0.5
    check_complete(store, influxd)


def test_bodies_are_compressed_and_a_request_never_exceeds_its_batch(
    store: Store, influxd: Influxd
) -> None:
    between = forward_through(store, influxd, lambda path, number: None, batch=40, gzip="always")
    head = store.read_now(lambda r: r.influx.head())
    assert between.writes >= head / 40
    assert 0 < between.largest < 40 * 60  # a line has some 250 bytes
    check_complete(store, influxd)


def test_a_server_on_this_machine_is_sent_plain_lines(store: Store, influxd: Influxd) -> None:
    between = forward_through(store, influxd, lambda path, number: None, batch=40)
    assert between.largest > 40 * 60
    check_complete(store, influxd)
    far = "https://influx.example.jp"
    assert is_compressed(Influx(url=far))
    assert not is_compressed(Influx(url=far, gzip="never"))

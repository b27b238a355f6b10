"""What a server acknowledged and lost in an outage comes back by itself."""

import asyncio
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from gateway.domain.epoch import ms
from gateway.domain.model import Kind
from gateway.export.influx.forward.forwarder import RETRY_COMPARISON, Forwarder
from gateway.export.influx.forward.lost_writes import MAY_BE_LOST_FOR, RecentWrites, days_of
from gateway.export.influx.forward.sender import Sender
from gateway.export.influx.responses import ServerAnswer
from gateway.export.influx.server import QueryError, Server
from gateway.export.influx.verify import Difference
from gateway.store import Store
from tests.gateway.export.influx.forward.through import check_complete, report_of
from tests.gateway.export.influx.kit import (
    LATER,
    SITE,
    absorb_all,
    database,
    filled,
    following,
    is_drained,
    make_forwarder,
    settings,
    until,
)
from tests.support.samples import T0, TOKYO, at, message, reading
from tests.support.servers import Influxd

FORGOTTEN = ("device_1d", "device_1h", "detection", "detection_1mo")


def test_lost_points_are_looked_for_from_the_oldest_recent_point_on() -> None:
    now = [T0]
    recent = RecentWrites(lambda: now[0])
    recent.failed()
    assert recent.since_ms is None  # nothing was ever sent
    recent.sent(50)
    now[0] += MAY_BE_LOST_FOR
    recent.sent(200)
    recent.failed()
    assert recent.since_ms == 50  # it is between MAY_BE_LOST_FOR and twice that old
    recent.since_ms = None
    now[0] += MAY_BE_LOST_FOR
    recent.sent(300)
    now[0] += MAY_BE_LOST_FOR
    recent.sent(400)
    recent.failed()
    assert recent.since_ms == 300


def test_of_a_month_that_differs_all_days_are_sent_again() -> None:
    def differs(day: date, what: str) -> Difference:
        return Difference(day, what, 1, 0)

    hour = differs(date(2026, 11, 20), "device_1h.alive_ms")
    assert days_of([hour]) == (date(2026, 11, 20), date(2026, 11, 20))
    month = differs(date(2026, 12, 1), "device_1mo.alive_ms")
    assert days_of([month, hour]) == (date(2026, 11, 20), date(2026, 12, 31))


def amid_an_outage(
    store: Store, influxd: Influxd, forget: bool, asked: Callable[[Forwarder], bool]
) -> None:
    """Forward, take the server away, let it have forgotten something, bring it back."""

    async def scenario() -> None:
        chosen = settings(influxd)
        forwarder = make_forwarder(store, chosen, SITE)

        async def is_whole() -> bool:
            return forwarder.marked_complete_at is not None and await is_drained(store)

        async def noticed() -> bool:
            return forwarder.failures > 0

        async def is_over() -> bool:
            return await is_drained(store) and forwarder.failures == 0 and asked(forwarder)

        async with database(chosen) as server, following(forwarder):
            await until(is_whole, "everything to be forwarded")
            if forget:
                for name in FORGOTTEN:
                    await server.query(f"DROP MEASUREMENT {name}", change=True)
            influxd.kill()
            absorb_all(store, [message(reading("dev-000", Kind.HEARTBEAT, 60 * 50, seq=9_000))])
            await until(noticed, "the outage to be noticed")
            influxd.restart()
            await until(is_over, "everything to be forwarded again")

    asyncio.run(scenario())


def is_sure(forwarder: Forwarder) -> bool:
    return forwarder.recent_writes.since_ms is None


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return filled(tmp_path)


def test_what_the_server_lost_in_an_outage_is_sent_again(
    store: Store, influxd: Influxd, caplog: pytest.LogCaptureFixture
) -> None:
    amid_an_outage(store, influxd, True, is_sure)
    check_complete(store, influxd)
    assert "2026-11-01 to 2026-11-30 are sent again" in caplog.text


def test_after_an_outage_without_loss_nothing_is_sent_again(
    store: Store, influxd: Influxd, caplog: pytest.LogCaptureFixture
) -> None:
    amid_an_outage(store, influxd, False, is_sure)
    check_complete(store, influxd)
    assert "sent again" not in caplog.text


def test_control_without_the_comparison_lost_points_stay_lost(
    store: Store, influxd: Influxd, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def trustful(*_: object) -> None:
        return

    monkeypatch.setattr(Forwarder, "_send_lost", trustful)
    amid_an_outage(store, influxd, True, lambda _: True)
    assert report_of(store, influxd).differences != []


def test_a_server_that_may_only_be_written_to_is_asked_once_an_hour(
    store: Store,
    influxd: Influxd,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    now = [LATER]
    asked: list[datetime] = []

    async def refuse(*_: object, **__: object) -> list[object]:
        asked.append(now[0])
        raise QueryError("403 forbidden")

    async def scenario() -> None:
        chosen = settings(influxd)
        forwarder = make_forwarder(store, chosen, SITE)
        forwarder._clock = lambda: now[0]
        async with database(chosen):
            monkeypatch.setattr(Server, "query", refuse)
            forwarder.recent_writes.since_ms = ms(at(0))

            async def has_gone_on() -> bool:
                return forwarder.rounds > rounds + 3

            async with following(forwarder):
                for _ in range(2):
                    rounds = forwarder.rounds
                    await until(has_gone_on, "some rounds")
                    now[0] += RETRY_COMPARISON

    asyncio.run(scenario())
    assert [(one - LATER) // timedelta(hours=1) for one in asked] == [0, 1]
    assert "cannot be compared with the journal" in caplog.text


def test_journal_numbers_without_events_start_no_comparison(store: Store, influxd: Influxd) -> None:
    """A span of the journal without a row is settled without a line: nothing was acknowledged."""
    store.write_now(lambda tx: tx.execute("DELETE FROM event"))
    forwarder = make_forwarder(store, settings(influxd), SITE)

    async def scenario() -> None:
        sender = Sender(store, acknowledge, SITE, TOKYO, lambda: LATER, 500)
        await forwarder._settle(sender, await sender.prepare((0, 100)), [])

    asyncio.run(scenario())
    assert store.read_now(lambda r: r.influx.done()) == [(0, 100)]
    forwarder.recent_writes.failed()
    assert forwarder.recent_writes.since_ms is None


async def acknowledge(_: bytes) -> ServerAnswer:
    return ServerAnswer(204, "")

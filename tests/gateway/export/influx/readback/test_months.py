"""Sums over many months: InfluxDB adds up months and the days around them, as the gateway does."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from gateway.domain.epoch import day_number
from gateway.domain.model import Device, Kind, Message, Role
from gateway.export.influx.forward.forwarder import Forwarder
from gateway.export.influx.forward.metrics import Meters
from gateway.export.influx.readback import History, HistoryUnreadableError
from gateway.export.influx.readback.embedded import EmbeddedHistory
from gateway.export.influx.readback.influx import InfluxHistory
from gateway.export.influx.server import Server
from gateway.export.influx.verify import VerifyReport, verify
from gateway.store import Store
from tests.gateway.export.influx.forward.through import ask, forward
from tests.gateway.export.influx.kit import SITE, absorb_all, database, following, settings, until
from tests.support.samples import T0, TOKYO, message, open_store, reading
from tests.support.servers import Influxd

DAYS = 130
NOW = T0 + timedelta(days=DAYS)
FLEET = [Device(id=f"cam-{n}", role=Role.DETECTOR, heartbeat_s=86_400) for n in range(4)]
SPECIES = ("boar", "deer", "unknown")


def day(month: int, number: int = 1, year: int = 2026) -> datetime:
    return datetime(year, month, number, tzinfo=TOKYO)


SPANS = {
    "whole months": (day(11), day(2, year=2027)),
    "a month": (day(12), day(1, year=2027)),
    "days of two months": (day(11, 20), day(12, 9)),
    "months and days around": (day(11, 5), day(2, 20, 2027)),
    "a month that is not over": (day(3, year=2027), day(4, year=2027)),
    "hours": (day(11) + timedelta(hours=5), day(12) + timedelta(hours=7)),
    "ever": (day(1), day(12, year=2027)),
}


def diary() -> list[Message]:
    """Four months of four cameras; the last of them never told a species."""
    all_answers = []
    for number, device in enumerate(FLEET):
        for half_day in range(2 * DAYS):
            minute = half_day * 720 + number
            all_answers.append(reading(device.id, Kind.HEARTBEAT, minute, seq=2 * half_day))
            if (half_day + number) % 3 == 0:
                species = SPECIES[half_day % 3] if number < 3 else "unknown"
                all_answers.append(
                    reading(
                        device.id,
                        Kind.DETECTION,
                        minute + 60,
                        species=species,
                        seq=2 * half_day + 1,
                    )
                )
    return [message(one) for one in all_answers]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = open_store(tmp_path, *FLEET)
    absorb_all(store, diary(), NOW)
    return store


async def all_answers(history: History, span: tuple[datetime, datetime]) -> list[object]:
    """Everything that is added up over a time."""
    return [
        await history.totals(*span),
        await history.totals(*span, "boar"),
        await history.effort(*span),
        await history.species(*span),
        await history.blind(*span),
        await history.span(),
    ]


def check_alike(store: Store, influxd: Influxd) -> None:
    own = EmbeddedHistory(store, TOKYO)
    for name, span in SPANS.items():
        expected = asyncio.run(all_answers(own, span))
        found = ask(influxd, lambda s, at=span: all_answers(InfluxHistory(s, SITE, TOKYO), at))  # type: ignore[misc]
        assert found == expected, name
        assert all(expected), name


def fold(store: Store) -> None:
    while store.write_now(lambda tx: tx.months.fold(day_number(NOW))):
        pass
    assert store.read_now(lambda r: r.own_period_reads.parts(20_000, 30_000))[1][0] == "month"


def test_sums_over_months_are_those_of_the_gateway(store: Store, influxd: Influxd) -> None:
    forward(store, influxd, NOW)
    check_alike(store, influxd)
    fold(store)  # what the gateway adds up for itself changes nothing
    check_alike(store, influxd)


def test_a_late_event_corrects_its_month(store: Store, influxd: Influxd) -> None:
    forward(store, influxd, NOW)
    fold(store)
    late = [
        message(reading("cam-1", Kind.DETECTION, 60 * n, species="boar", seq=9_000 + n))
        for n in (30, 99)
    ]
    before = store.read_now(lambda r: r.own_period_reads.sums(0, 30_000))
    absorb_all(store, late, NOW)
    assert store.read_now(lambda r: r.own_period_reads.sums(0, 30_000)) != before
    forward(store, influxd, NOW)
    check_alike(store, influxd)


def test_a_year_is_read_from_months_and_not_from_days(
    store: Store, influxd: Influxd, monkeypatch: pytest.MonkeyPatch
) -> None:
    forward(store, influxd, NOW)
    asked: list[str] = []
    original = Server.query

    async def noting(self: Server, text: str, **more: bool) -> object:
        asked.append(text)
        return await original(self, text, **more)

    monkeypatch.setattr(Server, "query", noting)
    ask(influxd, lambda s: InfluxHistory(s, SITE, TOKYO).totals(day(1), day(1, year=2027)))
    assert [text.split(" FROM ")[1].split()[0] for text in asked] == ["whole", "device_1mo"]


def report_of(store: Store, influxd: Influxd) -> VerifyReport:
    span = (T0 - timedelta(days=2), NOW + timedelta(days=1))
    return ask(influxd, lambda s: verify(store, s, SITE, TOKYO, *span, NOW))


@pytest.mark.parametrize(
    "measurement", ["device_1mo", "detection_1mo", "device_1d", "detection_1d"]
)
def test_verify_finds_sums_that_are_missing(
    measurement: str, store: Store, influxd: Influxd
) -> None:
    forward(store, influxd, NOW)
    assert report_of(store, influxd).differences == []
    ask(influxd, lambda s: s.query(f"DROP MEASUREMENT {measurement}", change=True))
    wrong = report_of(store, influxd).differences
    assert {one.what.split(".")[0] for one in wrong} == {measurement}
    assert {one.server for one in wrong} == {0}
    firsts = [day(11), day(12), day(1, year=2027), day(2, year=2027)]  # March is not over
    if measurement.endswith("mo"):
        assert sorted({one.day for one in wrong}) == [first.date() for first in firsts]


def test_no_sum_is_made_of_a_history_that_is_not_completely_sent(
    store: Store, influxd: Influxd
) -> None:
    forward(store, influxd, NOW)
    with pytest.raises(HistoryUnreadableError, match="not all there yet"):
        ask(influxd, lambda s: InfluxHistory(s, "another", TOKYO).totals(*SPANS["ever"]))
    ask(influxd, lambda s: s.query("DROP MEASUREMENT whole", change=True))
    with pytest.raises(HistoryUnreadableError, match="not all there yet"):
        ask(influxd, lambda s: InfluxHistory(s, SITE, TOKYO).species(*SPANS["ever"]))
    forward(store, influxd, NOW)  # every start says so again
    check_alike(store, influxd)


def test_the_mark_of_a_complete_history_is_written_every_day(
    store: Store, influxd: Influxd
) -> None:
    """Where the server keeps a month only, it would soon be forgotten."""
    now = [NOW]

    async def scenario() -> int:
        chosen = settings(influxd)
        async with database(chosen) as server:
            forwarder = Forwarder(
                store, chosen, SITE, TOKYO, Meters(CollectorRegistry()), lambda: now[0]
            )

            async def is_whole() -> bool:
                return forwarder.marked_complete_at == now[0]

            async with following(forwarder):
                for _ in range(3):
                    await until(is_whole, "the past to be called whole")
                    now[0] += timedelta(days=1)
            [[table]] = await server.query("SELECT layout FROM whole")
            return len(table.values)

    assert asyncio.run(scenario()) == 3

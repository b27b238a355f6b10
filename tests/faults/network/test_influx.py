"""InfluxDB in trouble for long: killed, gone for days, full, slow; nothing is missing, nobody waits.

The short forms of these stand in tests/gateway/export/influx/forward/test_forwarding.py.
"""

import asyncio
import contextlib
import random
import statistics
import sys
import time
import tracemalloc
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from gateway.domain.model import Kind
from gateway.export.influx.forward import forwarder as module
from gateway.export.influx.forward.sender import Job, Sender
from gateway.following import retry
from gateway.ingest.messages.batch import absorb
from gateway.store import Store
from tests.faults.disk.smalldisk import small_file_system
from tests.gateway.export.influx.forward.proxy import Fault, proxy
from tests.gateway.export.influx.forward.through import prepare, report_of
from tests.gateway.export.influx.kit import (
    LATER,
    SITE,
    absorb_all,
    devices,
    filled,
    following,
    is_drained,
    make_forwarder,
    settings,
    story,
    until,
)
from tests.support.samples import decode, message, open_store, reading
from tests.support.servers import Influxd, free_port

pytestmark = pytest.mark.long


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "FIRST_RETRY_S", 0.02)
    monkeypatch.setattr(retry, "LONGEST_RETRY_S", 0.2)
    monkeypatch.setattr(retry, "RETRY_HALTED_S", 0.1)


def print_figure(text: str) -> None:
    sys.stdout.write(f"\n{text}\n")


def check_complete(store: Store, influxd: Influxd) -> None:
    """`verify` finds no difference."""
    report = report_of(store, influxd)
    assert (report.differences, report.waiting, report.refused) == ([], 0, 0)
    assert report.events == store.read_now(lambda r: r.influx.head()) > 0
    print_figure(f"verify: {report.events:,} events, no difference")


def forward_amid_kills(store: Store, influxd: Influxd) -> int:
    """Forward everything while the server is killed again and again, up to 50 times; gives how often."""
    kills, wanted, luck = [0], asyncio.Event(), random.Random(3)

    def choose(path: str, number: int) -> Fault | None:
        if path.startswith("/write") and kills[0] < 50 and number % 2 == 0:
            wanted.set()
        return None

    async def killer() -> None:
        """Kill some moments after a write has gone to the server: before, amid and after its work."""
        while True:
            await wanted.wait()
            wanted.clear()
            await asyncio.sleep(luck.random() * 0.01)
            influxd.kill()
            influxd.restart()  # here, not in a thread: the server ends with the thread that began it
            kills[0] += 1

    async def scenario() -> None:
        await prepare(influxd)
        async with proxy(influxd.port) as between:
            between.choose = choose
            chosen = settings(influxd, url=between.url, timeout_s=2.0, batch=100)
            hunt = asyncio.create_task(killer(), name="killer")
            forwarder = make_forwarder(store, chosen, SITE)

            async def is_sure() -> bool:
                return await is_drained(store) and forwarder.recent_writes.since_ms is None

            async with following(forwarder):
                await until(is_sure, "everything to be forwarded", 180)
            hunt.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await hunt

    asyncio.run(scenario())
    print_figure(f"killed {kills[0]} times")
    return kills[0]


def test_killed_in_mid_batch_fifty_times_it_holds_exactly_the_journal(
    tmp_path: Path, influxd: Influxd
) -> None:
    store = filled(tmp_path, count=40, hours=120)
    assert forward_amid_kills(store, influxd) >= 50
    check_complete(store, influxd)


def test_control_a_cursor_that_moves_before_the_answer_loses_points_and_verify_finds_them(
    tmp_path: Path, influxd: Influxd, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = filled(tmp_path, count=40, hours=120)

    async def carry_hastily(
        self: module.Forwarder, sender: Sender, job: Job, before: object
    ) -> None:
        await self._settle(sender, job, [])
        await sender.deliver(job)

    async def trust(self: module.Forwarder, _: Sender) -> None:
        self.recent_writes.since_ms = None

    monkeypatch.setattr(module.Forwarder, "_carry", carry_hastily)
    monkeypatch.setattr(module.Forwarder, "_send_lost", trust)
    assert forward_amid_kills(store, influxd) > 0
    report = report_of(store, influxd)
    lost = sum(d.journal - d.server for d in report.differences if "." not in d.what)
    print_figure(f"control: verify misses {lost:,} of {report.events:,} events")
    assert report.waiting == 0
    assert lost > 0


async def spring(store: Store, number: int) -> float:
    """How long a trap's alert takes to be durable, in ms."""
    one = message(reading("dev-000", Kind.SPRUNG, 60 * 73 + number, id_=f"spring-{number}"))
    begin = time.perf_counter()
    await store.write(partial(absorb, messages=[one], decode=decode, now=LATER))
    return (time.perf_counter() - begin) * 1000


async def springs_until_drained(store: Store) -> list[float]:
    """What alerts take while the past is caught up."""
    taken: list[float] = []
    while not await is_drained(store):
        taken.append(await spring(store, 200 + len(taken)))
        await asyncio.sleep(0.01)
        if len(taken) > 500:
            break
    await until(lambda: is_drained(store), "everything to be forwarded", 180)
    return taken


def say_times(name: str, figures: list[float]) -> None:
    p99 = statistics.quantiles(figures, n=100)[98] if len(figures) > 1 else figures[0]
    print_figure(
        f"alert durable, server {name}: median {statistics.median(figures):.1f} ms, p99 {p99:.1f} ms"
    )


def test_three_days_without_the_server_cost_neither_memory_nor_alerts(
    tmp_path: Path, influxd: Influxd
) -> None:
    """72 h of a fleet of 200, taken in while nobody listens, and then caught up."""
    fleet = devices(200)
    store = open_store(tmp_path, *fleet)
    messages = story(fleet, 72)
    asyncio.run(prepare(influxd))
    influxd.kill()
    peaks: dict[str, float] = {}

    async def scenario() -> tuple[list[float], list[float]]:
        forwarder = make_forwarder(store, settings(influxd, timeout_s=1.0, batch=1000), SITE)
        async with following(forwarder):
            for start in range(0, len(messages), 1000):
                part = messages[start : start + 1000]
                await store.write(partial(absorb, messages=part, decode=decode, now=LATER))
            down = [await spring(store, n) for n in range(200)]
            peaks["down"] = tracemalloc.get_traced_memory()[1] / 1e6
            tracemalloc.reset_peak()
            influxd.restart()
            up = await springs_until_drained(store)
        peaks["up"] = tracemalloc.get_traced_memory()[1] / 1e6
        return down, up

    tracemalloc.start()
    base = tracemalloc.get_traced_memory()[0] / 1e6
    down, up = asyncio.run(scenario())
    tracemalloc.stop()
    print_figure(
        f"{len(messages):,} messages; memory above the start: down {peaks['down'] - base:.1f} MB, "
        f"catching up {peaks['up'] - base:.1f} MB"
    )
    say_times("down", down)
    say_times("catching up", up)
    assert peaks["up"] - base < 40  # two batches of 1,000 and what the store caches
    assert statistics.median(up) < 10 * statistics.median(down) + 50
    check_complete(store, influxd)


def test_memory_does_not_grow_with_the_backlog(tmp_path: Path, influxd: Influxd) -> None:
    asyncio.run(prepare(influxd))
    peaks = {}
    for hours in (40, 400):
        folder = tmp_path / str(hours)
        folder.mkdir()
        store = filled(folder, count=60, hours=hours)

        async def scenario(store: Store = store, site: str = f"s{hours}") -> None:
            async with following(make_forwarder(store, settings(influxd), site)):
                await until(lambda: is_drained(store), "everything to be forwarded", 120)

        tracemalloc.start()
        asyncio.run(scenario())
        peaks[hours] = tracemalloc.get_traced_memory()[1] / 1e6
        tracemalloc.stop()
        store.close()
    print_figure(f"peak with a backlog of 40 h {peaks[40]:.1f} MB, of 400 h {peaks[400]:.1f} MB")
    assert peaks[400] < peaks[40] + 4


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 MB for the server."""
    with small_file_system(tmp_path / "disk", 64) as folder:
        yield folder


def test_a_full_disk_on_its_side_is_waited_out(tmp_path: Path, small_disk: Path) -> None:
    store = filled(tmp_path, count=60, hours=100)
    filler = small_disk / "filler"
    with Influxd(small_disk / "influxd") as influxd:
        asyncio.run(prepare(influxd))
        with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while file.write(bytes(65_536)):
                pass
        forwarder = make_forwarder(store, settings(influxd), SITE)

        async def scenario() -> None:
            async def in_trouble() -> bool:
                return forwarder.failures > 2

            async with following(forwarder):
                await until(in_trouble, "the server to refuse")
                assert not await is_drained(store)
                filler.unlink()
                influxd.kill()  # 1.6 does not recover its log by itself
                influxd.restart()
                await until(lambda: is_drained(store), "everything to be forwarded", 60)

        asyncio.run(scenario())
        check_complete(store, influxd)


def test_answers_after_ten_seconds_are_waited_for(tmp_path: Path, influxd: Influxd) -> None:
    store = filled(tmp_path)

    async def scenario() -> None:
        await prepare(influxd)
        async with proxy(influxd.port) as between:
            between.choose = lambda path, number: Fault(delay_s=10.0) if number < 2 else None
            chosen = settings(influxd, url=between.url, timeout_s=30.0)
            forwarder = make_forwarder(store, chosen, SITE)
            async with following(forwarder):
                await until(lambda: is_drained(store), "everything to be forwarded", 60)
                assert forwarder.failures == 0

    asyncio.run(scenario())
    check_complete(store, influxd)


def test_an_address_where_nobody_lives_costs_nothing_but_waiting(tmp_path: Path) -> None:
    store = filled(tmp_path)

    async def scenario() -> None:
        chosen = settings(None, url=f"http://127.0.0.1:{free_port()}", database="x", token="")
        forwarder = make_forwarder(store, chosen, SITE)

        async def tried() -> bool:
            return forwarder.failures >= 5

        async with following(forwarder):
            await until(tried, "five attempts")
            absorb_all(store, [message(reading("dev-000", Kind.HEARTBEAT, 60 * 50))])

    before = store.read_now(lambda r: r.influx.head())
    asyncio.run(scenario())
    assert store.read_now(lambda r: r.influx.head()) == before + 1
    assert store.read_now(lambda r: r.influx.done()) == []

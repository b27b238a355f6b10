"""InfluxDB: how fast the journal is forwarded, how fast the pages' questions are answered.

``python -m tests.bench.influx [--events N] [--devices N] [--rounds N]``; 1,000,000 and 1,000 are the
figures of the issue (some minutes), the default is a tenth. The bare loop sends the very same bodies
with http.client and does nothing else; both kinds of runs alternate, medians are printed.
"""

import argparse
import asyncio
import http.client
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import msgspec

from gateway.config import Influx
from gateway.domain.epoch import day_number
from gateway.domain.model import Device, Kind, Message, Reading, Role, TimeSource
from gateway.export.influx.readback import History
from gateway.export.influx.readback.embedded import EmbeddedHistory
from gateway.export.influx.readback.influx import InfluxHistory
from gateway.export.influx.responses import ServerAnswer
from gateway.export.influx.schema import LAYOUT
from gateway.export.influx.server import connect
from gateway.export.influx.setup import create_database
from gateway.ingest.messages.batch import absorb
from gateway.store import Reader, Store
from gateway.store.rollups.walk import WalkCursor
from tests.gateway.export.influx.kit import following, is_drained, make_forwarder
from tests.support.samples import TOKYO
from tests.support.servers import Influxd
from tests.support.tables import stored_rows

SPECIES = ("boar", "deer", "raccoon_dog", "civet", "monkey", "badger")
BEGIN = datetime(2025, 11, 1, tzinfo=TOKYO)
YEAR = timedelta(days=365)
END = BEGIN + YEAR
SITE = "bench"
QUERY_ROUNDS = 9
NO_ROLLUPS = WalkCursor(1 << 40, 1 << 40, unit=2)  # as if all had been walked


def story(events: int, devices: int) -> Iterator[Reading]:
    """A year of events in order of time: 6 in 10 heartbeats, 35 in 100 detections, the rest traps."""
    luck = random.Random(7)
    step = YEAR / events
    for number in range(events):
        device = f"dev-{luck.randrange(devices):04}"
        at = BEGIN + number * step
        base = Reading(
            id=f"01JD{number:022}",
            device=device,
            kind=Kind.HEARTBEAT,
            device_time=at,
            time_source=TimeSource.NTP,
            boot=1,
            seq=number,
        )
        draw = luck.random()
        if draw < 0.60:
            yield msgspec.structs.replace(
                base, battery_v=3.01, battery_pct=71.0, rssi_dbm=-105.0, lat=32.69, lon=128.84
            )
        elif draw < 0.95:
            yield msgspec.structs.replace(
                base, kind=Kind.DETECTION, species=luck.choice(SPECIES), count=1, confidence=0.91
            )
        else:
            yield msgspec.structs.replace(base, kind=luck.choice((Kind.SET, Kind.SPRUNG)))


def fill(folder: Path, events: int, devices: int) -> Store:
    """A store with that story, through the gateway's own batch."""
    store = Store(folder / "bench.db", TOKYO)
    fleet = [Device(id=f"dev-{n:04}", role=Role.TRAP, heartbeat_s=21_600) for n in range(devices)]
    store.write_now(lambda tx: tx.put_devices(fleet))
    readings: dict[str, Reading] = {}

    def decode(message: Message, _: Mapping[str, Device]) -> list[Reading]:
        return [readings[message.topic]]

    for reading in story(events, devices):
        readings[reading.id] = reading
        if len(readings) == 2_000:
            _absorb(store, readings, decode)
    _absorb(store, readings, decode)
    while store.write_now(lambda tx: tx.months.fold(day_number(END + YEAR))):
        pass  # as the gateway's housekeeping does
    return store


def _absorb(
    store: Store,
    readings: dict[str, Reading],
    decode: Callable[[Message, Mapping[str, Device]], list[Reading]],
) -> None:
    messages = [Message(r.id, b"", r.device_time or BEGIN) for r in readings.values()]
    store.write_now(partial(absorb, messages=messages, decode=decode, now=END))
    readings.clear()


def settings(influxd: Influxd, database: str) -> Influx:
    return Influx(url=influxd.url, database=database, backlog_per_s=0)


async def forward(
    store: Store, influxd: Influxd, database: str, begin_at: WalkCursor | None = None
) -> tuple[float, list[bytes]]:
    """Seconds to bring everything to a new database, and the bodies that were sent.

    `begin_at`: the walk over old roll-ups begins there.
    """
    chosen, bodies = settings(influxd, database), []
    store.write_now(lambda tx: tx.influx.unfollow())
    if begin_at:
        store.write_now(lambda tx: tx.influx.follow(begin_at, LAYOUT))
    async with connect(chosen) as server:
        await create_database(server, chosen)

        async def write(body: bytes) -> ServerAnswer:
            bodies.append(body)
            return await server.write(body)

        begin = time.perf_counter()
        forwarder = make_forwarder(store, chosen, SITE, END + YEAR)
        async with following(forwarder, write):
            while forwarder.marked_complete_at is None or not await is_drained(store):
                await asyncio.sleep(0.02)  # rarely: asking costs the forwarder time
        return time.perf_counter() - begin, bodies


def bare(influxd: Influxd, database: str, bodies: list[bytes]) -> float:
    """Seconds to send the same bodies one after the other to a new database, and nothing else."""
    line = http.client.HTTPConnection("127.0.0.1", influxd.port)
    line.request(
        "POST", f"/query?q=CREATE+DATABASE+%22{database}%22+WITH+DURATION+INF+SHARD+DURATION+364d"
    )
    line.getresponse().read()
    begin = time.perf_counter()
    for body in bodies:
        path = f"/write?db={database}&precision=ns"
        line.request("POST", path, body)
        reply = line.getresponse()
        reply.read()
        if reply.status != 204:
            raise RuntimeError(f"the bare loop got {reply.status}")
    return time.perf_counter() - begin


def forwarding(store: Store, influxd: Influxd, rounds: int) -> str:
    """Measure both, alternating; gives the database that holds everything."""
    for what, begin_at in (("events", NO_ROLLUPS), ("events and roll-ups", None)):
        ours, theirs, lines = [], [], 0
        for number in range(rounds):
            database = f"{what.replace(' ', '-')}-{number}"  # new ones: both have series to make
            took, bodies = asyncio.run(forward(store, influxd, database, begin_at))
            lines = sum(body.count(b"\n") + 1 for body in bodies)
            ours.append(lines / took)
            theirs.append(lines / bare(influxd, f"bare-{database}", bodies))
            report(
                f"  round {number + 1}: forwarder {ours[-1]:,.0f}, bare loop {theirs[-1]:,.0f} lines/s"
            )
        ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
        report(
            f"{what}, {lines:,} lines: forwarder {statistics.median(ours):,.0f} lines/s, bare HTTP loop "
            f"{statistics.median(theirs):,.0f}, median ratio of a round {ratio:.2f} (goal 0.80)"
        )
    return database


Question = Callable[[History], Awaitable[object]]
Ask = Callable[[], Awaitable[object]]
Asked = tuple[str, str]
"""A question, and one of WHERE."""
WHERE = ("embedded", "InfluxDB", "raw SQL", "raw Influx")
QUESTIONS: dict[str, Question] = {
    "state of every device": lambda h: h.states(),
    "one species by device, 30 days": lambda h: h.totals(END - timedelta(days=30), END, "boar"),
    "one species by device, year": lambda h: h.totals(BEGIN, END, "boar"),
    "all species by device, 30 days": lambda h: h.totals(END - timedelta(days=30), END),
    "all species by device, year": lambda h: h.totals(BEGIN, END),
    "the same from the tenth on": lambda h: h.totals(BEGIN + timedelta(days=9), END),
    "species that were seen, year": lambda h: h.species(BEGIN, END),
    "devices blind to species, year": lambda h: h.blind(BEGIN, END),
    "one species by hour, 90 days": lambda h: h.by_hour(END - timedelta(days=90), END, "boar"),
    "effort by device, the year": lambda h: h.effort(BEGIN, END),
    "the newest 50 events": lambda h: h.latest(50),
}
RAW_SQL = {
    "all species by device, year": "SELECT device, species, count(*) FROM event "
    "WHERE kind = 'detection' GROUP BY 1, 2",
}
RAW_INFLUX = {
    "state of every device": "SELECT last(eid) FROM heartbeat GROUP BY device; "
    "SELECT last(eid) FROM trap_event GROUP BY device; "
    "SELECT last(eid) FROM detection GROUP BY device",
    "all species by device, year": "SELECT count(eid) FROM detection GROUP BY device",
}


async def medians_ms(asks: Mapping[Asked, Ask]) -> dict[Asked, float]:
    """Medians of QUERY_ROUNDS, in ms. All are asked in turn: what the server does beside hits all alike."""
    figures: dict[Asked, list[float]] = {key: [] for key in asks}
    for number in range(QUERY_ROUNDS + 1):
        for key, ask in asks.items():
            begin = time.perf_counter()
            await ask()
            if number:  # the first warms up
                figures[key].append((time.perf_counter() - begin) * 1000)
    return {key: statistics.median(taken) for key, taken in figures.items()}


async def questions(store: Store, influxd: Influxd, database: str) -> None:
    """Print what each question takes from either history, and raw where that means anything."""
    async with connect(settings(influxd, database)) as server:
        histories: tuple[History, ...] = (
            EmbeddedHistory(store, TOKYO),
            InfluxHistory(server, SITE, TOKYO),
        )
        asks: dict[Asked, Ask] = {
            (name, where): partial(question, history)
            for name, question in QUESTIONS.items()
            for where, history in zip(WHERE, histories, strict=False)
        }
        for name, text in RAW_SQL.items():
            asks[name, "raw SQL"] = partial(store.read, partial(_raw_sql, text=text))
        for name, text in RAW_INFLUX.items():
            asks[name, "raw Influx"] = partial(server.query, text)
        found = await medians_ms(asks)
        report(f"{'median ms':<32}" + "".join(f"{where:>12}" for where in WHERE))
        for name in QUESTIONS:
            cells = (found.get((name, where)) for where in WHERE)
            report(
                f"{name:<32}" + "".join(f"{cell:>12.1f}" if cell else " " * 12 for cell in cells)
            )
        [[table]] = await server.query(f'SHOW SERIES CARDINALITY ON "{database}"')
        report(f"series: {table.values[0][0]:,}")


def _raw_sql(reader: Reader, text: str) -> object:
    return stored_rows(reader, text)


def report(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> None:
    """Everything, in a directory that is removed afterwards."""
    wishes = argparse.ArgumentParser(description=__doc__)
    wishes.add_argument("--events", type=int, default=100_000)
    wishes.add_argument("--devices", type=int, default=1_000)
    wishes.add_argument("--rounds", type=int, default=3)
    chosen = wishes.parse_args()
    with tempfile.TemporaryDirectory() as folder, Influxd(Path(folder) / "influxd") as influxd:
        begin = time.perf_counter()
        store = fill(Path(folder), chosen.events, chosen.devices)
        report(
            f"{chosen.events:,} events of {chosen.devices:,} devices absorbed in "
            f"{time.perf_counter() - begin:.0f} s"
        )
        database = forwarding(store, influxd, chosen.rounds)
        influxd.kill()
        influxd.restart()  # what it does with all that came at once is not what the pages ask
        asyncio.run(questions(store, influxd, database))
        store.close()


if __name__ == "__main__":
    main()

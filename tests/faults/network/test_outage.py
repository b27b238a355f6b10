"""Three days away: the gateway itself, or everybody it tells. Everything arrives, memory stays flat."""

import asyncio
import json
import time
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from msgspec import Struct

from gateway.alerts.channels import Notification, UndeliveredError
from gateway.alerts.channels.table import OpenChannel, open_channel
from gateway.alerts.links import Links
from gateway.alerts.notifier import Notifier
from gateway.alerts.policy import Policy
from gateway.config import check
from gateway.domain.model import Device, Kind, Role
from gateway.ingest.messages.batch import absorb
from gateway.store import Store
from gateway.store.feed import Feed
from tests.faults.network.valley import HOUR_S, Valley, registry
from tests.faults.witness import events, ready
from tests.gateway.alerts.channels.provider import OK, Provider, providing
from tests.support.samples import at, decode, message, open_store, reading
from tests.support.servers import Mosquitto, wait_for
from tests.support.service import Sensor, Service, native

AWAY_H = 72
FIRST_OF_LAST = 900_000  # numbers that no event of the outage has
WARMING_MB = 40  # what the first work of a gateway takes; 208,000 messages in memory take over 100
EARLY_H = 2  # an alert older than `give_up_h` when the channel is back is given up
PEOPLE = """
[[people]]
name = "tanaka"
channels = ["json://127.0.0.1:{port}/"]
"""


class Outage(Struct, kw_only=True):
    """How a gateway is away."""

    size: int  # devices
    queue: int  # messages that the broker keeps for it
    forgets: bool = False  # the devices keep nothing
    session_s: int = 604_800  # how long the broker keeps the session


class Found(Struct, kw_only=True):
    """What there was afterwards."""

    wanted: int
    lost: int
    double: int
    misdated: int
    told_late: int  # traps whose alert said how late it was
    sent: int  # messages while it was away
    rss_mb: list[float]


@pytest.fixture
def provider() -> Iterator[Provider]:
    with providing(lambda _: OK) as running:
        yield running


def run(folder: Path, outage: Outage, provider: Provider) -> Found:
    """The gateway knows the broker, is away for three days of its devices' time, and comes back."""
    limits = f"max_queued_messages {outage.queue}\nmax_queued_bytes 0\n"
    with Mosquitto(folder / "broker", extra=limits) as broker:
        service = Service(
            folder / "gw",
            broker.port,
            *registry(outage.size),
            mqtt=f"session_expiry_s = {outage.session_s}",
            extra=PEOPLE.format(port=provider.port),
        )
        service.start()
        ready(service, broker.port)
        service.stop()
        if outage.session_s < 60:  # the broker lets the session go, in real time
            time.sleep(outage.session_s + 1)
        valley = Valley(
            broker.port, outage.size, time.time() - AWAY_H * HOUR_S, forgets=outage.forgets
        )
        sent = valley.live(AWAY_H)
        service.start()
        ready(service, broker.port)
        try:
            return look(service, valley, provider, sent, outage)
        finally:
            service.kill()


def look(service: Service, valley: Valley, provider: Provider, sent: int, outage: Outage) -> Found:
    """Drain, then compare with what happened."""
    sizes: list[float] = []
    valley.settle(lambda: sizes.append(service.rss_mb()))
    if outage.forgets:
        wait_for_the_last(service, valley.port, registry(outage.size)[1].id)
    found = [event for event in events(service) if event.kind is not Kind.HEARTBEAT]
    times = {event.id: event.observed_at.timestamp() for event in found}
    springs = {event.device for event in found if event.kind is Kind.SPRUNG}
    wait_for(lambda: springs <= late(provider), "the alerts", 30)
    return Found(
        wanted=len(valley.wanted),
        lost=len(valley.wanted.keys() - times.keys()),
        double=len(found) - len(times),
        told_late=len(late(provider)),
        misdated=sum(
            abs(times[id_] - when) > 0.002 for id_, when in valley.wanted.items() if id_ in times
        ),
        sent=sent,
        rss_mb=sizes,
    )


def wait_for_the_last(service: Service, port: int, camera: str) -> None:
    """Wait until a heartbeat that is sent now has come: the broker keeps the order, so all before it has."""
    ids = set[str]()

    def has_come() -> bool:
        topic, body = native(camera, "heartbeat", FIRST_OF_LAST + len(ids))
        ids.add(str(body["id"]))
        sensor.flush(sensor.send(topic, body))  # again, since a full queue drops it
        return not ids.isdisjoint(event.id for event in events(service))

    with closing(Sensor(port, "last")) as sensor:
        wait_for(has_come, "what was sent last", 120)


def late(provider: Provider) -> set[str]:
    """Traps of which somebody was told, with how late it is."""
    lines = [
        line for call in provider.calls for line in json.loads(call.body)["message"].splitlines()
    ]
    return {line.split()[0] for line in lines if "前)" in line}


def hold(found: Found) -> None:
    """The promises."""
    early = found.rss_mb[len(found.rss_mb) // 4]
    print(
        f"\naway {AWAY_H} h, {found.sent:,} messages meanwhile, {found.wanted:,} events: "
        f"{found.lost} lost, {found.double} double, {found.misdated} at another time, "
        f"{found.told_late} traps told as late; "
        f"draining {early:.0f} -> {found.rss_mb[-1]:.0f} MB"
    )
    assert (found.lost, found.double, found.misdated) == (0, 0, 0)
    assert found.told_late > 0
    assert max(found.rss_mb) < early + WARMING_MB


@pytest.mark.real
def test_a_gateway_away_for_three_days_misses_nothing(tmp_path: Path, provider: Provider) -> None:
    found = run(tmp_path, Outage(size=12, queue=1_000), provider)
    assert found.sent > 1_000, "more than the broker may keep"
    assert found.told_late == 6
    hold(found)


@pytest.mark.real
@pytest.mark.long
def test_a_gateway_away_for_three_days_from_two_hundred_devices(
    tmp_path: Path, provider: Provider
) -> None:
    found = run(tmp_path, Outage(size=200, queue=100_000), provider)
    assert found.sent > 100_000
    assert found.told_late == 100
    hold(found)


@pytest.mark.real
@pytest.mark.parametrize(
    ("outage", "loses"),
    [
        pytest.param(
            Outage(size=12, queue=100_000, forgets=True), False, id="the broker keeps all"
        ),
        pytest.param(Outage(size=12, queue=50, forgets=True), True, id="devices forget"),
        pytest.param(
            Outage(size=12, queue=100_000, forgets=True, session_s=1),
            True,
            id="session forgotten",
            marks=pytest.mark.long,
        ),
    ],
)
def test_control_events_that_neither_broker_nor_device_keeps_are_lost(
    tmp_path: Path, provider: Provider, outage: Outage, *, loses: bool
) -> None:
    """The controls: nobody but broker and device holds what the gateway has not heard."""
    found = run(tmp_path, outage, provider)
    assert (found.lost > 0) == loses
    assert found.double == 0


class Uplink:
    """Somebody's channel that is away until an hour."""

    def __init__(self, back_at_h: float, *, permanent: bool = False) -> None:
        self.hour, self.back_at_h, self._permanent = 0.0, back_at_h, permanent
        self.taken: Counter[str] = Counter()

    async def send(self, letter: Notification) -> str:
        if self.hour < self.back_at_h:
            raise UndeliveredError("no route", permanent=self._permanent)
        self.taken[letter.key] += 1
        return "ok"


def live(store: Store, uplink: Uplink, hours: float, every_h: float) -> list[float]:
    """A trap springs every `every_h` from EARLY_H to the third day; gives MB held, by quarter of an hour."""
    policy, sizes = (
        Policy(check({"people": [{"name": "tanaka", "channels": ["console:"]}]})),
        list[float](),
    )
    way = OpenChannel("console", open_channel("console:").row, uplink.send)
    notifier = Notifier(
        store,
        Feed(),
        policy,
        {("tanaka", "0"): way},
        Links("secret", ""),
        lambda: at(uplink.hour * 60),
    )

    async def days() -> None:
        springs = 0
        while uplink.hour < hours:
            while EARLY_H + springs * every_h <= min(uplink.hour, AWAY_H):
                minute = (EARLY_H + springs * every_h) * 60
                one = message(reading(f"trap-{springs:04}", Kind.SPRUNG, minute))
                now = at(uplink.hour * 60)
                hear = partial(absorb, messages=[one], decode=decode, now=now, policy=policy)
                await store.write(hear)
                springs += 1
            while await notifier.deliver_due():
                if uplink.hour < uplink.back_at_h:
                    break
            sizes.append(tracemalloc.get_traced_memory()[0] / 1e6)
            uplink.hour += 0.25

    tracemalloc.start()
    asyncio.run(days())
    tracemalloc.stop()
    return sizes


def open_valley(folder: Path, traps: int) -> Store:
    return open_store(folder, *(Device(id=f"trap-{n:04}", role=Role.TRAP) for n in range(traps)))


@pytest.mark.parametrize(
    "every_h", [6.0, pytest.param(0.2, marks=pytest.mark.long)], ids=["few", "many"]
)
def test_people_away_for_three_days_get_everything_that_is_not_given_up(
    tmp_path: Path, every_h: float
) -> None:
    traps = int((AWAY_H - EARLY_H) / every_h) + 1
    store, uplink = open_valley(tmp_path, traps), Uplink(AWAY_H)
    sizes = live(store, uplink, AWAY_H + 26, every_h)
    found = store.read_now(lambda r: r.outbox())
    store.close()
    print(
        f"\nchannel away {AWAY_H} h, {traps} alerts: {found}; memory "
        f"{sizes[len(sizes) // 4]:.1f} -> {sizes[-1]:.1f} MB"
    )
    assert found == {"sent": traps}
    assert set(uplink.taken.values()) == {1}
    assert sizes[-1] < sizes[len(sizes) // 4] + 4


@pytest.mark.long
def test_people_away_for_longer_are_given_up_by_the_rule(tmp_path: Path) -> None:
    store, uplink = open_valley(tmp_path, 13), Uplink(10_000)
    live(store, uplink, AWAY_H * 2 + 1, 6.0)
    assert store.read_now(lambda r: set(r.outbox())) == {"dead"}
    store.close()


def test_control_a_channel_that_gives_up_at_once_reaches_nobody(tmp_path: Path) -> None:
    """The control: without the outbox's patience three days away cost every alert."""
    store, uplink = open_valley(tmp_path, 13), Uplink(AWAY_H, permanent=True)
    live(store, uplink, AWAY_H + 2, 6.0)
    assert store.read_now(lambda r: r.outbox()) == {"dead": 12}
    store.close()


def test_the_rule_is_at_least_as_long_as_the_outage() -> None:
    assert timedelta(hours=check({}).alerts.give_up_h) >= timedelta(hours=AWAY_H)

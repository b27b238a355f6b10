"""The demo: broker, simulated island, gateway and pages on this machine.

Owns their connection, and the simulated year that is stored through the gateway's own intake. Must not
contain anything that a real gateway needs.
"""

import asyncio
import fcntl
import random
import secrets
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import TextIO
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from dashboard.web.entry.passwords import hash_password
from dashboard.web.responses import Reply
from firmware_sim.fleet import Fleet
from firmware_sim.habitat.scenario import Scenario, load, registry
from firmware_sim.world import TimedPublish, World
from gateway import app as service
from gateway.cli.demo import village
from gateway.cli.demo.diary import Diary
from gateway.cli.demo.seeding_page import SeedingPage
from gateway.clock import utc_now
from gateway.config import Config, Dashboard, Mqtt, PersonSettings, Site, SourceSettings
from gateway.config import StoreSettings as StoreSettings
from gateway.domain.errors import BadConfigurationError
from gateway.domain.model import Device, Message, TrapState
from gateway.domain.outcome import Outcome
from gateway.domain.people.person import Person, UserRole, with_channels
from gateway.domain.people.session import MOST_LINK_DAYS
from gateway.ingest.messages.batch import absorb
from gateway.ingest.people import spring_outcomes
from gateway.ingest.people.actions import add_action
from gateway.mqtt.embedded_broker import is_free
from gateway.store import Transaction
from gateway.store.setting_keys import SettingKey

YEAR = timedelta(days=365)
SEED_BATCH = 2_000
ALERTS_END_AFTER = timedelta(hours=12)
PORTS_TRIED = 50
FIRST_SPRING_S, SPRING_EVERY_S = 10.0, 60.0  # between springs made by hand: real traps take hours
MAX_SPRUNG = 8  # the simulated trapper comes once a day; not all traps should be sprung
CHANNELS = ("console:",)  # of the viewer, once the past is there: a year of alerts is no news
LOGIN = "demo"  # account name; the password is new at every start

OnDemoProgress = Callable[[datetime], None]


class DemoError(BadConfigurationError):
    """The demo cannot start; the text says why and what to do."""


class DemoOptions(Struct, frozen=True):
    """The options of the command."""

    data: Path
    port: int
    speed: float
    scenario: str = "fukue"
    history: timedelta = YEAR


class Demo:
    """One demo in a folder locked by `claim`. `clock` is the simulated time once it runs live."""

    def __init__(self, options: DemoOptions) -> None:
        self.options = options
        self.scenario: Scenario = load(options.scenario)
        self.port = free_port(options.port)
        self.broker_port = free_port(18_830)
        self.fleet: Fleet | None = None
        self.reached: datetime | None = None  # by an earlier start
        self._diary = Diary()
        self._places = {device.id: device for device in devices(self.scenario)}
        config = self._config()
        self._zone = ZoneInfo(config.site.timezone)
        self.gateway = service.build(config, self.clock)
        self.password = secrets.token_hex(5)
        self.gateway.demo_account = Person(
            name=LOGIN, role=UserRole.ADMIN, password_hash=hash_password(self.password)
        )
        reached = self.gateway.store.read_now(lambda r: r.setting(SettingKey.DEMO_REACHED))
        self.reached = datetime.fromisoformat(reached) if reached else None
        self._page = SeedingPage(self.gateway.store, Reply(config), options.history, self.clock)
        self._page.reached = self.reached or utc_now() - options.history
        self.gateway.first_routes = self._page.routes()
        self.sign_in = self.gateway.store.write_now(
            lambda tx: tx.sessions.make_demo_link(LOGIN, self.clock(), MOST_LINK_DAYS)
        )

    def clock(self) -> datetime:
        """The machine's time while seeding, then the fleet's; never before the end of an earlier run."""
        if self.fleet:
            return self.fleet.now()
        return max(utc_now(), self.reached) if self.reached else utc_now()

    async def seed(self, progress: OnDemoProgress) -> World:
        """Store the simulated messages up to now; returns the world, ready to run live."""
        store, now = self.gateway.store, utc_now()
        await store.write(lambda tx: tx.put_devices(devices(self.scenario)))
        started = await store.read(lambda r: r.setting(SettingKey.DEMO_STARTED))
        begin = datetime.fromisoformat(started) if started else now - self.options.history
        since = self.reached or begin
        await store.write(lambda tx: tx.put_setting(SettingKey.DEMO_STARTED, begin.isoformat()))
        world = await asyncio.to_thread(_catch_up, self.scenario, begin, since)
        for batch in batches(world.live_through(max(now, since))):
            self._page.reached = batch[-1].received_at
            await store.write(lambda tx, batch=batch: self._absorb(tx, batch))  # type: ignore[misc]
            progress(batch[-1].received_at)
        await store.write(lambda tx: self._end_the_past(tx, now))
        self._page.reached = None
        return world

    def _end_the_past(self, tx: Transaction, now: datetime) -> None:
        """Simulated trappers visit every day but record nothing; from now on alerts are printed."""
        for alert in tx.alerts.all_open():
            if alert.opened_at < now - ALERTS_END_AFTER:
                tx.alerts.resolve(alert.rule, alert.subject, "patrol", now - ALERTS_END_AFTER)
        if viewer := tx.people.find(LOGIN):
            tx.people.put(with_channels(viewer, CHANNELS), "demo", now)

    async def live(self, world: World, until: asyncio.Event) -> None:
        """Run the fleet as real MQTT clients until the event is set."""
        fleet = Fleet(world, "127.0.0.1", self.broker_port, speed=self.options.speed)
        with fleet:
            self.fleet = fleet
            for trap in await self._left_sprung():
                fleet.spring(
                    trap
                )  # sprung by hand in an earlier run: a simulated trapper must come
            pause = FIRST_SPRING_S
            while not await _within(until, pause):
                pause = SPRING_EVERY_S
                traps = fleet.traps()
                if traps and await self._sprung() < MAX_SPRUNG:
                    fleet.spring(random.choice(traps))  # noqa: S311 - which one does not matter
            reached = fleet.now().isoformat()
        await self.gateway.store.write(lambda tx: tx.put_setting(SettingKey.DEMO_REACHED, reached))

    async def _sprung(self) -> int:
        states = await self.gateway.store.read(lambda r: r.states())
        return sum(state.trap is TrapState.SPRUNG for state in states.values())

    async def _left_sprung(self) -> list[str]:
        states = await self.gateway.store.read(lambda r: r.states())
        armed = self.fleet.traps() if self.fleet else []
        return [id_ for id_ in armed if id_ in states and states[id_].trap is TrapState.SPRUNG]

    def _absorb(self, tx: Transaction, batch: list[Message]) -> None:
        at = batch[-1].received_at
        outcome = absorb(tx, batch, self.gateway.sources.decode, at)
        for act in self._diary.read(outcome.events):
            add_action(tx, tx.devices[act.device], tx.states.get(act.device), act)
            spring_outcomes.settle(tx, Outcome(), act, self.gateway.policy, at)
        tx.sightings.add(village.reports(outcome.events, self._places, self._zone))
        tx.put_setting(SettingKey.DEMO_REACHED, at.isoformat())

    def _config(self) -> Config:
        return Config(
            site=Site(name=self.scenario.site, title=self.scenario.title),
            mqtt=Mqtt(port=self.broker_port),
            sources=(SourceSettings(dialect="native"), SourceSettings(dialect="chirpstack")),
            store=StoreSettings(
                path=str(self.options.data / "demo.db"), disk_reserve_mb=0, routine_wait_s=0
            ),
            dashboard=Dashboard(port=self.port),
            people=(PersonSettings(name=LOGIN, channels=()),),
        )


async def _within(event: asyncio.Event, seconds: float) -> bool:
    """Whether `event` was set within `seconds`."""
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False


def _catch_up(scenario: Scenario, begin: datetime, since: datetime) -> World:
    """The deterministic world, run up to the time that the store already has."""
    world = World(scenario, begin)
    for _ in world.live_through(since):
        pass
    return world


def devices(scenario: Scenario) -> list[Device]:
    """The devices of the scenario."""
    return [msgspec.convert(row, Device) for row in registry(scenario)]


def batches(timed_messages: Iterable[TimedPublish]) -> Iterator[list[Message]]:
    """The messages that a broker would have delivered, in batches of SEED_BATCH."""
    messages = (
        Message(topic, payload, at.astimezone(UTC)) for at, topic, payload in timed_messages
    )
    while batch := list(islice(messages, SEED_BATCH)):
        yield batch


def claim(folder: Path) -> TextIO:
    """Create `folder` and lock it until the file is closed. Raises DemoError if it cannot be used."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "lock").open("w")
    except OSError as error:
        raise DemoError(
            f"{folder}: {error.strerror}; --data で別のフォルダーを / give another folder with --data"
        ) from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise DemoError(
            f"{folder}: 別のデモが使用中。終わらせるか --data で別のフォルダーを / "
            "another demo is using it; end that one, or give another folder with --data"
        ) from None
    return lock


def free_port(wanted: int) -> int:
    """`wanted`, or the next free port. Raises DemoError if none of PORTS_TRIED is."""
    last = min(wanted + PORTS_TRIED - 1, 65_535)
    for port in range(wanted, last + 1):
        if is_free(port):
            return port
    raise DemoError(
        f"ポート {wanted}〜{last} は全て使用中。--port で別のポートを / "
        f"ports {wanted} to {last} are all taken; give another with --port"
    )

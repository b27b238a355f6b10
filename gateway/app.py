"""The composition root: builds every part of one gateway and runs them in one TaskGroup.

    sensor ─MQTT─▶ broker ─▶ mqtt session ─▶ intake ─▶ batch: dialects → timing → state, effort, rules
                                 ▲  ▲           backlog       │ ONE SQLite transaction
                                 │  └── ack, confirm ◀────────┤
                                 │                            ├─▶ feed ─▶ open pages (SSE), display
                             broker, devices                  ├─▶ outbox ─▶ notifier ─▶ people
                                                              └─▶ journal ─▶ influx
    ticker ─▶ rules: time passes. housekeeping, clock_corrections: the file and the clock. watchdog: systemd.

Owns who knows whom. Must not decide anything else.
"""

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from msgspec import Struct
from starlette.applications import Starlette
from starlette.routing import Route

from dashboard.app import create_app
from dashboard.serve import open_door, serve
from dashboard.trapper.one_tap import OneTap
from dashboard.trapper.trap_page import TrapPage
from dashboard.web import assets
from dashboard.web.auth import signing_secret
from dashboard.web.responses import Reply
from gateway import watchdog
from gateway.alerts.channels import Means
from gateway.alerts.channels.table import OpenChannel, open_channel
from gateway.alerts.links import Links
from gateway.alerts.notifier import Notifier
from gateway.alerts.policy import Policy
from gateway.alerts.scheduler import AlertScheduler
from gateway.clock import Clock, Timekeeper, utc_now
from gateway.config import Config, ConfigError
from gateway.domain.accounts import Account
from gateway.domain.geo.areas import AreaError, Land, parse
from gateway.export.topics.publisher import TopicPublisher
from gateway.faults import GatewayFaults
from gateway.ingest.devices.approval import Approvals
from gateway.ingest.messages.decoding import Sources
from gateway.ingest.messages.intake import Intake, IntakeLimits
from gateway.ingest.messages.judging import Judging
from gateway.metrics import Health, notify_systemd
from gateway.mqtt import connect_session
from gateway.mqtt.broker_stats import follow_broker
from gateway.mqtt.link import Publish
from gateway.mqtt.losses.broker_log import BrokerLog
from gateway.mqtt.losses.gaps import Gaps
from gateway.store import Store
from gateway.store.clocks.clock_correction import ClockCorrections, open_timekeeper
from gateway.store.feed import Feed
from gateway.store.file.file_watch import FileWatch
from gateway.store.housekeeping import Housekeeping
from gateway.store.tables.outbox import DeliveryQueue

if TYPE_CHECKING:
    from gateway.export.influx.forward.forwarder import Forwarder

log = logging.getLogger(__name__)


class Gateway(Struct):
    """The parts, built and checked but not yet running."""

    config: Config
    store: Store
    sources: Sources
    feed: Feed
    health: Health
    policy: Policy
    clock: Clock = utc_now
    keeper: Timekeeper | None = None  # judges `clock`; None where that was handed in
    demo_account: Account | None = None  # whose password a demo prints; in no database


def build(config: Config, clock: Clock | None = None) -> Gateway:
    """Build what needs no connection; ConfigError, StoreError, MissingAssetsError say what is wrong.

    `clock`: in place of the machine's, and trusted as it is.
    """
    assets.check()
    if config.dashboard.history == "influx" and not config.influx.url:
        raise ConfigError('dashboard.history = "influx" needs influx.url; it is empty')
    sources = Sources(config.sources, config.site.name, config.models)
    health, feed = Health(), Feed()
    store = Store(Path(config.store.path), ZoneInfo(config.site.timezone), alone=True)
    keeper = None if clock else open_timekeeper(store)
    return Gateway(
        config, store, sources, feed, health, policy(config), clock or keeper or utc_now, keeper
    )


async def run(gateway: Gateway) -> None:
    """Everything, until cancelled."""
    config = gateway.config
    listener = open_door(config.dashboard)
    gaps = Gaps(
        gateway.store, gateway.feed, gateway.clock, gateway.policy.zone, gateway.sources.resends
    )  # fmt: skip
    session = connect_session(
        config.mqtt, config.site.name, gateway.sources.subscriptions, gateway.clock, gaps
    )  # fmt: skip
    gaps.follow(session.counters)
    broker_log = BrokerLog(session.counters.client_id, session.counters.history)
    ways = open_channels(config, session.publish)
    notifier = Notifier(
        gateway.store, gateway.feed, gateway.policy, ways, links(gateway), gateway.clock
    )  # fmt: skip
    judging = Judging(gateway.sources.decode, gateway.policy, gateway.clock, gateway.keeper)
    limits = IntakeLimits(config.store.max_batch, config.store.disk_reserve_mb)
    intake = Intake(gateway.store, judging, gateway.feed, gateway.health, limits, notifier.tell)
    influx = forwarder(gateway) if config.influx.url else None
    keeping = Housekeeping(
        gateway.store, config.store.retention_days, gateway.clock,
        lambda: gateway.keeper is None or gateway.keeper.trusted,
    )  # fmt: skip
    clock_corrections = ClockCorrections(gateway.keeper, gateway.store) if gateway.keeper else None
    files = FileWatch(gateway.store, gateway.clock)
    files.measure(gateway.health.registry)
    more = [
        keeping.faults, files.faults, gaps.faults, lambda: broker_log.faults(gateway.clock()),
        *([clock_corrections.faults] if clock_corrections else []),
    ]  # fmt: skip
    if influx:
        more.append(lambda: {"sink": influx.alarm.fault} if influx.alarm.fault else {})
    gateway.health.follow(session.counters)
    faults = GatewayFaults(config, gateway.health, session, gateway.clock, more)
    ticker = AlertScheduler(
        gateway.store, gateway.feed, gateway.policy, faults, faults.listening, gateway.clock,
        gateway.health.no_events,
    )  # fmt: skip
    display = TopicPublisher(gateway.store, gateway.feed, session, config, gateway.clock)
    async with asyncio.TaskGroup() as group:
        for name, work in {
            "mqtt": session.run(),
            "intake": intake.run(session),
            "confirm": intake.confirms.run(session),
            "notifier": notifier.run(),
            "ticker": ticker.run(),
            "heartbeat": ticker.beat(),
            "housekeeping": keeping.run(),
            "files": files.run(),
            "display": display.run(),
            "broker": broker_news(gateway, gaps, broker_log),
            "gaps": gaps.run(),
            "dashboard": serve_pages(gateway, listener, faults),
            "watchdog": watchdog.watch(gateway.health, gateway.store),
        }.items():
            group.create_task(work, name=name)
        if clock_corrections:
            group.create_task(clock_corrections.run(), name="clock_corrections")
        if influx:
            group.create_task(influx.run(), name="influx")
        notify_systemd("READY=1")


async def broker_news(gateway: Gateway, gaps: Gaps, broker_log: BrokerLog) -> None:
    """What the broker says of itself, to those whom it concerns; until cancelled."""

    def tell(what: str, value: float) -> None:
        gateway.health.broker_says(what, value)
        gaps.broker_says(what, value)

    def hear(line: str) -> None:
        broker_log.read(line, gateway.clock())

    await follow_broker(gateway.config.mqtt, gateway.config.site.name, tell, hear)


def forwarder(gateway: Gateway) -> "Forwarder":
    """The follower that brings committed events to InfluxDB."""
    from gateway.export.influx.forward.forwarder import (
        Forwarder,  # on first use: half a second and 15 MB
    )
    from gateway.export.influx.forward.metrics import Meters

    site = gateway.config.site
    return Forwarder(
        gateway.store, gateway.config.influx, site.name, ZoneInfo(site.timezone),
        Meters(gateway.health.registry), gateway.clock,
    )  # fmt: skip


def policy(config: Config) -> Policy:
    """Thresholds, people and land of a site; ConfigError names the file that cannot be used."""
    areas = []
    for area in config.areas:
        land = Land(name=area.name, living=area.living, near_m=area.near_m, species=area.species,
                    hours=area.hours)  # fmt: skip
        try:
            areas.append(parse(land, Path(area.file).read_bytes()))
        except OSError as error:
            raise ConfigError(f"areas: {area.file}: {error.strerror}") from None
        except AreaError as error:
            raise ConfigError(f"areas: {area.file}: {error}") from None
    return Policy(config, areas)


def links(gateway: Gateway) -> Links:
    """Makes and reads one-tap links."""
    settings = gateway.config.dashboard
    secret = signing_secret(settings, gateway.store.path)
    return Links(secret, settings.public_url, gateway.config.alerts.link_days)


def open_channels(
    config: Config, publish: Publish | None = None
) -> dict[DeliveryQueue, OpenChannel]:
    """Each person's channels, opened; ConfigError names the person, never the secret URL."""
    means = Means(
        publish=publish, site=config.site.name, line_url=config.alerts.line_url,
        meshtastic_topic=config.alerts.meshtastic_topic,
    )  # fmt: skip
    ways = {}
    for person in config.people:
        for number, url in enumerate(person.channels):
            try:
                ways[person.name, str(number)] = open_channel(url, means)
            except ValueError as error:
                raise ConfigError(f"people: {person.name}, channel {number + 1}: {error}") from None
    return ways


async def serve_pages(gateway: Gateway, listener: socket.socket, faults: GatewayFaults) -> None:
    """The pages, until cancelled."""
    await serve(pages(gateway, faults), listener)


def pages(gateway: Gateway, faults: Callable[[], Mapping[str, str]]) -> Starlette:
    """All pages of one gateway; `faults`: what /healthz tells."""
    sources = gateway.sources
    return create_app(
        gateway.store, gateway.feed, gateway.config, clock=gateway.clock,
        desk=Approvals(sources.decode, sources.models, gateway.policy, sources.dialect),
        extra_routes=[
            *watchdog.routes(gateway.health, gateway.store, faults), *acting(gateway),
        ],
        demo_account=gateway.demo_account,
    )  # fmt: skip


def acting(gateway: Gateway) -> list[Route]:
    """The pages on which people act: behind the links in messages, and each trap's own."""
    reply = Reply(gateway.config)
    page = OneTap(
        gateway.store, gateway.feed, reply, gateway.policy, links(gateway), gateway.clock
    )  # fmt: skip
    trap = TrapPage(gateway.store, gateway.feed, reply, gateway.policy, gateway.clock)
    return [*page.routes(), *trap.routes()]


@contextlib.asynccontextmanager
async def running(gateway: Gateway) -> AsyncIterator[asyncio.Task[None]]:
    """The gateway as a task beside others (demo, tests); stopped at the end."""
    task = asyncio.create_task(run(gateway), name="gateway")
    try:
        yield task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        gateway.store.close()

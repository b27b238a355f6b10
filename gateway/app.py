"""The composition root: connects all parts of one gateway and runs them in one TaskGroup.

    sensor ─MQTT─▶ broker ─▶ mqtt session ─▶ intake ─▶ batch: dialects → timing → state, effort, rules
                                 ▲  ▲           backlog       │ ONE SQLite transaction
                                 │  └── ack, confirm ◀────────┤
                                 │                            ├─▶ feed ─▶ open pages (SSE), retained topics
                             broker, devices                  ├─▶ outbox ─▶ notifier ─▶ people
                                                              └─▶ journal ─▶ influx, region
    scheduler ─▶ rules as time passes. housekeeping, clock corrections: the file and the clock.

Owns how the parts are connected. Must not decide anything else.
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from functools import partial

from msgspec import Struct
from starlette.applications import Starlette
from starlette.routing import BaseRoute

from dashboard.app import Backend, create_app
from dashboard.office.damage.pages import DamagePages
from dashboard.office.damage.photos import DamagePhotos
from dashboard.public.residents import resident_routes
from dashboard.serve import listening_socket, serve
from dashboard.trapper.one_tap import OneTap
from dashboard.trapper.patrol.pages import PatrolPages
from dashboard.trapper.phone.acts import Acts
from dashboard.trapper.phone.offline_pages import OfflinePages
from dashboard.trapper.phone.push import PushPages
from dashboard.trapper.photos import PhotoPages
from dashboard.trapper.trap_page import TrapPage
from dashboard.web.responses import Reply
from gateway import watchdog
from gateway.alerts.notifier import Notifier
from gateway.alerts.open_channels import OpenChannels
from gateway.alerts.replies.offers import Offers
from gateway.alerts.scheduler import AlertScheduler
from gateway.export.topics.events import EventPublisher
from gateway.export.topics.publisher import TopicPublisher
from gateway.faults import GatewayFaults
from gateway.ingest.devices.approval import Approvals
from gateway.ingest.messages.intake import Intake, IntakeLimits
from gateway.ingest.messages.judging import Judging
from gateway.ingest.people.reply_ways import ReplyWays, reply_ways
from gateway.metrics import notify_systemd
from gateway.mqtt import connect_session
from gateway.mqtt.broker_stats import follow_broker
from gateway.mqtt.losses.broker_log import BrokerLog
from gateway.mqtt.losses.gaps import Gaps
from gateway.mqtt.session import BrokerSession
from gateway.parts import (
    Gateway,
    alert_pictures,
    build,
    links,
    means,
    nearby_mailer,
    picture_routes,
    policy,
    tickets,
)
from gateway.stopping import stop
from gateway.upkeep import Tasks, Upkeep, upkeep_of

__all__ = ["Gateway", "build", "links", "means", "policy", "run", "running"]


class BrokerParts(Struct):
    """The session with the broker and what watches it."""

    session: BrokerSession
    gaps: Gaps
    log: BrokerLog


def _broker(gateway: Gateway) -> BrokerParts:
    """The session, which does not connect yet, and the search for lost messages."""
    gaps = Gaps(
        gateway.store, gateway.feed, gateway.clock, gateway.policy.zone, gateway.sources.resends
    )
    session = connect_session(
        gateway.config.mqtt,
        gateway.config.site.name,
        gateway.sources.subscriptions,
        gateway.clock,
        gaps,
    )
    gaps.follow(session.counters)
    gateway.health.follow(session.counters)
    log = BrokerLog(session.counters.client_id, session.counters.history)
    return BrokerParts(session, gaps, log)


def _notifier(gateway: Gateway, channels: OpenChannels) -> Notifier:
    notifier = Notifier(
        gateway.store, gateway.feed, gateway.policy, channels, links(gateway), gateway.clock
    )
    notifier.offer(Offers(gateway.config.replies, tickets(gateway)))
    return notifier


def _replies(gateway: Gateway, channels: OpenChannels) -> ReplyWays:
    """What takes the replies by mail, ntfy and radio."""
    return reply_ways(
        gateway.store,
        gateway.feed,
        gateway.policy,
        gateway.config,
        channels,
        tickets(gateway),
        gateway.clock,
    )


def _faults(gateway: Gateway, broker: BrokerParts, upkeep: Upkeep) -> GatewayFaults:
    """All faults of the gateway itself, for the rules and /healthz."""
    more = [
        *upkeep.faults,
        broker.gaps.faults,
        gateway.photos.faults,
        gateway.pictures.faults,
        lambda: broker.log.faults(gateway.clock()),
    ]
    return GatewayFaults(gateway.config, gateway.health, broker.session, gateway.clock, more)


def _message_tasks(gateway: Gateway, broker: BrokerParts, notifier: Notifier) -> Tasks:
    """From the broker to the database."""
    store = gateway.config.store
    intake = Intake(
        gateway.store,
        Judging(gateway.sources.decode, gateway.policy, gateway.clock, gateway.keeper),
        gateway.feed,
        gateway.health,
        IntakeLimits(store.max_batch, store.disk_reserve_mb, store.routine_wait_s),
        notifier.tell,
    )
    return {
        "mqtt": broker.session.run,
        "intake": partial(intake.run, broker.session),
        "confirm": partial(intake.confirms.run, broker.session),
        "broker": partial(read_broker_stats, gateway, broker.gaps, broker.log),
        "gaps": broker.gaps.run,
    }


def _alert_tasks(gateway: Gateway, faults: GatewayFaults, notifier: Notifier) -> Tasks:
    """What opens alerts as time passes, and what sends messages to people."""
    scheduler = AlertScheduler(
        gateway.store,
        gateway.feed,
        gateway.policy,
        faults,
        faults.listening,
        gateway.clock,
        gateway.health.no_events,
    )
    return {
        "notifier": notifier.run,
        "alert scheduler": scheduler.run,
        "heartbeat": scheduler.beat,
    }


async def run(gateway: Gateway) -> None:
    """Connect all parts and run them until cancelled; ConfigError if the pages' port is taken."""
    listener = listening_socket(gateway.config.dashboard)
    broker = _broker(gateway)
    channels = OpenChannels(
        gateway.policy, means(gateway.config, broker.session.publish, gateway.push)
    )
    notifier, replies = _notifier(gateway, channels), _replies(gateway, channels)
    pictures = alert_pictures(gateway, broker.session.publish)
    notifier.let_follow(pictures.follow)
    upkeep = upkeep_of(gateway)
    upkeep.faults.append(replies.faults)
    nearby = nearby_mailer(gateway)
    upkeep.faults.append(nearby.faults)
    faults = _faults(gateway, broker, upkeep)
    tasks: Tasks = {
        **_message_tasks(gateway, broker, notifier),
        **_alert_tasks(gateway, faults, notifier),
        **upkeep.tasks,
        **gateway.pictures.tasks,
        "replies": replies.handler.run,
        "pictures of alerts": pictures.run,
        "warnings nearby": nearby.run,
        "retained topics": TopicPublisher(
            gateway.store, gateway.feed, broker.session, gateway.config, gateway.clock
        ).run,
        "event topics": EventPublisher(
            gateway.store, gateway.feed, broker.session, gateway.config.site.name, gateway.clock
        ).run,
        "dashboard": partial(serve_pages, gateway, listener, faults),
        "watchdog": partial(watchdog.watch, gateway.health, gateway.store),
    }
    async with asyncio.TaskGroup() as group:
        for name, work in tasks.items():
            group.create_task(work(), name=name)
        notify_systemd("READY=1")


async def read_broker_stats(gateway: Gateway, gaps: Gaps, broker_log: BrokerLog) -> None:
    """Hand the broker's own numbers and log on to the parts that use them, until cancelled."""

    def tell(what: str, value: float) -> None:
        gateway.health.broker_says(what, value)
        gaps.broker_says(what, value)

    def hear(line: str) -> None:
        broker_log.read(line, gateway.clock())

    await follow_broker(gateway.config.mqtt, gateway.config.site.name, tell, hear)


async def serve_pages(gateway: Gateway, listener: socket.socket, faults: GatewayFaults) -> None:
    """Serve the pages until cancelled."""
    await serve(pages(gateway, faults), listener)


def pages(gateway: Gateway, faults: Callable[[], Mapping[str, str]]) -> Starlette:
    """All pages of one gateway; /healthz shows `faults`."""
    sources = gateway.sources
    return create_app(
        Backend(gateway.store, gateway.feed, gateway.config, gateway.clock),
        approvals=Approvals(
            sources.decode, lambda: sources.models, gateway.policy, sources.dialect
        ),
        extra_routes=[
            *gateway.first_routes,
            *watchdog.routes(gateway.health, gateway.store, faults, gateway.clock),
            *action_routes(gateway),
        ],
        demo_account=gateway.demo_account,
    )


def action_routes(gateway: Gateway) -> list[BaseRoute]:
    """The pages on which people record: message links, each trap's page, photos, the patrol, damage."""
    reply, store, feed = Reply(gateway.config), gateway.store, gateway.feed
    policy, clock, keeper = gateway.policy, gateway.clock, gateway.photos
    page = OneTap(store, feed, reply, policy, links(gateway), clock, keeper)
    trap = TrapPage(store, feed, reply, policy, clock, keeper)
    acts = Acts(store, feed, reply, policy, clock)
    offline_pages = OfflinePages(store, trap.show, gateway.config.dashboard.map_pack)
    photos = PhotoPages(store, keeper, reply, policy, links(gateway), clock)
    patrol = PatrolPages(store, feed, reply, policy, clock)
    damage = DamagePages(store, reply, clock, keeper)
    services = gateway.config.alerts.push_services
    push = PushPages(store, gateway.push, services, reply, clock).routes() if gateway.push else []
    return [
        *page.routes(),
        *acts.routes(),
        *trap.routes(),
        *photos.routes(),
        *offline_pages.routes(),
        *patrol.routes(),
        *damage.routes(),
        *DamagePhotos(store, reply, keeper.files).routes(),
        *resident_routes(store, feed, policy, gateway.config, clock, keeper),
        *picture_routes(gateway, reply),
        *push,
    ]


@contextlib.asynccontextmanager
async def running(gateway: Gateway) -> AsyncIterator[asyncio.Task[None]]:
    """Run the gateway as a task beside others (demo, tests) and stop it at the end."""
    task = asyncio.create_task(run(gateway), name="gateway")
    try:
        yield task
    finally:
        stop(task)
        with contextlib.suppress(asyncio.CancelledError):
            await task
        gateway.store.close()

"""The composition root: builds every part of one gateway and runs them in one TaskGroup.

    sensor ─MQTT─▶ broker ─▶ mqtt session ─▶ intake ─▶ batch: dialects → timing → state, effort, rules
                                 ▲  ▲                         │ ONE SQLite transaction
                                 │  └── ack, confirm ◀────────┤
                                 │                            ├─▶ feed ─▶ open pages (SSE)
                             broker, devices                  └─▶ outbox ─▶ notifier ─▶ people

Owns who knows whom. Must not decide anything else.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from zoneinfo import ZoneInfo

import uvicorn
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dashboard.app import create_app
from gateway.batch import Recipient
from gateway.channels import Send
from gateway.channels.table import open_channel
from gateway.clock import Clock, utc_now
from gateway.config import Config, ConfigError
from gateway.feed import Feed
from gateway.health import Health, notify_systemd
from gateway.influx.forwarder import Forwarder
from gateway.influx.meters import Meters
from gateway.intake import Intake
from gateway.mqtt import connect_session
from gateway.notifier import Notifier
from gateway.sources import Sources
from gateway.store import Store

log = logging.getLogger(__name__)
WATCHDOG_S = 10.0


class Gateway(Struct):
    """The parts, built and checked but not yet running."""

    config: Config
    store: Store
    sources: Sources
    feed: Feed
    health: Health
    clock: Clock = utc_now


def build(config: Config, clock: Clock = utc_now) -> Gateway:
    """Build what needs no connection; ConfigError when a setting cannot be used."""
    sources = Sources(config.sources, config.site.name, config.models)
    health, feed = Health(), Feed()
    store = Store(Path(config.store.path), ZoneInfo(config.site.timezone))
    return Gateway(config, store, sources, feed, health, clock)


async def run(gateway: Gateway) -> None:
    """Everything, until cancelled."""
    config = gateway.config
    senders = open_channels(config)
    session = connect_session(
        config.mqtt, config.site.name, gateway.sources.subscriptions, gateway.clock
    )  # fmt: skip
    intake = Intake(
        gateway.store, gateway.sources.decode, gateway.feed, gateway.health, recipients(config),
        max_batch=config.store.max_batch, clock=gateway.clock,
    )  # fmt: skip
    people = {person.name: person for person in config.people}
    zone = ZoneInfo(config.site.timezone)
    notifier = Notifier(gateway.store, gateway.feed, people, senders, zone, gateway.clock)
    async with asyncio.TaskGroup() as group:
        for name, work in {
            "mqtt": session.run(),
            "intake": intake.run(session),
            "confirm": intake.confirm(session),
            "notifier": notifier.run(),
            "dashboard": serve(gateway),
            "watchdog": watch(gateway.health),
        }.items():
            group.create_task(work, name=name)
        if config.influx.url:
            group.create_task(forwarder(gateway).run(), name="influx")
        notify_systemd("READY=1")


def forwarder(gateway: Gateway) -> Forwarder:
    """The follower that brings committed events to InfluxDB."""
    site = gateway.config.site
    return Forwarder(
        gateway.store, gateway.config.influx, site.name, ZoneInfo(site.timezone),
        Meters(gateway.health.registry), gateway.clock,
    )  # fmt: skip


def recipients(config: Config) -> list[Recipient]:
    """Everybody's channels, by the place in their list."""
    return [Recipient(p.name, str(n)) for p in config.people for n, _ in enumerate(p.channels)]


def open_channels(config: Config) -> dict[tuple[str, str], Send]:
    """A sender for each person's channel; ConfigError names the person, never the secret URL."""
    senders = {}
    for person in config.people:
        for number, url in enumerate(person.channels):
            try:
                senders[person.name, str(number)] = open_channel(url)
            except ValueError as error:
                raise ConfigError(f"people: {person.name}, channel {number + 1}: {error}") from None
    return senders


class _Server(uvicorn.Server):
    """uvicorn inside our TaskGroup: signals stay ours."""

    @contextlib.contextmanager
    def capture_signals(self):  # type: ignore[no-untyped-def]
        yield


async def serve(gateway: Gateway) -> None:
    """The pages, until cancelled."""
    settings = gateway.config.dashboard
    app = create_app(
        gateway.store, gateway.feed, gateway.config, clock=gateway.clock,
        extra_routes=health_routes(gateway),
    )  # fmt: skip
    server = _Server(uvicorn.Config(
        app, host=settings.host, port=settings.port, log_level="warning", access_log=False,
        timeout_graceful_shutdown=1, lifespan="on",
    ))  # fmt: skip
    try:
        await server.serve()
    except asyncio.CancelledError:
        await server.shutdown()
        raise


def health_routes(gateway: Gateway) -> list[Route]:
    """/healthz and /metrics."""

    async def healthz(_: Request) -> Response:
        error = gateway.health.disk_error
        return JSONResponse({"ok": not error, "disk": error}, 503 if error else 200)

    async def metrics(_: Request) -> Response:
        return Response(gateway.health.metrics(), media_type="text/plain; version=0.0.4")

    return [Route("/healthz", healthz), Route("/metrics", metrics)]


async def watch(health: Health) -> None:
    """Feed systemd's watchdog while the gateway makes progress."""
    while True:
        if health.alive():
            notify_systemd("WATCHDOG=1")
        await asyncio.sleep(WATCHDOG_S)


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

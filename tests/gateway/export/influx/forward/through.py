"""Forwarding to a real server, disturbed or not, and what the server then holds."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TypeVar

from gateway.export.influx.forward import forwarder as module
from gateway.export.influx.server import Server, connect
from gateway.export.influx.setup import create_database
from gateway.export.influx.verify import VerifyReport, verify
from gateway.store import Store
from tests.gateway.export.influx.forward.proxy import Choose, Fault, Proxy, proxy
from tests.gateway.export.influx.kit import (
    LATER,
    SITE,
    following,
    forward_all,
    is_drained,
    make_forwarder,
    settings,
    until,
)
from tests.support.samples import T0, TOKYO
from tests.support.servers import Influxd

T = TypeVar("T")
EVER = (T0 - timedelta(days=1), T0 + timedelta(days=9))


def report_of(store: Store, influxd: Influxd) -> VerifyReport:
    return ask(influxd, lambda server: verify(store, server, SITE, TOKYO, *EVER, LATER))


def check_complete(store: Store, influxd: Influxd) -> None:
    """`verify` finds no difference, and is not blind."""
    report = report_of(store, influxd)
    assert (report.differences, report.waiting, report.refused) == ([], 0, 0)
    assert report.events == store.read_now(lambda r: r.influx.head()) > 0


Watch = Callable[[Proxy, module.Forwarder], Awaitable[None]]


async def _nothing(_proxy: Proxy, _forwarder: module.Forwarder) -> None:
    return


def forward_through(
    store: Store, influxd: Influxd, choose: Choose, meanwhile: Watch = _nothing, **changes: object
) -> Proxy:
    """Forward everything through a proxy with faults; gives the proxy with what it counted."""

    async def scenario() -> Proxy:
        await prepare(influxd)
        async with proxy(influxd.port) as between:
            between.choose = choose
            chosen = settings(influxd, **{"url": between.url, "timeout_s": 0.5, **changes})
            forwarder = make_forwarder(store, chosen, SITE)
            async with following(forwarder):
                await meanwhile(between, forwarder)
                await until(lambda: is_drained(store), "everything to be forwarded")
            return between

    return asyncio.run(scenario())


async def prepare(influxd: Influxd) -> None:
    async with connect(settings(influxd)) as server:
        await create_database(server, settings(influxd))


def forward(store: Store, influxd: Influxd, now: datetime = LATER) -> None:
    """Forward everything, undisturbed."""

    async def scenario() -> None:
        await prepare(influxd)
        await forward_all(store, settings(influxd), SITE, now)

    asyncio.run(scenario())


def ask(influxd: Influxd, question: Callable[[Server], Awaitable[T]]) -> T:
    """One conversation with the server itself."""

    async def scenario() -> T:
        async with connect(settings(influxd)) as server:
            return await question(server)

    return asyncio.run(scenario())


def some(fault: Fault, *numbers: int) -> Choose:
    """The fault for these writes only."""
    return lambda path, number: fault if path.startswith("/write") and number in numbers else None

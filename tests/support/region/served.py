"""The pages of a region served in a thread of their own, on a database of their own.

Owns starting and ending them. The towns and what they send: `pages`.
"""

import asyncio
import contextlib
import secrets
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import uvicorn
from starlette.applications import Starlette

from dashboard.office.region.hub.app import hub_pages
from dashboard.office.region.hub.page import PageSettings
from dashboard.serve import listen
from gateway.region.hub.database import PAGES, open_pool
from tests.support.region.hub import RunningHub, Town, running_hub
from tests.support.region.pages import RegionPages, build
from tests.support.region.servers.postgres import Postgres
from tests.support.servers import free_port

T = TypeVar("T")
Started = Callable[[str], contextlib.AbstractAsyncContextManager[tuple[Starlette, T]]]


@contextlib.contextmanager
def served_region(
    database: str, make: Callable[[RunningHub], Coroutine[Any, Any, dict[str, Town]]] = build
) -> Iterator[RegionPages]:
    """The region with its pages, until the block ends."""

    @contextlib.asynccontextmanager
    async def started(url: str) -> AsyncIterator[tuple[Starlette, RegionPages]]:
        async with running_hub(database) as hub:
            pages = RegionPages(url, hub, asyncio.get_running_loop())
            pages.towns = await make(hub)
            yield hub_pages(hub.hub.pages, PageSettings(title="試しの地域")), pages

    with served(started) as pages:
        yield pages


@contextlib.contextmanager
def pages_without_database() -> Iterator[str]:
    """The address of pages whose database does not answer."""

    @contextlib.asynccontextmanager
    async def started(url: str) -> AsyncIterator[tuple[Starlette, str]]:
        pool = await open_pool(f"postgresql://x@127.0.0.1:{free_port()}/x", PAGES, 2)
        yield hub_pages(pool, PageSettings()), url
        pool.terminate()

    with served(started) as url:
        yield url


@contextlib.contextmanager
def served(started: Started[T]) -> Iterator[T]:
    """An application in a thread and loop of its own; gives what `started` gave beside it."""
    listener, ready, stopped = listen("127.0.0.1", 0), threading.Event(), asyncio.Event()
    loops, found = list[asyncio.AbstractEventLoop](), list[T]()

    async def main() -> None:
        async with started(f"http://127.0.0.1:{listener.getsockname()[1]}") as (app, given):
            server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", ws="none"))
            serving = asyncio.create_task(server._serve([listener]))
            loops.append(asyncio.get_running_loop())
            found.append(given)
            ready.set()
            await stopped.wait()
            server.should_exit = True
            await serving

    with ThreadPoolExecutor(1) as thread:
        running = thread.submit(asyncio.run, main())
        try:
            while not ready.wait(0.1):
                if running.done():
                    running.result()
            yield found[0]
        finally:
            if loops:
                loops[0].call_soon_threadsafe(stopped.set)
            running.result(60)
            listener.close()


@contextlib.contextmanager
def fresh_database(postgres: Postgres, template: str = "") -> Iterator[str]:
    """A database with PostGIS, or a copy of another one; in a thread, as tests with a browser need it."""
    name = f"pages_{secrets.token_hex(4)}"
    with ThreadPoolExecutor(1) as thread:
        like = f' TEMPLATE "{template}"' if template else ""
        thread.submit(postgres.execute, f'CREATE DATABASE "{name}"{like}').result()
        if not template:
            thread.submit(postgres.execute, "CREATE EXTENSION postgis", database=name).result()
        yield postgres.url(name)
        thread.submit(postgres.execute, f'DROP DATABASE "{name}" WITH (FORCE)').result()

"""`shishigaki region hub` and `region migrate`: the hub's process, and its tables.

Owns the commands. Must not decide what a town may send: `gateway.region.hub` does.
"""

import asyncio
import logging
import signal

import typer
from starlette.routing import Mount

from dashboard.office.region.hub.app import hub_pages
from dashboard.office.region.hub.page import PageSettings
from gateway.cli.region.hub_options import HUB_FILE, HubFile, OwnerDatabase, as_owner
from gateway.cli.service.quiet_log import quiet_libraries
from gateway.region.hub.migrations import migrate as bring_up_to_date
from gateway.region.hub.service import Hub, create_app, opened, serve
from gateway.region.hub.settings import HubSettings, load_settings


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command()(hub)
    app.command()(migrate)


def hub(config: HubFile = HUB_FILE) -> None:
    """町からの記録を受け取り、ページを見せます / receive from towns, show the pages."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    quiet_libraries()
    asyncio.run(until_stopped(load_settings(config)))


def migrate(database: OwnerDatabase) -> None:
    """表を作り、この版に合わせます / make the tables, or bring them to this version."""
    for step in as_owner(database, bring_up_to_date):
        typer.echo(f"{step.name} 完了 / done")
    typer.echo("表は最新です / the tables are up to date")


async def until_stopped(settings: HubSettings) -> None:
    """Run the hub until SIGTERM, SIGINT or SIGQUIT."""
    async with opened(settings) as parts:
        serving = asyncio.create_task(served(parts), name="hub")
        for name in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
            asyncio.get_running_loop().add_signal_handler(name, serving.cancel)
        try:
            await serving
        except asyncio.CancelledError:
            return


async def served(hub: Hub) -> None:
    """Receivers, pages and, if there is a hub one level up, the sums for it; until cancelled."""
    app = create_app(hub, [pages_of(hub)])
    if hub.settings.parent is None:
        await serve(hub, app)
        return
    from gateway.region.upward.sender import Upward, connect  # aiohttp is loaded for it only

    async with connect(hub.settings.parent) as http, asyncio.TaskGroup() as group:
        upward = Upward(hub.receivers, hub.settings.parent, http)
        group.create_task(upward.keep_sending(), name="sums for one level up")
        group.create_task(serve(hub, app), name="hub")


def pages_of(hub: Hub) -> Mount:
    """The pages, at every address that is not the receivers' own."""
    told = hub.settings
    settings = PageSettings(
        title=told.title, public_url=told.public_url, silent_after_s=told.silent_after_s
    )
    return Mount("/", hub_pages(hub.pages, settings))

"""`shishigaki run`: the always-on service."""

import asyncio
import gc
import logging
import os
import signal

import typer

from gateway import app as service
from gateway.cli.options import ConfigFile, load
from gateway.cli.service.quiet_log import quiet_libraries
from gateway.cli.service.reload import LiveSettings
from gateway.config import ConfigError
from gateway.stopping import stop

NEW_OBJECTS = 10_000  # before Python searches for cycles: a batch makes thousands that live on


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command()(run)


def run(config: ConfigFile = None) -> None:
    """常駐サービスを始めます / start the always-on gateway."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    quiet_libraries()
    try:
        settings = load(config)
    except ConfigError as error:
        typer.echo(f"shishigaki: {error}", err=True)
        raise typer.Exit(os.EX_CONFIG) from None  # deploy/crashed.sh: no other version helps
    gateway = service.build(settings)
    gc.freeze()  # lasting objects are not collected again: each collection would pause 24 ms
    gc.set_threshold(NEW_OBJECTS)
    asyncio.run(until_stopped(gateway, LiveSettings(gateway, config)))


async def until_stopped(gateway: service.Gateway, settings: LiveSettings) -> None:
    """Run the gateway until SIGTERM, SIGINT or SIGQUIT; SIGHUP reads the settings again."""
    async with service.running(gateway) as task:
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
            loop.add_signal_handler(name, stop, task)
        loop.add_signal_handler(signal.SIGHUP, settings.read_again)
        try:
            await task
        except asyncio.CancelledError:
            return

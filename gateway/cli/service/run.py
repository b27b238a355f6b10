"""`shishigaki run`: the always-on service."""

import asyncio
import gc
import logging
import signal

import typer

from gateway import app as service
from gateway.cli.options import ConfigFile, load
from gateway.cli.service.quiet_log import quiet_libraries


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command()(run)


def run(config: ConfigFile = None) -> None:
    """常駐サービスを始めます / start the always-on gateway."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    quiet_libraries()
    settings = load(config)
    gateway = service.build(settings)
    gc.freeze()  # lasting objects are not collected again: each collection would pause 24 ms
    asyncio.run(until_stopped(gateway))


async def until_stopped(gateway: service.Gateway) -> None:
    """Run the gateway until SIGTERM or SIGINT."""
    async with service.running(gateway) as task:
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, task.cancel)
        try:
            await task
        except asyncio.CancelledError:
            return

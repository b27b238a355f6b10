"""`shishigaki record`: writes what arrives at the broker to a file, with its timing.

Owns the command. Works beside the running gateway with a session of its own, as `watch` does. Must not
publish.
"""

import asyncio
import contextlib
import sys
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from gateway.cli.options import Config, ConfigFile, load
from gateway.clock import utc_now
from gateway.ingest.messages.decoding import Sources
from gateway.mqtt.traffic import recording
from gateway.mqtt.traffic.tail import follow


def register(app: typer.Typer) -> None:
    """Add this file's command."""
    app.command()(record)


def record(
    out: Annotated[Path, typer.Argument(help="書き出すファイル / file to write")],
    config: ConfigFile = None,
    topic: Annotated[
        list[str] | None, typer.Option(help="このトピックだけ / only these filters")
    ] = None,
    seconds: Annotated[
        float, typer.Option(min=0, help="この秒数で終わる。0 は続ける / end after, 0: go on")
    ] = 0,
    count: Annotated[
        int, typer.Option(min=0, help="この件数で終わる。0 は続ける / end after, 0: go on")
    ] = 0,
) -> None:
    """届くメッセージを時刻とともに記録します / records what arrives, to be played again (`replay`)."""
    settings = load(config)
    sources = Sources(settings.sources, settings.site.name, settings.models)
    filters = topic or [one for one, _ in sources.subscriptions]
    try:
        with out.open("xb") as file, contextlib.suppress(KeyboardInterrupt, TimeoutError):
            asyncio.run(_record(settings, file, filters, seconds, count))
    except OSError as error:
        sys.stderr.write(
            f"shishigaki record: {out}: {error.strerror}; 新しいファイル名を / name a new file\n"
        )
        raise typer.Exit(1) from None


async def _record(
    settings: Config, file: BinaryIO, filters: list[str], seconds: float, count: int
) -> None:
    arriving = follow(settings.mqtt, settings.site.name, filters, _problem)
    async with asyncio.timeout(seconds or None), contextlib.aclosing(arriving):
        begun, written = None, 0
        try:
            async for message in arriving:
                if begun is None:
                    begun = message.received_at
                    file.write(recording.head(begun, filters))
                file.write(recording.line(message, begun))
                file.flush()
                written += 1
                if written == count:
                    return
        finally:
            if begun is None:  # nothing came: the file says so
                file.write(recording.head(utc_now(), filters))


def _problem(text: str) -> None:
    if text:
        sys.stderr.write(f"shishigaki record: {text}\n")

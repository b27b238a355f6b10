"""``shishigaki decode``: the events of one payload, without broker, registry or database."""

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from gateway.clock import utc_now
from gateway.config import load
from gateway.dialects import Context
from gateway.dialects.sensors.models import with_own
from gateway.dialects.table import BY_NAME
from gateway.dialects.timestamps import instant
from gateway.domain.model import Message, MessageRefusedError
from gateway.domain.timing import judge, to_json


def decode(
    dialect: Annotated[
        str, typer.Option(help="方言。shishigaki dialects で分かります / as `dialects` names it")
    ],
    topic: Annotated[str, typer.Option(help="届いたトピック / topic the payload came on")],
    file: Annotated[
        Path,
        typer.Argument(help="中身。なしか - は標準入力 / payload; - or nothing: standard input"),
    ] = Path("-"),
    received: Annotated[
        str, typer.Option(help="届いた時刻 (RFC 3339)。なしは今 / when it came; nothing: now")
    ] = "",
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", help="自分の機種表のある設定 / settings with own models"),
    ] = None,
) -> None:
    """中身の意味を1行1件の JSON で示します / print the events that a payload means, one JSON object a line.

    Exit 0: events; 1: it means none, the reason stands on stderr; 2: wrong usage.
    Unknown sensor models are read by what their fields usually mean.
    """
    row = BY_NAME.get(dialect)
    if row is None:
        raise typer.BadParameter(
            f"{dialect!r}: one of {', '.join(BY_NAME)}", param_hint="--dialect"
        )
    models = with_own(load(config).models) if config else None
    received_at = _received(received)
    message = Message(topic=topic, payload=_payload(file), received_at=received_at)
    try:
        readings = row.decode(message, Context(models=models, assume=True))
    except MessageRefusedError as refused:
        print(f"{refused.reason}: {refused.detail}", file=sys.stderr)
        raise typer.Exit(1) from None
    for reading in readings:
        sys.stdout.write(to_json(judge(reading, received_at)).decode() + "\n")


def _received(text: str) -> datetime:
    if not text:
        return utc_now()
    time = instant(text)
    if time is None:
        raise typer.BadParameter(
            f"{text!r}: a time with zone, 2026-11-23T04:05:06Z", param_hint="--received"
        )
    return time


def _payload(file: Path) -> bytes:
    if str(file) == "-":
        return sys.stdin.buffer.read()
    try:
        return file.read_bytes()
    except OSError as error:
        raise typer.BadParameter(f"{file}: {error.strerror}", param_hint="FILE") from None


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(decode)

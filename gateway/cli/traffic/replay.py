"""`shishigaki replay`: plays a recording to a broker, with its timing.

Owns the command. Must not change messages: ids and times stay, so a gateway that had them stores nothing
twice.
"""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

from gateway.config import Mqtt
from gateway.mqtt.traffic import playing, recording
from gateway.mqtt.traffic.recording import RecordedMessage


def register(app: typer.Typer) -> None:
    """Add this file's command."""
    app.command()(replay)


def replay(
    file: Annotated[Path, typer.Argument(help="`record` のファイル / a file of `record`")],
    host: Annotated[str, typer.Option(help="ブローカーのホスト / the broker's host")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=1, max=65_535, help="ブローカーのポート / the broker's port")
    ] = 1883,
    speed: Annotated[
        float,
        typer.Option(min=0, help="実時間の何倍か。0 は待たない / times real time, 0: no pauses"),
    ] = 1.0,
    login: Annotated[
        str,
        typer.Option(
            help="ブローカーのアカウント名。パスワードは標準入力 / account; password by stdin"
        ),
    ] = "",
) -> None:
    """記録を同じ間隔で送り直します / plays a recording to a broker for trials, as it came."""
    password = sys.stdin.readline().strip() if login else ""
    settings = Mqtt(host=host, port=port, username=login, password=password)
    played = 0

    def count(_: RecordedMessage) -> None:
        nonlocal played
        played += 1

    try:
        with file.open("rb") as lines:
            asyncio.run(playing.play(settings, recording.read(lines), speed, count))
    except OSError as error:
        sys.stderr.write(f"shishigaki replay: {file}: {error.strerror}\n")
        raise typer.Exit(1) from None
    typer.echo(f"{played}")

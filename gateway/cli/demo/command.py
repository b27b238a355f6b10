"""`shishigaki demo`: runs broker, simulator, gateway and pages on this machine."""

import asyncio
import logging
import signal
import webbrowser
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from gateway import app as service
from gateway.cli.demo.island import LOGIN, Demo, DemoOptions, claim
from gateway.clock import utc_now
from gateway.mqtt.embedded_broker import embedded

FIRST_TEXT = "1年分の記録を作成中 / seeding a year"
CONTINUE_TEXT = "前回の続きを準備中 / catching up since the last time"

console = Console(highlight=False, soft_wrap=True)


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command()(demo)


def demo(
    port: Annotated[
        int, typer.Option(min=1, max=65_535, help="画面のポート / port of the pages")
    ] = 8000,
    data: Annotated[Path, typer.Option(help="データの置き場 / where data is kept")] = Path(".demo"),
    browser: Annotated[bool, typer.Option(help="ブラウザーを開く / open a browser")] = True,
    speed: Annotated[
        float, typer.Option(min=0.1, max=10_000, help="実時間の何倍か / times real time")
    ] = 60,
) -> None:
    """福江島のシミュレーションで全体を動かします / the whole system on a simulated island."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    with claim(data):
        asyncio.run(_demo(Demo(DemoOptions(data, port, speed)), port, browser))


async def _demo(island: Demo, asked: int, browser: bool) -> None:
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    if island.port != asked:
        console.print(
            f"ポート {asked} は使用中。{island.port} を使います / port {asked} is taken, using {island.port}"
        )
    async with (
        embedded(island.options.data / "broker", island.broker_port) as broker,
        service.running(island.gateway) as task,
    ):
        url = f"http://127.0.0.1:{island.port}/"
        _greet(url, broker.name, island)
        if browser:
            await asyncio.to_thread(webbrowser.open, url)
        work = asyncio.create_task(_seed_and_live(island, stop), name="demo")
        stopped = asyncio.create_task(stop.wait(), name="stop")
        await asyncio.wait({work, stopped, task}, return_when=asyncio.FIRST_COMPLETED)
        stop.set()
        if task.done():
            work.cancel()
            await task
        await work
    console.print(
        "止めました。データは残っています / stopped; the data stays in", str(island.options.data)
    )


async def _seed_and_live(island: Demo, stop: asyncio.Event) -> None:
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[day]}"),
        TimeRemainingColumn(),
        console=console,
    ) as bar:
        begun = utc_now()
        words = CONTINUE_TEXT if island.reached else FIRST_TEXT
        task = bar.add_task(words, total=island.options.history.total_seconds(), day="")

        def progress(at: datetime) -> None:
            left = (begun - at).total_seconds()
            bar.update(
                task,
                completed=island.options.history.total_seconds() - left,
                day=f"{at:%Y-%m-%d}",
            )
            if stop.is_set():
                raise asyncio.CancelledError

        try:
            world = await island.seed(progress)
        except asyncio.CancelledError:
            return
    console.print(
        f"ここから {island.options.speed:g} 倍速で実況。Ctrl-C で終了 / live from here, Ctrl-C ends"
    )
    await island.live(world, stop)


def _greet(url: str, broker: str, island: Demo) -> None:
    count = len(island.scenario.devices)
    console.print(
        f"[bold]猪垣 Shishigaki demo[/bold]  {island.scenario.title}, {count} 台 / devices, {broker}"
    )
    console.print(f"  地図 / map       [bold]{url}[/bold]")
    console.print(f"  わな一覧 / traps {url}traps")
    console.print(
        f"  記録するには / to record: {url}login  名前 / name [bold]{LOGIN}[/bold]  "
        f"パスワード / password [bold]{island.password}[/bold]"
    )
    console.print(
        f"  または一度だけ、文字を打たずに / or once, without typing: {url}in/{island.sign_in}"
    )
    console.print(
        "  作動したわなは赤くなり、ここにも通知が出ます / a sprung trap turns red; its alert also prints here"
    )

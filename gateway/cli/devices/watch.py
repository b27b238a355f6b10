"""`shishigaki watch`: shows arriving messages, how each was read, or why not.

Owns the screen. Works beside the running gateway with its own MQTT session. Must not publish.
"""

import asyncio
import contextlib
import sys
from collections import deque
from collections.abc import Mapping
from datetime import tzinfo
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
import typer
from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from gateway.cli.options import AsJson, Config, ConfigFile, load
from gateway.domain.model import Device
from gateway.ingest.devices.message_trace import TraceRow, battery, signal, trace_rows
from gateway.ingest.messages.decoding import Sources
from gateway.mqtt.traffic.tail import follow
from gateway.store import Reader
from gateway.store.connection import StoreError

REREAD_DEVICES_S = 5.0  # between two readings of the registry
MAX_LINES = 200  # on the screen
HEADS = ("時刻", "どこから", "機器", "読み方", "内容", "信号", "電池", "QoS")
COLOURS = {"trap.sprung": "bold red", "detection": "yellow", "tamper": "magenta"}


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command()(watch)


def watch(
    config: ConfigFile = None,
    as_json: AsJson = False,
    count: Annotated[
        int, typer.Option(help="この行数で終わる。0 は続ける / end after, 0: go on")
    ] = 0,
) -> None:
    """いま届いているもの、その読み方、読めない理由を見ます / what arrives now and how it is read."""
    settings = load(config)
    output = _Printer() if as_json else _Screen(ZoneInfo(settings.site.timezone))
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_run(settings, output, count))


class _Screen:
    """A live table of the newest messages."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self._lines: deque[TraceRow] = deque(maxlen=MAX_LINES)
        self._problem = "接続しています / connecting"
        self._live = Live(console=Console(), auto_refresh=False, screen=False)

    def __enter__(self) -> "_Screen":
        self._live.start()
        self._draw()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def problem(self, text: str) -> None:
        self._problem = text
        self._draw()

    def __call__(self, line: TraceRow) -> None:
        self._lines.appendleft(line)
        self._draw()

    def _draw(self) -> None:
        title = self._problem or "受信中。Ctrl-C で終わります / listening, Ctrl-C ends"
        table = Table(title=escape(title), expand=True)
        for head in HEADS:
            table.add_column(head, overflow="fold")
        for line in list(self._lines)[: max(5, self._live.console.height - 6)]:
            style = "dim" if line.reason else COLOURS.get(line.kind, "")
            table.add_row(*map(escape, _row(line, self._zone)), style=style)
        self._live.update(table, refresh=True)


def _row(line: TraceRow, zone: tzinfo) -> tuple[str, ...]:
    by = f"({line.input})" if line.input else ""
    content = " ".join(part for part in (line.kind, line.species, by, line.unread) if part)
    why = f"{line.reason}: {line.detail}" if line.detail else line.reason
    return (
        f"{line.received_at.astimezone(zone):%H:%M:%S}",
        line.topic,
        line.name or line.device,
        line.dialect,
        " / ".join(part for part in (content, why) if part),
        signal(line.rssi_dbm, line.snr_db),
        battery(line),
        f"{line.qos}{' 保持' if line.retain else ''}",
    )


class _Printer:
    """One line of JSON per message; problems go to stderr."""

    def __enter__(self) -> "_Printer":
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to close."""

    def problem(self, text: str) -> None:
        if text:
            sys.stderr.write(f"shishigaki: {text}\n")

    def __call__(self, line: TraceRow) -> None:
        sys.stdout.write(msgspec.json.encode(line).decode() + "\n")
        sys.stdout.flush()


async def _run(settings: Config, output: "_Screen | _Printer", count: int) -> None:
    sources = Sources(settings.sources, settings.site.name, settings.models)
    registry = _Registry(Path(settings.store.path))
    filters = [topic for topic, _ in sources.subscriptions]
    shown = 0
    with output:
        arriving = follow(settings.mqtt, settings.site.name, filters, output.problem)
        async with contextlib.aclosing(arriving):
            async for message in arriving:
                devices = await registry.devices()
                for line in trace_rows(
                    message, sources.dialect(message.topic), sources.decode, devices
                ):
                    output(line)
                    shown += 1
                if count and shown >= count:
                    return


class _Registry:
    """The gateway's devices, read at most every REGISTRY_S; empty while there is no database."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read_at = float("-inf")
        self._devices: Mapping[str, Device] = {}

    async def devices(self) -> Mapping[str, Device]:
        now = asyncio.get_running_loop().time()
        if now - self._read_at >= REREAD_DEVICES_S:
            self._read_at = now
            self._devices = await asyncio.to_thread(self._load)
        return self._devices

    def _load(self) -> Mapping[str, Device]:
        if not self._path.exists():
            return {}
        try:
            with contextlib.closing(Reader(self._path)) as reader:
                return {device.id: device for device in reader.devices()}
        except StoreError:
            return {}

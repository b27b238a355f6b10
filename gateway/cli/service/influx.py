"""`shishigaki influx`: sets up the central InfluxDB, sends a period again, compares it with the journal."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated, TypeVar
from zoneinfo import ZoneInfo

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from gateway.cli.options import AsJson, Config, ConfigFile, load, open_store
from gateway.clock import utc_now
from gateway.config import ConfigError, Influx
from gateway.domain.epoch import from_ms
from gateway.export.influx.forward.backfill import backfill as send_again
from gateway.export.influx.forward.sender import Sender
from gateway.export.influx.server import QueryError, Server, connect
from gateway.export.influx.setup import SetupError, create_database
from gateway.export.influx.verify import VerifyReport
from gateway.export.influx.verify import verify as compare
from gateway.following.errors import ForwardingHaltedError, RetryLaterError
from gateway.store import Store

T = TypeVar("T")
group = typer.Typer(help="InfluxDB への転送 / forwarding to InfluxDB", no_args_is_help=True)
FirstDay = Annotated[
    datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="最初の日 / first day")
]
LastDay = Annotated[
    datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="最後の日 / last day")
]


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.add_typer(group, name="influx")


@group.command()
def setup(config: ConfigFile = None) -> None:
    """データベースと保存期間を用意します / make the database, its retention and shards."""
    settings = _settings(config)
    version = _with_server(settings.influx, lambda server: create_database(server, settings.influx))
    typer.echo(f"InfluxDB {version}: {settings.influx.database} 準備完了 / ready")


@group.command()
def backfill(start: FirstDay = None, end: LastDay = None, config: ConfigFile = None) -> None:
    """ある期間を送り直します。中断しても続きから / send a time again; resumes where it broke off."""
    settings = _settings(config)
    store = open_store(settings)

    async def run(server: Server) -> int:
        zone = ZoneInfo(settings.site.timezone)
        batch = settings.influx.batch
        sender = Sender(store, server.write, settings.site.name, zone, utc_now, batch)
        return await _backfill(store, sender, *_span(store, zone, start, end))

    try:
        refused = _with_server(settings.influx, run)
    finally:
        store.close()
    if refused:
        _fail(f"{refused} points were refused; see shishigaki influx verify")


@group.command()
def verify(
    start: FirstDay = None, end: LastDay = None, config: ConfigFile = None, as_json: AsJson = False
) -> None:
    """手元の記録と日ごとに照合します / compare with the journal, day by day."""
    settings = _settings(config)
    store = open_store(settings)
    zone = ZoneInfo(settings.site.timezone)
    try:
        first, last = _span(store, zone, start, end)
        report = _with_server(
            settings.influx,
            lambda server: compare(store, server, settings.site.name, zone, first, last, utc_now()),
        )
        refusals = store.read_now(lambda r: r.influx.refusals())
    finally:
        store.close()
    if as_json:
        typer.echo(msgspec.json.encode(report).decode())
    else:
        _show(report, refusals)
    if report.differences:
        raise typer.Exit(1)


def _settings(config: ConfigFile) -> Config:
    settings = load(config)
    if not settings.influx.url:
        raise ConfigError("influx.url is empty: nothing is forwarded; give http(s)://host:port")
    return settings


def _with_server(settings: Influx, question: Callable[[Server], Awaitable[T]]) -> T:
    """Connect and run `question`; an error of the server is printed in one line, exit code 1."""

    async def scenario() -> T:
        async with connect(settings) as server:
            return await question(server)

    try:
        return asyncio.run(scenario())
    except (QueryError, SetupError, ForwardingHaltedError, RetryLaterError) as error:
        raise _fail(f"{settings.url}: {error}") from None


def _fail(reason: str) -> typer.Exit:
    typer.echo(f"shishigaki influx: {reason}", err=True)
    raise typer.Exit(1)


def _span(
    store: Store, zone: ZoneInfo, start: datetime | None, end: datetime | None
) -> tuple[datetime, datetime]:
    """Whole local days [start, end], by default all data, as a half-open range."""
    lo, hi = store.read_now(lambda r: r.counts.span_ms()) or (0, 0)
    first = start or from_ms(lo).astimezone(zone)
    last = end or from_ms(hi).astimezone(zone)
    midnights = [
        day.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=zone)
        for day in (first, last + timedelta(days=1))
    ]
    return midnights[0].astimezone(UTC), midnights[1].astimezone(UTC)


async def _backfill(store: Store, sender: Sender, start: datetime, end: datetime) -> int:
    columns = (TextColumn("InfluxDB"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    refused = 0
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("events")
        async for step in send_again(store, sender, start, end):
            bar.update(task, completed=step.sent, total=step.total)
            refused = step.refused
    return refused


def _show(report: VerifyReport, refusals: list[tuple[str, str, str]]) -> None:
    table = Table("日 day", "measurement", "手元 journal", "InfluxDB", "差 difference")
    for row in report.differences:
        table.add_row(
            f"{row.day}",
            row.what,
            f"{row.journal}",
            f"{row.server}",
            f"{row.server - row.journal:+}",
        )
    console = Console()
    if report.differences:
        console.print(table)
    days = len({row.day for row in report.differences})
    typer.echo(f"{report.events} 件を照合、相違 {days} 日 / events compared, days that differ")
    if report.waiting:
        typer.echo(f"送信待ち {report.waiting} 件 / still to be sent")
    if report.refused:
        typer.echo(f"拒否された点 {report.refused} 件 / points refused, the newest:")
        for key, line, detail in refusals:
            typer.echo(f"  {key}: {detail}\n    {line[:200]}")

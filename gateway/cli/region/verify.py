"""`shishigaki region verify`: compares a town's record with what its region has, at the town.

Owns the command. The running gateway sends what `--mend` marks.
"""

import asyncio
from datetime import datetime
from functools import partial
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from gateway.cli.options import AsJson, Config, ConfigFile, load, open_store
from gateway.clock import utc_now
from gateway.config import ConfigError
from gateway.domain.epoch import day_number
from gateway.region.uplink.asking import ask_digest
from gateway.region.uplink.connection import Connection
from gateway.region.verify import RegionReport, mend
from gateway.region.verify import verify as compare
from gateway.store import Store
from gateway.store.setting_keys import SettingKey

FirstDay = Annotated[
    datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="最初の日 / first day")
]
LastDay = Annotated[
    datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="最後の日 / last day")
]
Mend = Annotated[
    bool, typer.Option("--mend", help="違う日を送り直します / send again the days that differ")
]


def register(app: typer.Typer) -> None:
    """Add this file's command."""
    app.command()(verify)


def verify(
    start: FirstDay = None,
    end: LastDay = None,
    config: ConfigFile = None,
    again: Mend = False,
    as_json: AsJson = False,
) -> None:
    """町の記録と地域の記録を日ごとに照合します / compare the town's record with its region's, day by day."""
    settings = load(config)
    if not settings.region.url:
        raise ConfigError(
            "region.url is empty: nothing is sent; shishigaki region join FILE fills it in"
        )
    store = open_store(settings)
    try:
        report = asyncio.run(_compare(store, settings, _days(start, end), mend_it=again))
    finally:
        store.close()
    if as_json:
        typer.echo(msgspec.json.encode(report).decode())
    else:
        _show(report, again)
    if report.differences:
        raise typer.Exit(1)


def _days(start: datetime | None, end: datetime | None) -> range | None:
    """Both days included; None: all days that are over."""
    if start is None and end is None:
        return None
    first = day_number(start) if start else 0
    return range(first, day_number(end) + 1 if end else day_number(utc_now()) + 1)


async def _compare(
    store: Store, settings: Config, days: range | None, *, mend_it: bool
) -> RegionReport:
    zone = ZoneInfo(settings.site.timezone)
    journal = await store.read(lambda r: r.region.get(SettingKey.JOURNAL))
    if journal is None:
        raise ConfigError(
            "nothing was ever sent to the region: start the gateway with [region] first"
        )
    with Connection(settings.region) as connection:
        ask = partial(ask_digest, connection, settings.region.town, journal)
        report = await compare(store, ask, zone, days, utc_now())
    if mend_it:
        await mend(store, report, zone)
    return report


def _show(report: RegionReport, again: bool) -> None:
    table = Table("日 day", "種類 what", "町 town", "地域 region")
    for one in report.differences:
        table.add_row(f"{one.day or '-'}", one.what, f"{list(one.town)}", f"{list(one.region)}")
    if report.differences:
        Console().print(table)
    days = len({one.day for one in report.differences})
    typer.echo(f"{report.days} 日を照合、相違 {days} 日 / days compared, days that differ")
    if report.waiting:
        typer.echo(f"送信待ち {report.waiting} / still to be sent")
    if again and report.differences:
        typer.echo("ゲートウェイが送り直します / the running gateway sends them again")

"""`shishigaki region export`: months of the region as GeoParquet, as one organisation may read them."""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.region.hub_options import HUB_FILE, HubFile, as_owner
from gateway.clock import utc_now
from gateway.domain.epoch import month_number
from gateway.domain.errors import BadInputError
from gateway.region.hub.database import Connection
from gateway.region.hub.month_export import MonthSums, read_month, write_month
from gateway.region.hub.settings import load_settings

FIRST = date(1970, 1, 1)


class MonthError(BadInputError):
    """No month; nothing was written."""


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command()(export)


def export(
    organisation: Annotated[str, typer.Option(help="読む組織 / who reads, e.g. prefecture")],
    out: Annotated[Path, typer.Option("--out", help="フォルダー / folder")],
    month: Annotated[
        str, typer.Option("--month", help="2026-10 既定は先月 / else the last month")
    ] = "",
    months: Annotated[int, typer.Option(min=1, max=120, help="その月まで / months up to it")] = 1,
    config: HubFile = HUB_FILE,
) -> None:
    """月ごとの合計を GeoParquet に / sums of months as GeoParquet, with hidden counts as on the pages."""
    last = _month(month)
    database = load_settings(config).database

    async def read(link: Connection) -> list[MonthSums]:
        return [
            await read_month(link, organisation, one) for one in range(last - months + 1, last + 1)
        ]

    for sums in as_owner(database, read):
        for path in write_month(sums, out):
            typer.echo(f"{path}: {path.stat().st_size:,} bytes")


def _month(text: str) -> int:
    if not text:
        return month_number((utc_now().date() - FIRST).days) - 1
    try:
        year, number = (int(part) for part in text.split("-"))
        day = date(year, number, 1)
    except ValueError:
        raise MonthError(f"{text!r} is no month; write it as 2026-10") from None
    return month_number((day - FIRST).days)

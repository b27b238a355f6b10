"""`shishigaki secrets`: the secrets that sign one-tap links and the cookie of known browsers.

Owns the commands. The running gateway takes a new secret at its next use, without a restart. No command
shows a secret. Sessions and tokens need none: `shishigaki sessions` and `tokens` end those.
"""

from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from msgspec import Struct
from rich.console import Console
from rich.table import Table

from dashboard.web.entry.key_file import KeyFile
from gateway.cli.options import AsJson, Config, ConfigFile, load, open_store, takes
from gateway.clock import utc_now
from gateway.domain.errors import BadInputError
from gateway.domain.people.changes import FieldChange
from gateway.domain.people.session import IDLE
from gateway.domain.people.signing import KeyRing, Purpose
from gateway.ingest.people import roster
from gateway.store import Transaction

MOST_DAYS = 400  # browsers keep no cookie longer
group = typer.Typer(
    help="リンクと端末の署名の鍵 / secrets that sign links and browsers", no_args_is_help=True
)


class SecretsError(BadInputError):
    """The secrets cannot be changed like that; the text says why."""


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.add_typer(group, name="secrets")


class RotateOptions(Struct, frozen=True):
    """The options of `secrets rotate`."""

    only: Annotated[
        Purpose | None, typer.Option(help="どちらかだけ、なければ両方 / one of them; else both")
    ] = None
    accept_days: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=MOST_DAYS,
            help="古い鍵を認める日数。なければリンクは link_days、端末は90日 / "
            "the old one counts so long; else links for alerts.link_days, browsers for 90 days",
        ),
    ] = None
    now: Annotated[
        bool,
        typer.Option(
            "--now", help="古い鍵をすぐ無効に。漏れたとき / end the old one at once: it leaked"
        ),
    ] = False
    config: ConfigFile = None


@group.command()
@takes(RotateOptions)
def rotate(options: RotateOptions) -> None:
    """新しい鍵に替えます / replace the secrets by new ones."""
    if options.now and options.accept_days is not None:
        raise SecretsError("give one of: --accept-days N, --now")
    settings, now = load(options.config), utc_now()
    purposes = [options.only] if options.only else list(Purpose)
    accept = {one: _accepted_for(one, options, settings) for one in purposes}
    file = _file(settings)

    def change(tx: Transaction) -> KeyRing:
        ring = file.ring()
        for purpose, span in accept.items():
            ring = ring.rotated(purpose, now, span)
        fields = [
            FieldChange(f"secret_{one}", "", f"{now + accept[one]:%Y-%m-%d %H:%M} UTC")
            for one in purposes
        ]
        tx.people.note("secrets", fields, roster.COMMAND_LINE, now)
        file.write(ring)
        return ring

    with closing(open_store(settings)) as store, file.undone_on_error():
        ring = store.write_now(change)
    for purpose in purposes:
        typer.echo(_said(purpose, ring, now))


@group.command("list")
def list_(config: ConfigFile = None, as_json: AsJson = False) -> None:
    """いつからの鍵を、いつまで認めるか / since when each one is used and how long it counts."""
    ring, now = _file(load(config)).ring(), utc_now()
    rows = [
        {"purpose": purpose.value, "since": one.since, "until": one.until}
        for purpose in Purpose
        for one in ring.of(purpose)
        if one.is_accepted(now)
    ]
    if as_json:
        typer.echo(msgspec.json.encode(rows).decode())
        return
    table = Table("signs", "since", "until")
    for row in rows:
        table.add_row(
            *(
                f"{one:%Y-%m-%d %H:%M}" if isinstance(one, datetime) else one or ""
                for one in row.values()
            )
        )
    Console().print(table)


def _file(settings: Config) -> KeyFile:
    return KeyFile(Path(settings.store.path), settings.dashboard.secret, utc_now)


def _accepted_for(purpose: Purpose, options: RotateOptions, settings: Config) -> timedelta:
    """How long what the old secret has signed still counts."""
    if options.now:
        return timedelta()
    if options.accept_days is not None:
        return timedelta(days=options.accept_days)
    return timedelta(days=settings.alerts.link_days) if purpose is Purpose.LINKS else IDLE


def _said(purpose: Purpose, ring: KeyRing, now: datetime) -> str:
    ends = [one.until for one in ring.of(purpose) if one.until and one.is_accepted(now)]
    if not ends:
        return f"{purpose.value}: 新しい鍵だけが有効です / only the new secret counts"
    last = f"{max(ends):%Y-%m-%d %H:%M} UTC"
    return f"{purpose.value}: 古い鍵は {last} まで有効です / the old secret counts until {last}"

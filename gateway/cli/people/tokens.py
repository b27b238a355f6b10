"""`shishigaki tokens`: tokens by which other programs read the API.

Owns the commands. A token is printed once, when it is made; the database keeps a hash of it.
"""

from contextlib import closing
from datetime import datetime, timedelta
from typing import Annotated

import msgspec
import typer
from msgspec import Struct
from rich.console import Console
from rich.table import Table

from gateway.cli.options import AsJson, ConfigFile, load, open_store, takes
from gateway.clock import utc_now
from gateway.domain.people.api_token import (
    LONGEST_DAYS,
    READING,
    ApiToken,
    Scope,
    hash_of,
    new_secret,
)
from gateway.domain.people.person import UserRole
from gateway.ingest.people import programs
from gateway.ingest.people.roster import COMMAND_LINE

TokenName = Annotated[
    str, typer.Argument(help="どのプログラムのものか / name of the program that uses it")
]
group = typer.Typer(help="API のトークン / tokens of the API", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.add_typer(group, name="tokens")


class AddOptions(Struct, frozen=True):
    """The options of `tokens add`."""

    name: TokenName
    role: Annotated[
        UserRole, typer.Option(help="何が見えるか / whose eyes: viewer sees 5 km squares only")
    ] = UserRole.VIEWER
    scope: Annotated[
        list[Scope] | None,
        typer.Option(help="できること、なければ全部読める / what it may do; else read all"),
    ] = None
    place: Annotated[
        list[str] | None, typer.Option(help="わなか区域、* 可 / devices or areas, * allowed")
    ] = None
    days: Annotated[
        int, typer.Option(min=1, max=LONGEST_DAYS, help="有効な日数 / valid for so many days")
    ] = 365
    config: ConfigFile = None


@group.command()
@takes(AddOptions)
def add(options: AddOptions) -> None:
    """作って一度だけ表示します / make a token and show it, once."""
    now = utc_now()
    token = ApiToken(
        name=options.name,
        role=options.role,
        scopes=tuple(dict.fromkeys(options.scope or READING)),
        places=tuple(options.place or ()),
        created_at=now,
        expires_at=now + timedelta(days=options.days),
    )
    secret = new_secret()
    hashed = hash_of(secret)
    with closing(open_store(load(options.config))) as store:
        store.write_now(lambda tx: programs.add(tx, token, hashed, COMMAND_LINE, now))
    typer.echo(secret)


@group.command("list")
def list_(config: ConfigFile = None, as_json: AsJson = False) -> None:
    """一覧。トークンそのものは出ません / show the tokens, without their secrets."""
    with closing(open_store(load(config))) as store:
        found = store.read_now(lambda reader: reader.tokens.all())
    if as_json:
        typer.echo(msgspec.json.encode(found).decode())
        return
    now = utc_now()
    table = Table("name", "role", "scopes", "places", "until", "last used", "")
    for one in found:
        table.add_row(
            one.name,
            one.role,
            ", ".join(one.scopes),
            ", ".join(one.places) or "*",
            f"{one.expires_at:%Y-%m-%d}",
            f"{one.used_at:%Y-%m-%d %H:%M}" if one.used_at else "",
            _state(one, now),
        )
    Console().print(table)


@group.command()
def revoke(name: TokenName, config: ConfigFile = None) -> None:
    """すぐに使えなくします / end a token at once."""
    with closing(open_store(load(config))) as store:
        store.write_now(lambda tx: programs.revoke(tx, name, COMMAND_LINE, utc_now()))
    typer.echo(f"{name}: 無効にしました / revoked")


def _state(token: ApiToken, now: datetime) -> str:
    if token.revoked_at is not None:
        return "無効 / revoked"
    return "有効 / valid" if token.opens(now) else "期限切れ / expired"

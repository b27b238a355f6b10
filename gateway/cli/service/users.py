"""`shishigaki users`: the accounts that may log in to the pages.

Owns the commands. Passwords come from a prompt or standard input, never from the command line, because
other users of the machine could read it.
"""

import sys
from contextlib import closing
from enum import StrEnum
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from dashboard.web.auth import hash_password
from gateway.cli.options import AsJson, ConfigFile, load, open_store
from gateway.domain.accounts import Account, Rank
from gateway.domain.errors import BadInputError

LEAST_LENGTH = 10  # characters of a password

UserName = Annotated[str, typer.Argument(help="ログインの名前 / name to log in with")]
group = typer.Typer(help="ログインできる人 / who may log in", no_args_is_help=True)


class RankName(StrEnum):
    """The ranks as written on the command line."""

    VIEWER = "viewer"
    TRAPPER = "trapper"
    OFFICIAL = "official"
    ADMIN = "admin"


class UserError(BadInputError):
    """The account cannot be created or found; the text says why."""


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.add_typer(group, name="users")


@group.command()
def add(
    name: UserName,
    role: Annotated[
        RankName, typer.Option(help="見る人, わな猟師, 職員, 管理者 / what they may do")
    ] = RankName.VIEWER,
    config: ConfigFile = None,
) -> None:
    """追加、または役割とパスワードの変更。パスワードは標準入力からも / add or change somebody."""
    account = Account(name, Rank[role.name], hash_password(_password()))
    with closing(open_store(load(config))) as store:
        store.write_now(lambda tx: tx.put_account(account))
    typer.echo(f"{name}: {role.value}")


@group.command("list")
def list_(config: ConfigFile = None, as_json: AsJson = False) -> None:
    """ログインできる人の一覧 / show who may log in."""
    with closing(open_store(load(config))) as store:
        accounts = store.read_now(lambda reader: reader.accounts())
    rows = [{"name": one.name, "role": one.rank.name.lower()} for one in accounts]
    if as_json:
        typer.echo(msgspec.json.encode(rows).decode())
        return
    table = Table("name", "role")
    for row in rows:
        table.add_row(row["name"], row["role"])
    Console().print(table)


@group.command()
def remove(name: UserName, config: ConfigFile = None) -> None:
    """ログインできなくします。開いている画面も閉じます / take a log-in away, sessions included."""
    with closing(open_store(load(config))) as store:
        if not store.write_now(lambda tx: tx.remove_account(name)):
            known = ", ".join(one.name for one in store.read_now(lambda r: r.accounts()))
            raise UserError(f"{name}: no such user; known: {known or 'none'}")
    typer.echo(f"{name}: 削除しました / removed")


def _password() -> str:
    """Prompt twice at a terminal, else read the first line of standard input. Raises UserError."""
    if sys.stdin.isatty():
        given: str = typer.prompt(
            "パスワード / password", hide_input=True, confirmation_prompt=True
        )
    else:
        given = sys.stdin.readline().rstrip("\n")
    if len(given) < LEAST_LENGTH:
        raise UserError(
            f"a password of {len(given)} characters is too short: at least {LEAST_LENGTH}"
        )
    return given

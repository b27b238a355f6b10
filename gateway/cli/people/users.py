"""`shishigaki users`: the accounts that may log in to the pages.

Owns the commands. Passwords come from a prompt or standard input, never from the command line, because
other users of the machine could read it.
"""

from contextlib import closing
from typing import Annotated

import msgspec
import typer
from msgspec.structs import replace
from rich.console import Console
from rich.table import Table

from dashboard.web.entry.passwords import hash_password
from gateway.cli.options import AsJson, ConfigFile, load, open_store
from gateway.cli.people import sign_in
from gateway.cli.people.new_password import ask_password
from gateway.clock import utc_now
from gateway.domain.errors import BadInputError
from gateway.domain.people.person import Person, UserRole
from gateway.domain.people.rules import plain
from gateway.ingest.people import roster
from gateway.store import Transaction

BY = roster.COMMAND_LINE

UserName = Annotated[str, typer.Argument(help="ログインの名前 / name to log in with")]
group = typer.Typer(help="ログインできる人 / who may log in", no_args_is_help=True)


class UserError(BadInputError):
    """The account cannot be created or found; the text says why."""


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    sign_in.register(group)
    app.add_typer(group, name="users")


@group.command()
def add(
    name: UserName,
    role: Annotated[
        UserRole,
        typer.Option(help="住民, 見る人, わな猟師, 代理, 職員, 設置者, 管理者 / what they may do"),
    ] = UserRole.VIEWER,
    config: ConfigFile = None,
) -> None:
    """追加、または役割とパスワードの変更。パスワードは標準入力からも / add or change somebody."""
    password_hash = hash_password(ask_password())

    def change(tx: Transaction) -> None:
        before = tx.people.find(plain(name)) or Person(name=name)
        person = replace(before, role=role, password_hash=password_hash)
        tx.people.put(person, BY, utc_now())

    with closing(open_store(load(config))) as store:
        store.write_now(change)
    typer.echo(f"{name}: {role.value}")


@group.command("list")
def list_(config: ConfigFile = None, as_json: AsJson = False) -> None:
    """ログインできる人の一覧 / show who may log in."""
    with closing(open_store(load(config))) as store:
        logins = store.read_now(lambda reader: reader.people.logins())
    rows = [{"name": one.name, "role": one.role.value} for one in logins]
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

    def change(tx: Transaction) -> None:
        person = tx.people.find(name)
        was_in = tx.sessions.shut_out(name)
        if person is None or not (person.password_hash or was_in):
            known = ", ".join(one.name for one in tx.people.all() if one.password_hash)
            raise UserError(f"{name}: no such user; known: {known or 'none'}")
        if person.channels:
            tx.people.put(replace(person, password_hash=""), BY, utc_now())
        else:
            tx.people.remove(name, BY, utc_now())

    with closing(open_store(load(config))) as store:
        store.write_now(change)
    typer.echo(f"{name}: 削除しました / removed")

"""`shishigaki sessions`: where people are logged in to the pages, and ending it.

Owns the commands. A session that ends here is refused at its next request, without a restart.
"""

from contextlib import closing
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from gateway.cli.options import AsJson, ConfigFile, load, open_store
from gateway.clock import utc_now
from gateway.domain.errors import BadInputError
from gateway.domain.people.session import Session
from gateway.store import Store

SHOWN = 12  # characters of an id
group = typer.Typer(
    help="ログイン中の端末の一覧と取り消し / where people are logged in", no_args_is_help=True
)


class SessionError(BadInputError):
    """There is no such session; the text says what there is."""


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.add_typer(group, name="sessions")


Person = Annotated[str | None, typer.Option(help="だれの / whose")]


@group.command("list")
def list_(person: Person = None, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """だれが、どの端末で、いつから / who, with which browser, since when."""
    with closing(open_store(load(config))) as store:
        every = store.read_now(lambda reader: reader.sessions.all(person))
    now = utc_now()
    rows = [_row(one) for one in every if not one.is_over(now)]
    if as_json:
        typer.echo(msgspec.json.encode(rows).decode())
        return
    table = Table("id", "person", "browser", "since", "last seen")
    for row in rows:
        table.add_row(*row.values())
    Console().print(table)


@group.command()
def revoke(
    session: Annotated[
        str | None, typer.Argument(metavar="ID", help="一覧の id / id as listed")
    ] = None,
    person: Person = None,
    everybody: Annotated[bool, typer.Option("--all", help="全員の / of everybody")] = False,
    config: ConfigFile = None,
) -> None:
    """取り消し。人や全員では未使用のリンクも / end one session, or a person's or all with unused links."""
    if sum((session is not None, person is not None, everybody)) != 1:
        raise SessionError("give one of: an id, --person NAME, --all")
    with closing(open_store(load(config))) as store:
        if session is None:
            ended = store.write_now(lambda tx: tx.sessions.shut_out(person))
        else:
            id_ = _one(store, session)
            ended = store.write_now(lambda tx: tx.sessions.end(id_=id_))
    typer.echo(f"{ended} 件を取り消しました / ended")


def _one(store: Store, session: str) -> str:
    """The id of the one session that is meant. Raises SessionError."""
    every = store.read_now(lambda reader: reader.sessions.all())
    wanted = [one.id for one in every if one.id.startswith(session)]
    if len(session) < SHOWN or len(wanted) != 1:
        known = ", ".join(one.id[:SHOWN] for one in every)
        raise SessionError(f"{session}: no such session; known: {known or 'none'}")
    return wanted[0]


def _row(session: Session) -> dict[str, str]:
    return {
        "id": session.id[:SHOWN],
        "person": session.person,
        "browser": session.browser,
        "since": session.created.isoformat(timespec="minutes"),
        "last_seen": session.seen.isoformat(timespec="minutes"),
    }

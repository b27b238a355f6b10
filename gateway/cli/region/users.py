"""`shishigaki region users`: the accounts of the hub's pages, each with the organisation whose rows it sees.

Owns the commands. Passwords come from a prompt or standard input, never from the command line.
"""

from typing import Annotated

import msgspec
import typer

from dashboard.web.entry.passwords import hash_password
from gateway.cli.options import AsJson
from gateway.cli.people.new_password import ask_password
from gateway.cli.region.hub_options import OwnerDatabase, as_owner
from gateway.domain.errors import BadInputError
from gateway.domain.people.rules import LONGEST_NAME, plain
from gateway.region.hub.database import Connection
from gateway.region.hub.enrolment import add_organisation

ROLES = ("official", "admin")
_PUT = """
INSERT INTO region.hub_user (name, organisation, role, password_hash) VALUES ($1, $2, $3, $4)
ON CONFLICT (name) DO UPDATE SET organisation = excluded.organisation, role = excluded.role,
    password_hash = excluded.password_hash, disabled_at = NULL, sessions_from = clock_timestamp()
"""
_LIST = """
SELECT u.name, o.id AS organisation, u.role FROM region.hub_user u
JOIN region.organisation o ON o.no = u.organisation WHERE u.disabled_at IS NULL ORDER BY o.id, u.name
"""
_REMOVE = """
UPDATE region.hub_user SET disabled_at = clock_timestamp(), sessions_from = clock_timestamp()
WHERE name = $1 AND disabled_at IS NULL RETURNING name
"""
_NOTE = """
INSERT INTO region.audit (organisation, by_user, what, detail)
SELECT organisation, 'command line', $2, name FROM region.hub_user WHERE name = $1
"""
UserName = Annotated[str, typer.Argument(help="ログインの名前 / name to log in with")]
group = typer.Typer(help="地域の画面に入れる人 / who may use the hub's pages", no_args_is_help=True)


class HubUserError(BadInputError):
    """The account cannot be made or found; nothing was changed."""


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.add_typer(group, name="users")


@group.command()
def add(
    name: UserName,
    database: OwnerDatabase,
    organisation: Annotated[str, typer.Option(help="だれの目で見るか / whose rows they see")],
    role: Annotated[str, typer.Option(help=f"役割 / role: {', '.join(ROLES)}")] = "official",
    title: Annotated[
        str, typer.Option(help="新しい組織の名前 / the name of an organisation that is new")
    ] = "",
    operates: Annotated[
        bool, typer.Option(help="地域を運用する組織 / it runs this hub, and sees silent towns")
    ] = False,
) -> None:
    """追加、または変更。パスワードは標準入力からも / add or change somebody."""
    known = plain(name)
    if role not in ROLES or not 1 <= len(known) <= LONGEST_NAME:
        raise HubUserError(
            f"{name!r}, role {role!r}: allowed are 1 to {LONGEST_NAME} characters, {', '.join(ROLES)}"
        )
    password_hash = hash_password(ask_password())

    async def put(link: Connection) -> None:
        async with link.transaction():
            number = await _organisation(link, organisation, title, operates)
            await link.execute(_PUT, known, number, role, password_hash)
            await link.execute(_NOTE, known, "user added")

    as_owner(database, put)
    typer.echo(f"{known}: {organisation}, {role}")


@group.command("list")
def list_(database: OwnerDatabase, as_json: AsJson = False) -> None:
    """地域の画面に入れる人の一覧 / show who may use the hub's pages."""
    rows = as_owner(database, lambda link: link.fetch(_LIST))
    found = [dict(row) for row in rows]
    if as_json:
        typer.echo(msgspec.json.encode(found).decode())
        return
    for one in found:
        typer.echo(f"{one['name']}\t{one['organisation']}\t{one['role']}")


@group.command()
def remove(name: UserName, database: OwnerDatabase) -> None:
    """外します。開いている画面もすぐ終わります / take somebody out, with every session."""

    async def end(link: Connection) -> bool:
        async with link.transaction():
            found = await link.fetchval(_REMOVE, plain(name))
            await link.execute(_NOTE, plain(name), "user removed")
        return found is not None

    if not as_owner(database, end):
        raise HubUserError(f"{name!r} is no account: `shishigaki region users list` shows them")
    typer.echo(f"{plain(name)}: 外しました / removed")


async def _organisation(link: Connection, id_: str, title: str, operates: bool) -> int:
    """The number of an organisation, made now if it has a title. Raises HubUserError."""
    known = await link.fetchval("SELECT no FROM region.organisation WHERE id = $1", id_)
    if known is not None and not operates:
        return int(known)
    if known is None and not title:
        rows = await link.fetch("SELECT id FROM region.organisation ORDER BY id LIMIT 50")
        names = ", ".join(row["id"] for row in rows)
        raise HubUserError(f"{id_!r} is no organisation ({names}): a new one needs --title")
    if known is not None:
        sql = "UPDATE region.organisation SET operates = true WHERE no = $1"
        await link.execute(sql, known)
        return int(known)
    return await add_organisation(link, id_, title, operates=operates)

"""Options of the commands at a region's hub, and the connection of whoever owns its tables.

Must not contain a command. asyncpg is imported when a command connects.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from gateway.domain.errors import UnreachableError

if TYPE_CHECKING:
    from gateway.region.hub.database import Connection

T = TypeVar("T")
HubFile = Annotated[
    Path,
    typer.Option("--config", "-c", help="地域の設定 / the hub's settings", envvar="SHISHIGAKI_HUB"),
]
HUB_FILE = Path("/etc/shishigaki-region/hub.toml")
OwnerDatabase = Annotated[
    str,
    typer.Option(
        "--database",
        help="表の持ち主としての接続先 / how the tables' owner reaches the database",
        envvar="SHISHIGAKI_HUB_DATABASE",
    ),
]
Folder = Annotated[
    Path, typer.Option("--authority", help="認証局の場所 / folder with towns.ca and towns.ca.key")
]
FOLDER = Path("/etc/shishigaki-region")
CONNECT_S = 20.0
COMMAND_S = 60.0


class HubDatabaseError(UnreachableError):
    """The hub's database cannot be reached; the text says where it was looked for."""


def as_owner(database: str, work: "Callable[[Connection], Awaitable[T]]") -> T:
    """Do `work` on a connection of the owner. Raises HubDatabaseError."""
    return asyncio.run(_connected(database, work))


async def _connected(database: str, work: "Callable[[Connection], Awaitable[T]]") -> T:
    import asyncpg

    try:
        connection = await asyncpg.connect(database, timeout=CONNECT_S, command_timeout=COMMAND_S)
    except (OSError, TimeoutError, ValueError, asyncpg.PostgresError) as error:
        place = database.rpartition("@")[2]
        raise HubDatabaseError(f"the database at {place} does not let us in: {error}") from None
    try:
        return await work(connection)
    finally:
        await connection.close(timeout=CONNECT_S)

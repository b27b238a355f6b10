"""Makes and updates the tables of a hub: forward only, one transaction a step, each step once.

Owns the order of the files in `schema/` and the table of what was done. A released file is never edited: its
hash is kept, and another one under the same number is refused.
"""

import hashlib
from importlib.resources import files

from asyncpg.exceptions import PostgresError
from msgspec import Struct

from gateway.domain.errors import BadConfigurationError
from gateway.region.hub.database import Connection

LOCK = 18_000  # of pg_advisory_lock: one migration at a time
_DONE = """
CREATE SCHEMA IF NOT EXISTS region;
CREATE TABLE IF NOT EXISTS region.migration (
    no int PRIMARY KEY,
    name text NOT NULL,
    hash text NOT NULL,
    done_at timestamptz NOT NULL DEFAULT now()
);
"""


class MigrationError(BadConfigurationError):
    """The database cannot be brought to this program's tables; the text says what to do."""


class Step(Struct, frozen=True):
    """One file of the schema."""

    no: int
    name: str
    sql: str

    @property
    def hash(self) -> str:
        """What is kept of the file, so that an edited one is found."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def steps() -> list[Step]:
    """The files of `schema/` in their order."""
    folder = files("gateway.region.hub") / "schema"
    found = [(one.name, one.read_text("utf-8")) for one in folder.iterdir()]
    return [
        Step(int(name.partition("_")[0]), name.removesuffix(".sql"), sql)
        for name, sql in sorted(found)
        if name.endswith(".sql")
    ]


async def migrate(connection: Connection) -> list[Step]:
    """Bring the database to this program's tables; the steps that were done now.

    Needs PostGIS in the database and the right to make roles. Raises MigrationError.
    """
    await connection.execute("SELECT pg_advisory_lock($1)", LOCK)
    try:
        await _need_postgis(connection)
        await connection.execute(_DONE)
        known = dict(await done(connection))
        due = remaining(steps(), known)
        for step in due:
            async with connection.transaction():
                await connection.execute(step.sql)
                await connection.execute(
                    "INSERT INTO region.migration (no, name, hash) VALUES ($1, $2, $3)",
                    step.no,
                    step.name,
                    step.hash,
                )
        return due
    finally:
        await connection.execute("SELECT pg_advisory_unlock($1)", LOCK)


async def done(connection: Connection) -> list[tuple[int, str]]:
    """(number, hash) of the steps that a database has had."""
    rows = await connection.fetch("SELECT no, hash FROM region.migration ORDER BY no")
    return [(row["no"], row["hash"]) for row in rows]


def remaining(ours: list[Step], known: dict[int, str]) -> list[Step]:
    """The steps that a database still needs. Raises MigrationError if it is not one of ours, or newer."""
    newest = ours[-1].no
    if newer := [no for no in known if no > newest]:
        raise MigrationError(
            f"the database has had step {max(newer)}, this program knows {newest}: update the program"
        )
    for step in ours:
        if known.get(step.no, step.hash) != step.hash:
            raise MigrationError(
                f"step {step.name} is another one in this database: use the program that made it"
            )
    return [step for step in ours if step.no not in known]


async def _need_postgis(connection: Connection) -> None:
    extension = "SELECT 1 FROM pg_extension WHERE extname = 'postgis'"
    if await connection.fetchval(extension):
        return
    try:
        await connection.execute("CREATE EXTENSION postgis")
    except PostgresError as error:
        raise MigrationError(
            f"the database has no PostGIS ({error}): install postgresql-15-postgis-3 and, as the "
            "superuser, run CREATE EXTENSION postgis in it"
        ) from None

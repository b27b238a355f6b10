"""Prepares the server: the database, its retention and its shards.

Owns the statements for 1.x and, for versions without them, the commands that a person must run.
"""

import re

from gateway.config import Influx
from gateway.domain.errors import BadConfigurationError
from gateway.export.influx.server import QueryError, Server

POLICY = "autogen"  # the name 1.x gives a database's first retention policy itself


class SetupError(BadConfigurationError):
    """The database cannot be prepared by the gateway; the text says what to do."""


async def create_database(server: Server, settings: Influx) -> str:
    """Create or change the database and return the server's version.

    Raises SetupError if a person must do it, QueryError if the server does not answer.
    """
    version = await server.ping()
    if not version.lstrip("v").startswith(("2.", "3.")):  # a proxy may hide the version of 1.x
        await _create_one(server, settings)
    await check_database(server, settings, version)
    return version


async def check_database(server: Server, settings: Influx, version: str) -> None:
    """Raise SetupError with the commands to run if the database does not exist."""
    try:
        await server.query("SHOW MEASUREMENTS")
        there = await _is_listed(server, settings.database)
    except QueryError as error:
        if not re.search(r"not found|404", str(error)):
            raise
        raise SetupError(f"{error}\n{advice(settings, version)}") from None
    if not there:
        raise SetupError(f"no database {settings.database}\n{advice(settings, version)}")


async def _is_listed(server: Server, database: str) -> bool:
    """Whether the server lists the database: 2.x answers for a missing one as for an empty one."""
    [tables] = await server.query("SHOW DATABASES")
    return any([database] in table.values for table in tables)


async def _create_one(server: Server, settings: Influx) -> None:
    name, rules = f'"{settings.database}"', _rules(settings)
    await server.query(f"CREATE DATABASE {name} WITH {rules} NAME {POLICY}", change=True)
    await server.query(f"ALTER RETENTION POLICY {POLICY} ON {name} {rules} DEFAULT", change=True)


def _rules(settings: Influx) -> str:
    """Retention and shard length; a shard may not be longer than the retention."""
    keep = f"{settings.retention_days}d" if settings.retention_days else "INF"
    shard = min(settings.shard_days, settings.retention_days or settings.shard_days)
    return f"DURATION {keep} REPLICATION 1 SHARD DURATION {shard}d"


def advice(settings: Influx, version: str) -> str:
    """The commands to run for a version whose database cannot be created with InfluxQL."""
    name = settings.database
    keep = f"{settings.retention_days}d" if settings.retention_days else "0"
    if version.lstrip("v").startswith("2."):
        return (
            f"InfluxDB {version}: on the server run\n"
            f"  influx bucket create --name {name} --retention {keep} "
            f"--shard-group-duration {settings.shard_days}d\n"
            f"and if setup still does not find it\n"
            f"  influx v1 dbrp create --db {name} --rp {POLICY} --default --bucket-id ID"
        )
    return f"InfluxDB {version}: on the server run\n  influxdb3 create database {name}"

"""Fresh databases with the hub's tables, copied from one that is made once."""

import asyncio
import secrets
from collections.abc import Iterator

import asyncpg
import pytest

from gateway.region.hub.migrations import migrate
from tests.support.region.servers.postgres import Postgres


async def _migrate(url: str) -> None:
    connection = await asyncpg.connect(url)
    await migrate(connection)
    await connection.close()


@pytest.fixture(scope="session")
def region_template(postgres: Postgres) -> str:
    """The name of a database with all tables and no rows."""
    name = "region_template"
    asyncio.run(_migrate(postgres.create_database(name)))
    return name


@pytest.fixture
def region(postgres: Postgres, region_template: str) -> Iterator[str]:
    """The address of a fresh hub's database."""
    name = f"region_{secrets.token_hex(4)}"
    postgres.execute(f'CREATE DATABASE "{name}" TEMPLATE {region_template}')
    yield postgres.url(name)
    postgres.execute(f'DROP DATABASE "{name}" WITH (FORCE)')

"""A region with secrets that is built once, and a copy of it for each test."""

import asyncio
import secrets
from collections.abc import Iterator

import pytest

from tests.support.region.hub import running_hub
from tests.support.region.rights import build
from tests.support.region.servers.postgres import Postgres


async def _build(url: str) -> None:
    async with running_hub(url) as hub:
        await build(hub)


@pytest.fixture(scope="session")
def rights_template(postgres: Postgres, region_template: str) -> str:
    """The name of a database with the region."""
    name = "rights_template"
    postgres.execute(f"CREATE DATABASE {name} TEMPLATE {region_template}")
    asyncio.run(_build(postgres.url(name)))
    return name


@pytest.fixture
def built_region(postgres: Postgres, rights_template: str) -> Iterator[str]:
    """The address of a copy that the test may change."""
    name = f"rights_{secrets.token_hex(4)}"
    postgres.execute(f'CREATE DATABASE "{name}" TEMPLATE {rights_template}')
    yield postgres.url(name)
    postgres.execute(f'DROP DATABASE "{name}" WITH (FORCE)')

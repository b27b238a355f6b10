"""A region whose pages several tests read, and one of a test's own."""

from collections.abc import Iterator

import pytest

from tests.dashboard.client import Client
from tests.support.region.pages import (
    HOMES,
    PASSWORD,
    READERS,
    RegionPages,
    built_before,
)
from tests.support.region.served import fresh_database, served_region
from tests.support.region.servers.postgres import Postgres


@pytest.fixture(scope="session")
def built(postgres: Postgres) -> Iterator[str]:
    """The name of a database with the region, to be copied."""
    with fresh_database(postgres) as database:
        with served_region(database):
            pass
        yield database.rpartition("/")[2]


@pytest.fixture(scope="session")
def region(postgres: Postgres, built: str) -> Iterator[RegionPages]:
    """A region that nobody changes."""
    with fresh_database(postgres, built) as copy, served_region(copy, built_before) as pages:
        yield pages


@pytest.fixture
def own_region(postgres: Postgres, built: str) -> Iterator[RegionPages]:
    """A region of the test's own."""
    with fresh_database(postgres, built) as copy, served_region(copy, built_before) as pages:
        yield pages


@pytest.fixture(scope="session")
def readers(region: RegionPages) -> dict[str, Client]:
    """A browser of each organisation, logged in."""
    return {name: logged_in(region, name) for name in (*READERS, *(home.id for home in HOMES))}


def logged_in(region: RegionPages, name: str) -> Client:
    """A browser of one account."""
    client = Client(region.url)
    answer = client.post("/login", {"name": name, "password": PASSWORD})
    assert answer.status_code == 303, answer.text
    return client

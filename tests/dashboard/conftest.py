"""A settled place and readers of its dashboard; a site with a person of each role."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway import app as service
from tests.dashboard.client import Client
from tests.dashboard.place import Place
from tests.dashboard.rights.house import browsers, build
from tests.support.documents import coasts


@pytest.fixture(scope="session", autouse=True)
def coasts_cut() -> Iterator[coasts.Cut]:
    """The coasts that were cut in this process; a test of their cost forgets them first."""
    with coasts.kept() as known:
        yield known


@pytest.fixture(scope="module")
def quiet_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A place where nothing happens any more; shared by a module's tests."""
    place = Place(tmp_path_factory.mktemp("quiet")).settle()
    with place.served() as url:
        yield url
    place.store.close()


@pytest.fixture
def client(quiet_url: str) -> Client:
    """A new reader of the quiet place."""
    return Client(quiet_url)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A place of the test's own, where things may happen."""
    place = Place(tmp_path).settle()
    yield place
    place.store.close()


@pytest.fixture
def visitor(place: Place) -> Iterator[Client]:
    """A reader of `place`."""
    with place.served() as url:
        yield Client(url)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[service.Gateway]:
    """A site with a person of each role; a module that needs other settings has its own."""
    made = build(tmp_path_factory.mktemp("house"))
    yield made
    made.store.close()


@pytest.fixture(scope="module")
def readers(gateway: service.Gateway) -> Iterator[dict[str, Client]]:
    """A browser of each role's person, and one of nobody."""
    with browsers(service.pages(gateway, dict)) as found:
        yield found

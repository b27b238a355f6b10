"""A settled place and readers of its dashboard."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dashboard.client import Client
from tests.dashboard.place import Place


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

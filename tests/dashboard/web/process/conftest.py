"""A place whose pages that calculate run in a process of their own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dashboard.place import Place


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A place without any message yet."""
    place = Place(tmp_path)
    yield place
    place.store.close()

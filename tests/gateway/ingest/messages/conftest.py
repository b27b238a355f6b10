"""A store for tests of messages."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.store import Store
from tests.support.samples import CAMERA, TRAP, open_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store that knows TRAP and CAMERA."""
    store = open_store(tmp_path, TRAP, CAMERA)
    yield store
    store.close()

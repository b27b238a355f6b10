"""A store for the tests of photos."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.store import Store
from tests.support.samples import TRAP, open_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(tmp_path, TRAP)
    yield store
    store.close()

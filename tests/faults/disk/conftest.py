"""Databases to be damaged."""

from pathlib import Path

import pytest

from tests.faults.disk.damaged import EVENTS
from tests.faults.disk.story import fill


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database nobody has broken yet."""
    path = tmp_path_factory.mktemp("sound") / "gateway.db"
    fill(path, EVENTS)
    return path

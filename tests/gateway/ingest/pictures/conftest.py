"""A gateway that takes pictures: its store with two cameras, and its parts."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gateway.ingest.pictures.station import Station


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    station = Station(tmp_path)
    yield station
    station.store.close()

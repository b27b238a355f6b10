"""A gateway to be broken, and a disk that is soon full."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.disk.smalldisk import small_file_system
from tests.faults.neighbours.readers import StockReaders
from tests.faults.witness import CAMERAS, TRAP
from tests.support.servers import Mosquitto
from tests.support.service import Service


@pytest.fixture
def service(tmp_path: Path, mosquitto: Mosquitto) -> Iterator[Service]:
    """Not yet started; a trap and a hundred cameras are known to it."""
    service = Service(tmp_path / "gw", mosquitto.port, TRAP, *CAMERAS)
    yield service
    service.kill()


@pytest.fixture
def readers(service: Service, tmp_path: Path) -> Iterator[StockReaders]:
    """Two stock SQLite programs that read the service's database all the time."""
    with StockReaders(service.database, tmp_path) as readers:
        yield readers


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MB."""
    with small_file_system(tmp_path / "disk", 8) as folder:
        yield folder

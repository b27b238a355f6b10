"""A gateway to be broken, and a disk that is soon full."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.witness import CAMERAS, TRAP
from tests.gateway.service import Service
from tests.servers import Mosquitto


@pytest.fixture
def service(tmp_path: Path, mosquitto: Mosquitto) -> Iterator[Service]:
    """Not yet started; a trap and a hundred cameras are known to it."""
    service = Service(tmp_path / "gw", mosquitto.port, TRAP, *CAMERAS)
    yield service
    service.kill()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("may not mount a small file system here (needs root)")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)

"""A fresh broker and a fresh gateway for a benchmark.

Owns how both are set up. Must not measure.
"""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from gateway.domain.model import Device, Role
from tests.support.servers import Mosquitto, wait_for
from tests.support.service import Service, retained_message

BROKER = "max_inflight_messages 0\nmax_packet_size 1000000\n"


def cameras(count: int) -> list[Device]:
    return [Device(id=f"cam-{n:04}", role=Role.DETECTOR) for n in range(count)]


@contextlib.contextmanager
def broker_in_folder() -> Iterator[tuple[Path, Mosquitto]]:
    """A fresh mosquitto in a private folder."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Mosquitto(Path(folder) / "broker", extra=BROKER) as broker,
    ):
        yield Path(folder), broker


@contextlib.contextmanager
def started(folder: Path, broker: Mosquitto, devices: int, *prefix: str) -> Iterator[Service]:
    """A gateway that listens, under `prefix` (strace ...)."""
    topic = "shishigaki/v1/goto/gateway/status"
    service = Service(folder / "gw", broker.port, *cameras(devices)).start(*prefix)
    try:
        wait_for(lambda: retained_message(broker.port, topic) == b"online", "the gateway")
        yield service
    finally:
        service.kill()

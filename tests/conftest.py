"""Fixtures for all rooms: the real servers."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.servers import Amqtt, Influxd, Mosquitto

# On two busy cores any example is slow now and then; a limit on its time would only flake.
settings.register_profile("house", deadline=None)
settings.load_profile("house")


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    """A fresh mosquitto that keeps nothing over a restart."""
    with Mosquitto(tmp_path / "mosquitto") as server:
        yield server


@pytest.fixture
def persistent_mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    """A fresh mosquitto that saves on an orderly stop."""
    with Mosquitto(tmp_path / "mosquitto", persistence=True) as server:
        yield server


@pytest.fixture
def amqtt(tmp_path: Path) -> Iterator[Amqtt]:
    """A fresh amqtt: MQTT 3.1.1 only."""
    with Amqtt(tmp_path / "amqtt") as server:
        yield server


@pytest.fixture
def influxd(tmp_path: Path) -> Iterator[Influxd]:
    """A fresh InfluxDB 1.x without databases."""
    with Influxd(tmp_path / "influxd") as server:
        yield server

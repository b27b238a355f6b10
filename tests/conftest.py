"""Fixtures for all rooms: the real servers, and templates that are compiled once."""

import gc
import secrets
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from dashboard.web.browser import templating
from tests.support.certificates import make_authority, make_signed
from tests.support.documents.templates import Compiled
from tests.support.region.servers.postgres import Postgres
from tests.support.servers import Amqtt, Influxd, Mosquitto

# A run in the background of a shell ignores Ctrl-C, and so would the programs that it starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# On two busy cores any example is slow now and then; a limit on its time would only flake.
settings.register_profile("house", deadline=None, max_examples=30)
settings.register_profile("thorough", deadline=None, max_examples=1_000)
settings.load_profile("house")


NEW_OBJECTS = 20_000  # before Python searches for cycles


def pytest_collection_finish() -> None:
    """Thousands of collected tests live to the end: searching them for cycles took 9 % of a worker's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS)


@pytest.fixture(scope="session", autouse=True)
def _templates() -> Iterator[None]:
    """Pages that tests make in their own process share their compiled templates."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(templating, "environment", Compiled().beside(templating.environment))
        yield


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


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL 15 with PostGIS for the whole run; make databases in it, do not kill it."""
    with Postgres() as server:
        yield server


@pytest.fixture
def empty_region(postgres: Postgres) -> Iterator[str]:
    """The address of a fresh, empty database with PostGIS."""
    name = f"region_{secrets.token_hex(4)}"
    url = postgres.create_database(name)
    postgres.execute("CREATE EXTENSION postgis", database=name)
    yield url
    postgres.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two authorities, `ca` and `other`; of the first a certificate for the server and for the client."""
    directory = tmp_path_factory.mktemp("certificates")
    for name in ("ca", "other"):
        make_authority(directory, name)
    for name in ("server", "client"):
        make_signed(directory, name, "ca")
    return directory

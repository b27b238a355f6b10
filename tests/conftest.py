"""Fixtures for all rooms: the real servers."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support.servers import Amqtt, Influxd, Mosquitto, need

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


def _openssl(directory: Path, *arguments: str) -> None:
    program = need("/usr/bin/openssl", "openssl")
    subprocess.run([program, *arguments], cwd=directory, check=True, capture_output=True)


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An own CA, and a certificate of it for the server and for the client."""
    directory = tmp_path_factory.mktemp("certificates")
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    usage = ["-addext", "keyUsage=critical,keyCertSign,cRLSign"]
    for ca in ("ca", "other"):
        _openssl(
            directory,
            "req",
            "-x509",
            *curve,
            "-keyout",
            f"{ca}.key",
            "-out",
            f"{ca}.pem",
            "-subj",
            f"/CN={ca}",
            "-days",
            "2",
            *usage,
        )
    (directory / "san").write_text("subjectAltName=IP:127.0.0.1\n")
    for name in ("server", "client"):
        _openssl(
            directory,
            "req",
            "-new",
            *curve,
            "-keyout",
            f"{name}.key",
            "-out",
            f"{name}.csr",
            "-subj",
            f"/CN={name}",
        )
        _openssl(
            directory,
            "x509",
            "-req",
            "-in",
            f"{name}.csr",
            "-CA",
            "ca.pem",
            "-CAkey",
            "ca.key",
            "-CAcreateserial",
            "-days",
            "2",
            "-extfile",
            "san",
            "-out",
            f"{name}.pem",
        )
    return directory

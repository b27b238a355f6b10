"""A server with a password and its own CA: what is accepted, what is refused, what is printed."""

import asyncio
import base64
import ssl
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from gateway.config import Influx
from gateway.export.influx.responses import ServerAnswer
from gateway.export.influx.server import QueryError, connect
from gateway.export.influx.setup import create_database
from tests.support.servers import Influxd

pytestmark = pytest.mark.real
LINE = "probe,site=goto n=1i 1700000000000000000"


@pytest.fixture
def guarded(certificates: Path, tmp_path: Path) -> Iterator[Influxd]:
    """HTTPS with a certificate of our CA, users, and one administrator."""
    chain = tmp_path / "server.pem"
    chain.write_bytes(
        (certificates / "server.key").read_bytes() + (certificates / "server.pem").read_bytes()
    )
    http = (
        "  auth-enabled = true\n  https-enabled = true\n"
        f'  https-certificate = "{chain}"\n  https-private-key = "{chain}"'
    )
    with Influxd(tmp_path / "influxd", http=http, scheme="https") as server:
        _ask(server, certificates, "CREATE USER goto WITH PASSWORD 'boar' WITH ALL PRIVILEGES")
        yield server


def _ask(server: Influxd, certificates: Path, query: str) -> None:
    trust = ssl.create_default_context(cafile=str(certificates / "ca.pem"))
    data = urllib.parse.urlencode({"q": query}).encode()
    with urllib.request.urlopen(f"{server.url}/query", data, timeout=5, context=trust) as reply:
        assert b"error" not in reply.read()


def settings(server: Influxd, certificates: Path, **other: str) -> Influx:
    plain = {
        "url": server.url,
        "ca_file": str(certificates / "ca.pem"),
        "username": "goto",
        "password": "boar",
    }
    return msgspec.convert(plain | other, Influx)


def write(chosen: Influx) -> ServerAnswer:
    """What the server answers to one line."""

    async def ask() -> ServerAnswer:
        async with connect(chosen) as server:
            return await server.write(LINE.encode())

    return asyncio.run(ask())


def test_with_password_and_own_ca_setup_and_writing_succeed(
    guarded: Influxd, certificates: Path
) -> None:
    chosen = settings(guarded, certificates)

    async def prepare() -> str:
        async with connect(chosen) as server:
            return await create_database(server, chosen)

    assert asyncio.run(prepare()).startswith("1.")
    assert write(chosen).status == 204


def test_a_token_is_taken_as_the_password(guarded: Influxd, certificates: Path) -> None:
    chosen = settings(guarded, certificates, password="", token="boar")
    assert write(chosen).status == 404  # let in; only the database is not made yet


def test_a_wrong_password_is_401_and_not_in_the_answer(
    guarded: Influxd, certificates: Path
) -> None:
    answer = write(settings(guarded, certificates, password="b0ar-secret"))
    assert answer.status == 401
    assert "b0ar-secret" not in answer.text
    assert base64.b64encode(b"goto:b0ar-secret").decode() not in answer.text


def test_a_certificate_of_another_ca_is_refused_before_anything_is_sent(
    guarded: Influxd, certificates: Path
) -> None:
    stranger = settings(guarded, certificates, ca_file=str(certificates / "other.pem"))
    answer = write(stranger)
    assert answer.status == 0
    assert "certificate" in answer.text.lower()

    async def ping() -> str:
        async with connect(stranger) as server:
            return await server.ping()

    with pytest.raises(QueryError):
        asyncio.run(ping())

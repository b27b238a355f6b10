"""Coming in: passwords, TLS, the version of MQTT, forbidden topics, and brokers that talk nonsense."""

import asyncio
import logging
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from gateway.clock import utc_now
from gateway.config import Mqtt
from gateway.mqtt import connect_session
from gateway.mqtt.link_paho import PahoFiveLink, PahoLink
from gateway.mqtt.link_v5 import FiveLink
from gateway.mqtt.session import BrokerSession, MakeLink
from tests.support.mqtt_rig import (
    FAST,
    TOPICS,
    Rig,
    numbers,
    publish,
    run,
    running,
    session_of,
    take,
    terms,
    until,
)
from tests.support.servers import Amqtt, Mosquitto, Server, need

pytestmark = pytest.mark.real


@pytest.mark.parametrize("make", [FiveLink, PahoFiveLink, PahoLink])
def test_a_wrong_password_is_logged_once_in_plain_words(
    make: MakeLink, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    passwords = tmp_path / "passwords"
    passwords.touch()
    program = need("/usr/bin/mosquitto_passwd", "mosquitto")
    subprocess.run([program, "-b", passwords, "gateway", "right"], check=True, capture_output=True)
    passwords.chmod(0o600)

    async def scenario(server: Mosquitto) -> None:
        rig = Rig(make, server)
        good = session_of(rig, username="gateway", password="right")
        async with running(good):
            assert good.counters.connected
        bad = session_of(rig, username="gateway", password="wrong")
        caplog.clear()
        async with running(bad, connected=False):
            await until(lambda: bad._generation >= 4, "four attempts")

    extra = f"password_file {passwords}\n"
    server = Mosquitto(tmp_path / "broker", anonymous=False, extra=extra)
    with caplog.at_level(logging.INFO), server:
        run(scenario(server))
    shown = [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]
    assert len(shown) == 1
    assert "mqtt.username and mqtt.password" in shown[0]
    assert "パスワード" in shown[0]
    assert "wrong" not in caplog.text


@pytest.fixture
def tls_server(certificates: Path, tmp_path: Path) -> Iterator[Mosquitto]:
    names = {"cafile": "ca.pem", "certfile": "server.pem", "keyfile": "server.key"}
    lines = [f"{key} {certificates / name}" for key, name in names.items()]
    server = Mosquitto(tmp_path, extra="\n".join([*lines, "require_certificate true", ""]))
    with server:
        yield server


def _tls(certificates: Path, ca: str = "ca.pem") -> dict[str, Any]:
    return {
        "tls": True,
        "ca_file": str(certificates / ca),
        "cert_file": str(certificates / "client.pem"),
        "key_file": str(certificates / "client.key"),
    }


@pytest.mark.parametrize("make", [FiveLink, PahoFiveLink, PahoLink])
def test_tls_with_an_own_ca_carries_messages(
    make: MakeLink, tls_server: Mosquitto, certificates: Path
) -> None:
    async def scenario() -> None:
        session = session_of(Rig(make, tls_server), max_uncommitted=50, **_tls(certificates))
        async with running(session), asyncio.TaskGroup() as group:
            for number in range(300):
                payload = str(number).encode().ljust(1_000)
                group.create_task(session.publish("wildlife/v1/own", payload))
            assert sorted(numbers(await take(session, 300))) == list(range(300))

    run(scenario())


# paho leaves the socket of a failed handshake to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("make", [FiveLink, PahoLink])
@pytest.mark.parametrize(
    ("ca", "words"), [("other.pem", "not trusted"), ("absent.pem", "cannot use the TLS files")]
)
def test_a_certificate_problem_is_logged_in_plain_words(
    make: MakeLink, ca: str, words: str, tls_server: Mosquitto, certificates: Path
) -> None:
    async def scenario() -> None:
        session = session_of(Rig(make, tls_server), **_tls(certificates, ca))
        async with running(session, connected=False):
            await until(lambda: words in session.counters.error, f"{words!r} to be said")

    run(scenario())


@pytest.mark.parametrize(("kind", "version"), [(Mosquitto, "FiveLink"), (Amqtt, "PahoLink")])
def test_auto_finds_the_version_that_the_broker_speaks(
    kind: type[Server], version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.mqtt.link_v5.ANSWER_S", 0.5)

    async def scenario(server: Server) -> None:
        session = connect_session(Mqtt(port=server.port), "site", [(TOPICS, 1)])
        async with running(session):
            assert session.counters.version == version
            await session.publish("other/topic", b"")
            await publish(server.port, range(5))
            assert numbers(await take(session, 5)) == list(range(5))

    with kind(tmp_path) as server:
        run(scenario(server))


@pytest.mark.parametrize("make", [FiveLink, PahoFiveLink])
def test_a_forbidden_publish_is_logged_and_ends_no_connection(
    make: MakeLink, tmp_path: Path
) -> None:
    rules = tmp_path / "rules"
    rules.write_text("topic read #\ntopic write shishigaki/#\n")
    rules.chmod(0o600)

    async def scenario(server: Mosquitto) -> None:
        async with running(session_of(Rig(make, server))) as session:
            with pytest.raises(PermissionError, match="wildlife/v1/forged"):
                await session.publish("wildlife/v1/forged", b"")
            await session.publish("shishigaki/v1/site/alert/1", b"")
            assert session.counters.connections == 1

    with Mosquitto(tmp_path / "broker", extra=f"acl_file {rules}\n") as server:
        run(scenario(server))


GARBAGE = [
    b"\x00\x00\x00\x00",
    b"\x30\x05\x00\x02\xff\xfe\x00",  # a topic that is not UTF-8
    b"\x36\x04\x00\x01a\x00",  # QoS 3
    b"\x30\xff\xff\xff\xff\xff",  # an endless length
    b"\x32\x03\x00\x09a",  # a topic longer than its packet
    b"\xff" * 50,
]


# mqtt5 0.8 panics on a topic that is not UTF-8 and complains beside raising.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("make", [FiveLink, PahoFiveLink, PahoLink])
def test_garbage_from_a_broker_never_ends_the_session(make: MakeLink) -> None:
    connack = b"\x20\x02\x00\x00" if make is PahoLink else b"\x20\x03\x00\x00\x00"
    served: list[bytes] = []

    async def broker(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1_000)
        garbage = GARBAGE[len(served) % len(GARBAGE)]
        served.append(garbage)
        writer.write(connack + garbage)
        with suppress(OSError):
            await writer.drain()
            await reader.read()
        writer.close()

    async def scenario() -> None:
        async with await asyncio.start_server(broker, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            session = BrokerSession(terms(port, keepalive_s=1), [make], utc_now, FAST)
            async with running(session, connected=False):
                await until(lambda: len(served) > len(GARBAGE), "all garbage to be served", 15)
            assert session.counters.error

    run(scenario())

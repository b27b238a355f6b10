"""The starters of the real servers keep their own promises, as every other test relies on them."""

import asyncio
import socket
from pathlib import Path

import pytest

from gateway.mqtt.embedded_broker import BrokerError, embedded, is_free
from tests.support.servers import (
    Amqtt,
    Influxd,
    Mosquitto,
    Server,
    free_port,
    listens,
    need,
    speaks_mqtt,
)


def _is_up(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _restarts_on_its_port(server: Server) -> None:
    port = server.port
    server.kill()
    assert not _is_up(port)
    server.restart()
    assert server.port == port
    assert _is_up(port)


def test_mosquitto_comes_back_on_its_port(mosquitto: Mosquitto) -> None:
    _restarts_on_its_port(mosquitto)


def test_amqtt_comes_back_on_its_port(amqtt: Amqtt) -> None:
    _restarts_on_its_port(amqtt)


def test_influxd_comes_back_on_its_port(influxd: Influxd) -> None:
    _restarts_on_its_port(influxd)


def test_a_missing_server_skips_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match=r"apt-get install .*influxdb"):
        need(None, "influxdb")


def test_a_missing_server_fails_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="not installed"):
        need(None, "influxdb")


@pytest.mark.parametrize("kind", ["mosquitto", "amqtt"])
def test_the_embedded_broker_serves_and_leaves_nothing_behind(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if kind == "amqtt":
        monkeypatch.setattr("gateway.mqtt.embedded_broker.find_mosquitto", lambda: None)

    async def scenario() -> int:
        port = free_port()
        async with embedded(tmp_path, port) as broker:
            assert broker.name == kind
            assert _is_up(broker.port)
        return port

    assert is_free(asyncio.run(scenario()))


def test_the_embedded_broker_says_that_its_port_is_taken(tmp_path: Path) -> None:
    async def scenario(port: int) -> None:
        async with embedded(tmp_path, port):
            pass

    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(BrokerError, match=f"port {port} is taken"):
            asyncio.run(scenario(port))


def test_a_broker_answers_a_connect_and_one_that_only_listens_does_not(
    mosquitto: Mosquitto,
) -> None:
    """mosquitto listens before it has its signals."""
    assert speaks_mqtt(mosquitto.port)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        assert listens(port)
        assert not speaks_mqtt(port)

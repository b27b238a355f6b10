"""The loop-back: the running gateway answers a question through the broker, after a commit."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from gateway.config import Mqtt
from gateway.domain.model import Message
from gateway.mqtt.own_topics import loopback
from gateway.mqtt.round_trip import round_trip
from tests.support.servers import Mosquitto, wait_for
from tests.support.service import Service

NOW = datetime(2026, 11, 1, tzinfo=UTC)
TOPIC = loopback.topic("goto")
EVENT = Message("wildlife/v1/goto/trap-01/event", b"{}", NOW)


def settings(port: int) -> Mqtt:
    return msgspec.convert({"host": "127.0.0.1", "port": port}, Mqtt)


def test_a_question_is_no_message_to_judge() -> None:
    asked = Message(TOPIC, loopback.question("a1"), NOW)
    assert loopback.split([asked, EVENT]) == ([EVENT], {f"{TOPIC}/confirm": ["a1"]})


@pytest.mark.parametrize(
    "payload", [b"", b"{}", b"[]", b'{"id": 7}', b"\xff", b'{"id":"' + b"x" * 300]
)
def test_a_broken_question_is_not_answered(payload: bytes) -> None:
    assert loopback.split([Message(TOPIC, payload, NOW)]) == ([], {})


def test_a_retained_question_is_not_answered_again_at_each_start() -> None:
    retained = Message(TOPIC, loopback.question("a1"), NOW, retain=True)
    assert loopback.split([retained]) == ([], {})


@pytest.mark.real
def test_the_running_gateway_answers_and_one_that_is_gone_does_not(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    with Service(tmp_path, mosquitto.port) as service:
        wait_for(lambda: _asks(mosquitto.port), "an answer", 60)
        service.kill()
        with pytest.raises(TimeoutError):
            asyncio.run(round_trip(settings(mosquitto.port), "goto", 1.0))
        with pytest.raises(ConnectionError):
            asyncio.run(round_trip(settings(1), "goto", 1.0))


def _asks(port: int) -> bool:
    try:
        return asyncio.run(round_trip(settings(port), "goto", 2.0)) < 2.0
    except (TimeoutError, ConnectionError):
        return False

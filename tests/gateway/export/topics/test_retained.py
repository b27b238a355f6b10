"""Retained topics at the broker: correct, complete, deleted when over, also across restarts."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from gateway.dialects import Context
from gateway.dialects.table import BY_NAME
from gateway.domain.alerts.rule_name import RuleName
from gateway.domain.device_state import advance, placed
from gateway.domain.epoch import NEVER
from gateway.domain.model import (
    Alert,
    AlertLevel,
    AlertStatus,
    Device,
    DeviceState,
    Kind,
    Message,
    MessageRefusedError,
    RefusalReason,
    Standing,
)
from gateway.domain.timing import judge
from gateway.export.topics.homeassistant import declarations
from gateway.export.topics.retained import RetainedState, retained_topics
from gateway.mqtt.own_topics.names import level
from tests.support.samples import CAMERA, T0, TRAP, at, reading
from tests.support.servers import Mosquitto, wait_for
from tests.support.service import Sensor, Service, native

STATE = "shishigaki/v1/goto/trap-01/state"


def scene(minutes: float, *devices: Device) -> RetainedState:
    sprung = judge(
        msgspec.structs.replace(reading("trap-01", Kind.SPRUNG, 5), battery_pct=80), at(5)
    )
    seen = judge(reading("cam-01", Kind.DETECTION, 5, species="boar"), at(5))
    states: Mapping[str, DeviceState] = {
        "trap-01": advance(None, placed([sprung])),
        "cam-01": advance(None, placed([seen])),
    }
    return RetainedState("goto", at(minutes), list(devices or (TRAP, CAMERA)), states, [])


def decoded(board: Mapping[str, bytes], topic: str = STATE) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(board[topic])
    return found


def test_a_state_says_what_the_trap_does_and_since_when() -> None:
    state = decoded(retained_topics(scene(10)))
    assert (state["state"], state["since"], state["battery_pct"]) == (
        "sprung",
        "2026-11-01T00:05:00Z",
        80,
    )
    camera = decoded(retained_topics(scene(10)), "shishigaki/v1/goto/cam-01/state")
    assert (camera["state"], camera["species"]) == ("watching", "boar")


def test_a_trap_that_has_sprung_stays_sprung_when_its_sensor_is_silent() -> None:
    for minutes, silent in ((10, False), (5 + 151, True)):
        state = decoded(retained_topics(scene(minutes)))
        assert (state["state"], state["last_known"], state["silent"]) == (
            "sprung",
            "sprung",
            silent,
        )


def test_a_silent_armed_trap_is_unknown_with_what_was_last_known() -> None:
    armed = judge(reading("trap-01", Kind.SET, 5), at(5))
    there = RetainedState(
        "goto", at(5 + 151), [TRAP], {TRAP.id: advance(None, placed([armed]))}, []
    )
    state = decoded(retained_topics(there))
    assert (state["state"], state["last_known"], state["silent"]) == ("unknown", "armed", True)


@pytest.mark.parametrize(
    "state",
    [
        None,
        DeviceState(device="trap-01", last_seen=NEVER),
        DeviceState(device="trap-01", last_seen=at(-(10**8))),
    ],
    ids=["never heard", "only people told of it", "a board in 1836"],
)
def test_no_date_stands_for_never(state: DeviceState | None) -> None:
    there = RetainedState("goto", at(10), [TRAP], {TRAP.id: state} if state else {}, [])
    said_of_it = decoded(retained_topics(there))
    assert said_of_it["silent"] is True
    assert said_of_it["state"] == "unknown"
    assert not {"last_seen", "since"} & set(said_of_it)


def alert(id_: str, level: AlertLevel, status: AlertStatus, minutes: float = 5) -> Alert:
    return Alert(
        id=id_,
        rule=RuleName.TRAP_SPRUNG,
        subject="trap-01",
        level=level,
        observed_at=at(minutes),
        opened_at=at(minutes),
        status=status,
    )


def test_acknowledged_and_unacknowledged_alerts_are_counted_apart() -> None:
    alerts = [
        alert("a", AlertLevel.CAPTURE, AlertStatus.ACKNOWLEDGED, 7),
        alert("b", AlertLevel.CAPTURE, AlertStatus.ESCALATED, 6),
        alert("c", AlertLevel.WARNING, AlertStatus.OPEN),
    ]
    board = retained_topics(RetainedState("goto", at(10), [TRAP], {}, alerts))
    total = decoded(board, "shishigaki/v1/goto/alerts")
    assert (total["open"], total["capture"], total["warning"]) == (3, 2, 1)
    assert total["unacknowledged"] == {
        "open": 2,
        "urgent": 1,
        "danger": 0,
        "capture": 1,
        "warning": 1,
        "info": 0,
    }
    assert total["acknowledged"] == {
        "open": 1,
        "urgent": 1,
        "danger": 0,
        "capture": 1,
        "warning": 0,
        "info": 0,
    }
    assert total["newest"]["id"] == "a"
    assert decoded(board, "shishigaki/v1/goto/alert/a")["acknowledged"] is True
    assert decoded(board, "shishigaki/v1/goto/alert/b")["acknowledged"] is False


def test_only_approved_devices_have_retained_topics() -> None:
    waiting = msgspec.structs.replace(TRAP, standing=Standing.PENDING)
    assert STATE not in retained_topics(scene(10, waiting))


@pytest.mark.parametrize(
    "device", ["!a1b2c3d4", "yama/hako 1", "a+b", "a#", "oku/trap-01", "イノシシ"]
)
def test_any_device_id_becomes_one_level(device: str) -> None:
    assert not set(level(device)) & set("+#/ ")
    assert level(device) not in {level(device + "x"), level(device.upper() + "-")}
    assert level("trap-01") == "trap-01"


def test_our_own_declarations_are_not_read_as_devices() -> None:
    for topic, payload in declarations(scene(10), "homeassistant").items():
        with pytest.raises(MessageRefusedError) as refused:
            BY_NAME["ha_discovery"].decode(Message(topic, payload, T0), Context())
        assert refused.value.reason is RefusalReason.IRRELEVANT


class Listener:
    """What the broker retains now under some topics."""

    def __init__(self, port: int) -> None:
        self.kept: dict[str, dict[str, Any]] = {}
        self._client = paho.Client(CallbackAPIVersion.VERSION2)
        self._client.on_message = self._receive
        self._client.connect("127.0.0.1", port)
        self._client.subscribe([("shishigaki/v1/goto/#", 1), ("homeassistant/#", 1)])
        self._client.loop_start()

    def _receive(self, _client: object, _data: object, message: paho.MQTTMessage) -> None:
        if not message.payload:
            self.kept.pop(message.topic, None)
        elif message.payload.startswith(b"{"):
            self.kept[message.topic] = msgspec.json.decode(message.payload)

    def alerts(self) -> list[str]:
        return [body["rule"] for topic, body in list(self.kept.items()) if "/alert/" in topic]

    def state(self) -> str | None:
        return self.kept.get(STATE, {}).get("state")

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def send(port: int, kind: str, seq: int) -> None:
    sensor = Sensor(port, f"sensor-{seq}")
    sensor.flush(sensor.send(*native("trap-01", kind, seq)))
    sensor.close()


def test_states_and_alerts_stay_retained_over_restarts_of_gateway_and_broker(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    extra = "[homeassistant]\nenabled = true"
    service = Service(tmp_path / "gateway", mosquitto.port, TRAP, extra=extra)
    with service:
        listener = Listener(mosquitto.port)
        wait_for(lambda: STATE in listener.kept, "the first board", 30)
        send(mosquitto.port, "trap.sprung", 1)
        wait_for(lambda: listener.state() == "sprung", "the spring on the board")
        wait_for(lambda: listener.alerts() == ["trap_sprung"], "the alert on the board")
        wait_for(
            lambda: any(topic.startswith("homeassistant/") for topic in list(listener.kept)),
            "the declarations",
        )
        service.kill()
        service.config.write_text(service.config.read_text().replace("enabled = true", ""))
        service.start()
        wait_for(
            lambda: not any(topic.startswith("homeassistant/") for topic in listener.kept),
            "the declarations to be withdrawn",
            30,
        )
        listener.close()
        mosquitto.kill()  # without persistence: all retained topics are lost
        mosquitto.restart()
        listener = Listener(mosquitto.port)
        wait_for(lambda: listener.state() == "sprung", "the board to be hung out again", 30)
        send(mosquitto.port, "trap.set", 2)
        wait_for(lambda: listener.state() == "armed" and not listener.alerts(), "the end", 30)
        total = "shishigaki/v1/goto/alerts"
        wait_for(lambda: listener.kept.get(total, {}).get("capture") == 0, "the sum to follow")
        listener.close()

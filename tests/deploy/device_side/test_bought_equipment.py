"""deploy/devices: what equipment sends, set up as the page says, is read; without the setting it is not."""

import re
import tomllib
import xml.etree.ElementTree as ET
from typing import Any, NamedTuple

import pytest

from gateway.broker.access import RIGHTS, Right, Use, acl
from gateway.broker.provisioning import Credentials, text
from gateway.dialects.table import BY_NAME
from gateway.domain.model import Kind, MessageRefusedError, Role
from tests.deploy.folder import DEPLOY
from tests.gateway.dialects.asking import kinds_read, registered

PAGE = (DEPLOY / "devices" / "README.md").read_text(encoding="utf-8")
GIVEN = Credentials(
    "goto", "wana-01", "a-password", "192.0.2.2", 8883, "-----BEGIN CERTIFICATE-----\n"
)


class Said(NamedTuple):
    """A setting of the page, and what the equipment sends with it and without it."""

    dialect: str
    setting: str
    topic: str
    payload: Any
    kind: Kind
    without: Any  # the payload of a device that lacks the setting
    device: str
    role: Role = Role.TRAP
    more: tuple[tuple[str, str], ...] = ()


SAID = (
    Said(
        "tasmota",
        "SetOption114 1",
        "stat/wana-01/RESULT",
        {"Switch1": {"Action": "ON"}},
        Kind.SPRUNG,
        {"POWER": "ON"},
        "wana-01",
    ),
    Said(
        "zigbee2mqtt",
        "output: json",
        "zigbee2mqtt/wana-01",
        {
            "contact": False,
            "battery": 97,
            "linkquality": 80,
            "last_seen": "2026-11-29T08:00:00+09:00",
        },
        Kind.SPRUNG,
        b"OPEN",
        "wana-01",
    ),
    Said(
        "chirpstack",
        "json = true",
        "application/1/device/0101010101010101/event/up",
        {
            "time": "2026-11-29T08:00:00.1+00:00",
            "deviceInfo": {"devEui": "0101010101010101", "deviceProfileName": "Dragino LDS02"},
            "fCnt": 7,
            "fPort": 10,
            "object": {
                "BAT_V": 2.95,
                "MOD": 1,
                "DOOR_OPEN_STATUS": 1,
                "DOOR_OPEN_TIMES": 2,
                "LAST_DOOR_OPEN_DURATION": 1,
            },
        },
        Kind.SPRUNG,
        bytes.fromhex("0a0c08c0fed9c90610c0c8b25f12"),  # the beginning of protobuf
        "0101010101010101",
        more=(("model", "dragino-lds02"),),
    ),
    Said(
        "tts",
        "topic v3/APPLICATION@ttn/devices/+/up in 1",
        "v3/APPLICATION@ttn/devices/wana-01/up",
        {
            "end_device_ids": {"device_id": "wana-01"},
            "received_at": "2026-11-29T08:00:00Z",
            "uplink_message": {
                "f_port": 10,
                "f_cnt": 7,
                "decoded_payload": {
                    "BAT_V": 2.95,
                    "MOD": 1,
                    "DOOR_OPEN_STATUS": 1,
                    "DOOR_OPEN_TIMES": 2,
                    "LAST_DOOR_OPEN_DURATION": 1,
                },
            },
        },
        Kind.SPRUNG,
        {
            "end_device_ids": {"device_id": "wana-01"},
            "uplink_message": {"f_port": 10, "frm_payload": "C7gBAAAC"},
        },
        "wana-01",
        more=(("model", "dragino-lds02"),),
    ),
    Said(
        "meshtastic",
        "mqtt.json_enabled true",
        "msh/JP/2/json/LongFast/!a1b2c3d4",
        {
            "from": 2712847316,
            "id": 77,
            "type": "detection",
            "payload": {"text": "wana detected"},
            "timestamp": 1795000000,
        },
        Kind.SPRUNG,
        b"\x0a\x1d\x0d\xd4\xc3\xb2\xa1\x15\xff\xff\xff\xff",
        "!a1b2c3d4",
    ),
    Said(
        "frigate",
        "track: [bear, deer, boar, dog, cat]",
        "frigate/events",
        {
            "type": "new",
            "before": {},
            "after": {
                "id": "1795000000.1-ab",
                "camera": "sawa",
                "label": "deer",
                "top_score": 0.8,
                "start_time": 1795000000.1,
            },
        },
        Kind.DETECTION,
        None,  # it sends persons and cars instead
        "sawa",
        Role.DETECTOR,
    ),
)


def block(dialect: str) -> str:
    """The settings that the page shows for a dialect."""
    found = re.search(rf"<!-- {dialect} -->\n```\w*\n(.*?)```", PAGE, re.DOTALL)
    assert found, f"the page has no settings for {dialect}"
    return found[1]


@pytest.mark.parametrize("said", SAID, ids=lambda one: one.dialect)
def test_what_equipment_sends_with_the_settings_of_the_page_is_read(said: Said) -> None:
    assert said.setting in block(said.dialect)
    context = registered(said.device, said.role, **dict(said.more))
    assert (said.device, said.kind) in kinds_read(said.dialect, said.topic, said.payload, context)


@pytest.mark.parametrize(
    "said", [one for one in SAID if one.without is not None], ids=lambda one: one.dialect
)
def test_control_without_the_setting_no_such_event_comes(said: Said) -> None:
    context = registered(said.device, said.role, **dict(said.more))
    try:
        found = kinds_read(said.dialect, said.topic, said.without, context)
    except MessageRefusedError:
        return
    assert (said.device, said.kind) not in found


@pytest.mark.parametrize("said", SAID, ids=lambda one: one.dialect)
def test_the_topic_is_one_that_the_gateway_hears(said: Said) -> None:
    assert any(matches(wanted, said.topic) for wanted in BY_NAME[said.dialect].topics)


@pytest.mark.parametrize(
    "said", [one for one in SAID if one.dialect != "tts"], ids=lambda one: one.dialect
)
def test_the_account_may_write_the_topic(said: Said) -> None:
    use = Use(said.dialect)
    rights = [one for one in RIGHTS[use] if "write" in one.may]
    assert any(matches(one.topic.replace("{name}", "wana-01"), said.topic) for one in rights)


def test_control_another_devices_account_may_not() -> None:
    lines = acl("goto", {"wana-02": Use.TASMOTA})
    assert "tele/wana-01" not in lines
    assert Right("write", "tele/{name}/SENSOR") in RIGHTS[Use.TASMOTA]


def matches(wanted: str, topic: str) -> bool:
    """Whether a topic filter covers a topic."""
    want, have = wanted.split("/"), topic.split("/")
    for number, level in enumerate(want):
        if level == "#":
            return True
        if number >= len(have) or level not in ("+", have[number]):
            return False
    return len(want) == len(have)


@pytest.mark.parametrize("use", list(Use))
def test_every_account_has_settings_to_paste_with_its_name_and_password(use: Use) -> None:
    shown = text(use, GIVEN)
    assert "a-password" in shown
    assert "wana-01" in shown


def test_what_enrolment_prints_for_chirpstack_says_what_the_page_says() -> None:
    shown = text(Use.CHIRPSTACK, GIVEN).partition("# shishigaki-ca.crt")[0]
    of_page, printed = (tomllib.loads(one)["integration"] for one in (block("chirpstack"), shown))
    for key in ("json", "qos", "ca_cert"):
        assert printed["mqtt"][key] == of_page["mqtt"][key]


@pytest.mark.parametrize("use", [Use.TASMOTA, Use.ZIGBEE2MQTT, Use.MESHTASTIC])
def test_what_enrolment_prints_holds_the_settings_of_the_page(use: Use) -> None:
    setting = next(one.setting for one in SAID if one.dialect == use)
    assert setting in text(use, GIVEN)


@pytest.mark.parametrize("name", ["wiring-trap.svg", "wiring-detector.svg"])
def test_a_drawing_is_sound_and_names_the_pins_of_the_firmware(name: str) -> None:
    drawing = (DEPLOY / "devices" / name).read_text(encoding="utf-8")
    ET.fromstring(drawing)
    recipe = (DEPLOY / "esphome" / name.replace("wiring-", "").replace(".svg", ".yaml")).read_text(
        "utf-8"
    )
    base = (DEPLOY / "esphome" / "base.yaml").read_text("utf-8")
    pin = re.search(r'_number: "(\d+)"', recipe)
    battery = re.search(r"battery_pin: (GPIO\d+)", base)
    assert pin
    assert battery
    assert f"GPIO{pin[1]}" in drawing
    assert battery[1] in drawing

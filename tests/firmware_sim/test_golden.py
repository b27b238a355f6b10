"""The bytes on the wire: unchanged unless somebody means it, and understood by the gateway."""

import json
from base64 import b64decode

from tests.firmware_sim.golden import FILE, cast, lines, messages


def test_every_message_is_the_golden_one_byte_for_byte() -> None:
    assert lines() == FILE.read_text("utf-8").splitlines()


def test_the_golden_file_holds_every_kind_of_every_network() -> None:
    kinds = set()
    for publish in messages():
        leaf = publish.topic.rsplit("/", 1)[1]
        body = json.loads(publish.payload) if publish.payload[:1] == b"{" else {}
        kinds.add(str(body.get("kind") or body.get("type") or leaf))
    assert kinds == {
        *("trap.sprung", "trap.set", "detection", "tamper", "heartbeat", "status", "meta"),
        *("join", "up", "nodeinfo", "telemetry"),
    }


def test_an_inverted_device_reports_the_opposite_for_the_same_contact() -> None:
    plain, turned = (
        [
            json.loads(p.payload)["object"]["magnet_status"]
            for p in messages()
            if p.topic.endswith(f"{eui}/event/up")
        ]
        for eui in ("24e124535f000002", "24e124535f000012")
    )
    assert plain == ["close", "open", "open", "close"]
    assert turned == ["open", "close", "close", "open"]


def test_raw_bytes_and_decoded_object_have_the_same_values() -> None:
    models = {spec.id: spec.model for spec in cast().devices}
    seen = set()
    for publish in messages():
        if not publish.topic.endswith("/event/up"):
            continue
        body = json.loads(publish.payload)
        raw, decoded = b64decode(body["data"]), body["object"]
        model = models[body["deviceInfo"]["devEui"]]
        seen.add(model)
        if model == "dragino-lds02":
            head = int.from_bytes(raw[:2], "big")
            assert (head >> 15, (head & 0x3FFF) / 1000) == (
                decoded["DOOR_OPEN_STATUS"],
                decoded["BAT_V"],
            )
        else:
            assert raw[:3] == bytes([0x01, 0x75, decoded["battery"]])
            active = decoded.get("magnet_status", decoded.get("pir")) in ("open", "trigger")
            place = 12 if model == "milesight-em300-mcs" else 5
            assert raw[place] == active
    assert len(seen) == 4

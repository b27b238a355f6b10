"""What is declared to Home Assistant: complete, by its rules, and true also when we or a sensor are away."""

from collections.abc import Mapping
from typing import Any

import jinja2
import msgspec
import pytest

from gateway.domain.device_state import advance, placed
from gateway.domain.model import Device, DeviceState, Kind, Role, Standing, TrapState
from gateway.domain.timing import judge
from gateway.export.topics.homeassistant import declarations
from gateway.export.topics.retained import RetainedState, retained_topics
from tests.support.samples import CAMERA, TRAP, at, reading

STATUS = "shishigaki/v1/goto/gateway/status"
COMMON = {
    "name",
    "unique_id",
    "object_id",
    "default_entity_id",
    "device",
    "origin",
    "availability",
    "availability_mode",
    "state_topic",
    "value_template",
    "icon",
    "entity_category",
    "json_attributes_topic",
    "device_class",
}
ALLOWED = {  # what Home Assistant's MQTT integration takes of each component, as far as we use it
    "binary_sensor": COMMON,
    "sensor": COMMON | {"unit_of_measurement", "state_class", "options"},
    "event": COMMON - {"value_template"} | {"event_types"},
}
CLASSES = {
    "binary_sensor": {"problem", "safety"},
    "sensor": {"battery", "voltage", "signal_strength", "enum"},
    "event": {"motion"},
}


def scene(
    minutes: float = 10, trap: DeviceState | None = None, *devices: Device, url: str = ""
) -> RetainedState:
    states = {TRAP.id: trap} if trap else {}
    seen = judge(reading("cam-01", Kind.DETECTION, 5, species="boar"), at(5))
    states["cam-01"] = advance(None, placed([seen]))
    return RetainedState("goto", at(minutes), list(devices or (TRAP, CAMERA)), states, [], url)


def trap_state(kind: Kind) -> DeviceState:
    read = msgspec.structs.replace(reading("trap-01", kind, 5), battery_pct=80)
    return advance(None, placed([judge(read, at(5))]))


def declared(there: RetainedState) -> dict[str, dict[str, Any]]:
    """unique_id -> declaration."""
    found = [msgspec.json.decode(body) for body in declarations(there, "homeassistant").values()]
    return {body["unique_id"]: body for body in found}


def rendered(template: str, payload: bytes) -> str:
    text = payload.decode()
    is_json = text.startswith("{")
    found = {"value": text, "value_json": msgspec.json.decode(payload) if is_json else None}
    return jinja2.Environment(autoescape=False).from_string(template).render(found)


def shown(there: RetainedState, id_: str, status: bytes = b"online") -> str:
    """What an entity shows: unavailable, unknown or its value, as Home Assistant works it out."""
    entity, topics = declared(there)[id_], retained_topics(there) | {STATUS: status}
    assert entity["availability_mode"] == "all"
    for source in entity["availability"]:
        text = rendered(source.get("value_template", "{{ value }}"), topics[source["topic"]])
        assert text in {"online", "offline"}
        if text == "offline":
            return "unavailable"
    value = rendered(entity["value_template"], topics[entity["state_topic"]])
    return "unknown" if value == "None" else value


@pytest.mark.parametrize(
    ("state", "minutes", "sprung", "word"),
    [
        (trap_state(Kind.SPRUNG), 10, "ON", "sprung"),
        (trap_state(Kind.SPRUNG), 500, "ON", "sprung"),
        (trap_state(Kind.SET), 10, "OFF", "armed"),
        (trap_state(Kind.SET), 500, "unavailable", "unknown"),
        (None, 10, "unknown", "unknown"),
    ],
    ids=["sprung", "sprung and silent", "armed", "armed and silent", "never heard"],
)
def test_a_trap_shows_what_is_known_and_nothing_else(
    state: DeviceState | None, minutes: float, sprung: str, word: str
) -> None:
    there = scene(minutes, state)
    assert shown(there, "shishigaki_goto_trap-01_sprung") == sprung
    assert shown(there, "shishigaki_goto_trap-01_state") == word
    silent = "ON" if minutes == 500 or state is None else "OFF"
    assert shown(there, "shishigaki_goto_trap-01_silent") == silent


def test_when_the_gateway_is_away_every_entity_is_unavailable() -> None:
    there = scene(10, trap_state(Kind.SPRUNG))
    for id_, entity in declared(there).items():
        assert {"topic": STATUS} in entity["availability"], id_
        if "value_template" in entity:
            assert shown(there, id_) != "unavailable"
            assert shown(there, id_, b"offline") == "unavailable"


def test_control_an_entity_that_does_not_name_the_gateway_shows_it_when_it_is_away() -> None:
    there = scene(10, trap_state(Kind.SPRUNG))
    entity = declared(there)["shishigaki_goto_trap-01_sprung"]
    sources = [one for one in entity["availability"] if one["topic"] != STATUS]
    topics = retained_topics(there)
    text = [rendered(one["value_template"], topics[one["topic"]]) for one in sources]
    assert text == ["online"]


def test_a_camera_that_has_seen_nothing_is_unknown() -> None:
    there = RetainedState("goto", at(10), [CAMERA], {}, [])
    assert shown(there, "shishigaki_goto_cam-01_species") == "unknown"
    assert shown(scene(), "shishigaki_goto_cam-01_species") == "boar"


def test_each_word_of_a_trap_is_among_the_options() -> None:
    options = declared(scene(10, trap_state(Kind.SET)))["shishigaki_goto_trap-01_state"]["options"]
    assert set(options) == {state.value for state in TrapState}


def test_events_are_declared_with_each_type_that_the_device_can_tell() -> None:
    found = declared(scene())
    trap, camera = (found[f"shishigaki_goto_{name}_event"] for name in ("trap-01", "cam-01"))
    assert trap["event_types"] == ["trap.sprung", "trap.set", "tamper"]
    assert camera["event_types"] == ["detection", "tamper"]
    assert camera["state_topic"] == "shishigaki/v1/goto/cam-01/event"


def test_every_device_belongs_to_the_gateway_and_names_its_page() -> None:
    japanese = Device(id="イノシシ罠 1", role=Role.TRAP, name="奥の罠")
    there = scene(10, None, TRAP, CAMERA, japanese, url="https://yama.example/猪/")
    devices = {
        body["device"]["identifiers"][0]: body["device"] for body in declared(there).values()
    }
    gateway = devices.pop("shishigaki_goto")
    assert gateway["sw_version"]
    assert gateway["configuration_url"] == "https://yama.example/猪/"
    assert {one["via_device"] for one in devices.values()} == {"shishigaki_goto"}
    pages = {one["configuration_url"] for one in devices.values()}
    assert "https://yama.example/猪/traps/trap-01" in pages
    assert all(page.startswith("https://yama.example/猪") for page in pages)
    assert not any("configuration_url" in body["device"] for body in declared(scene()).values())


def test_ids_are_stable_ascii_and_each_is_one_entity() -> None:
    japanese = Device(id="イノシシ罠 1", role=Role.TRAP, name="奥の罠")
    found = declared(scene(10, None, TRAP, CAMERA, japanese))
    renamed = msgspec.structs.replace(japanese, name="新しい名前")
    assert set(found) == set(declared(scene(10, None, TRAP, CAMERA, renamed)))
    for id_, body in found.items():
        assert id_.isascii()
        assert body["object_id"] == id_
        assert body["default_entity_id"].partition(".")[2] == id_


def test_declarations_have_only_what_home_assistant_takes() -> None:
    for topic, payload in declarations(scene(10, trap_state(Kind.SET)), "homeassistant").items():
        prefix, component, node, object_id, leaf = topic.split("/")
        body = msgspec.json.decode(payload)
        assert (prefix, leaf) == ("homeassistant", "config")
        assert set(body) <= ALLOWED[component]
        assert body.get("device_class", next(iter(CLASSES[component]))) in CLASSES[component]
        assert body["unique_id"] == f"{node}_{object_id}"
        if body.get("device_class") == "enum":
            assert not {"state_class", "unit_of_measurement"} & set(body)


def test_control_a_declaration_with_an_unknown_word_is_found() -> None:
    body: Mapping[str, Any] = declared(scene())["shishigaki_goto_urgent"]
    assert not set(body) | {"availability_template"} <= ALLOWED["binary_sensor"]


def test_a_revoked_device_is_declared_no_more() -> None:
    revoked = msgspec.structs.replace(TRAP, standing=Standing.REVOKED)
    assert not any("trap-01" in id_ for id_ in declared(scene(10, None, revoked, CAMERA)))

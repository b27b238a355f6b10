"""TOPICS.md documents each field of each payload, and no other."""

import re

import msgspec
import pytest

from gateway.alerts.channels.mqtt import Notice
from gateway.domain.model import AlertLevel, AlertStatus, Role, TrapState
from gateway.export.topics import payloads
from gateway.export.topics.events import KINDS
from gateway.mqtt.own_topics import names
from tests.architecture.test_docs_names import ROOT

TEXT = (ROOT / "gateway" / "TOPICS.md").read_text()
DOCUMENTED: dict[str, type[msgspec.Struct]] = {
    "version": payloads.VersionPayload,
    "alerts": payloads.AlertsPayload,
    "alert": payloads.AlertPayload,
    "notice": Notice,
    "trap state": payloads.TrapStatePayload,
    "detector state": payloads.DetectorStatePayload,
    "event": payloads.EventPayload,
}
ROW = re.compile(r"^\| `(\w+)` \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)


def section(title: str) -> str:
    return TEXT.split(f"\n## {title}\n")[1].split("\n## ")[0]


@pytest.mark.parametrize("title", DOCUMENTED)
def test_each_field_is_documented_with_its_type_and_meaning(title: str) -> None:
    rows = {name: (kind, meaning) for name, kind, meaning in ROW.findall(section(title))}
    assert set(rows) == {one.encode_name for one in msgspec.structs.fields(DOCUMENTED[title])}
    assert all(len(meaning) > 5 for _, meaning in rows.values())


@pytest.mark.parametrize("title", DOCUMENTED)
def test_each_payload_has_a_version(title: str) -> None:
    assert "v" in DOCUMENTED[title].__struct_fields__
    assert f"version of this payload: {payloads.VERSION}" in section(title)


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("trap state", [state.value for state in TrapState]),
        ("alert", [*AlertLevel, *(one for one in AlertStatus if one is not AlertStatus.RESOLVED)]),
        ("detector state", [Role.DETECTOR, Role.RELAY, payloads.UNKNOWN, payloads.WATCHING]),
        ("event", sorted(KINDS)),
        ("alerts", [one.name for one in msgspec.structs.fields(payloads.AlertCounts)]),
    ],
)
def test_each_word_that_a_field_can_say_is_documented(title: str, words: list[str]) -> None:
    missing = [word for word in words if f"`{word}`" not in section(title)]
    assert missing == []


def test_each_topic_is_named_as_it_is_built() -> None:
    site, device = "{site}", "{device}"
    built = {
        names.status(site),
        names.version(site),
        names.doctor(site),
        names.alerts(site),
        names.alert(site, "{id}"),
        f"{names.notices(site)}{{person}}/{{id}}",
        f"{names.of_site(site)}{device}/state",
        f"{names.of_site(site)}{device}/event",
    }
    found = set(re.findall(r"^\| `(shishigaki/[^`]+)`", TEXT, re.MULTILINE))
    assert found == built
    assert names.state("goto", "trap-01") == "shishigaki/v1/goto/trap-01/state"
    assert names.event("goto", "trap-01") == "shishigaki/v1/goto/trap-01/event"


def test_control_an_undocumented_field_is_found() -> None:
    rows = {name for name, *_ in ROW.findall(section("event").replace("| `count` |", "| count |"))}
    assert rows != {one.name for one in msgspec.structs.fields(payloads.EventPayload)}

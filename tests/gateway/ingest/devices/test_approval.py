"""Approving a device and reading again: what was refused comes back, and only once."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner

from gateway.cli import app
from gateway.config import SourceSettings, check
from gateway.domain.alerts.rule_name import RuleName
from gateway.domain.model import (
    Alert,
    AlertLevel,
    Device,
    Message,
    RefusalReason,
    Role,
    Standing,
)
from gateway.domain.outcome import Outcome
from gateway.ingest.devices.approval import ApprovalError, ApprovalRequest, Approvals, ReplayReport
from gateway.ingest.messages.batch import absorb
from gateway.ingest.messages.decoding import Sources
from gateway.store import Store
from tests.support.samples import T0, at, open_store

EUI = "24e124136b502217"
OTHER = "24e124136b502299"
SOURCES = (SourceSettings(dialect="chirpstack"), SourceSettings(dialect="native"))
MAYBE = {"door": "open", "battery": 90, "colour": "red"}  # of a WS301, and one field no model has
STRANGE = {"gate_is": "up", "cell": 3100}
ACME = {"acme-gate": {"title": "Acme gate", "fields": {"gate_is": {"up": "contact"}}}}


def desk(models: dict[str, Any] | None = None) -> Approvals:
    config = check({"models": models or {}})
    sources = Sources(SOURCES, "goto", config.models)
    return Approvals(sources.decode, lambda: sources.models, None)


def uplink(values: dict[str, Any], number: int, eui: str = EUI) -> Message:
    body = {
        "deviceInfo": {"devEui": eui},
        "devAddr": "01a2b3c4",
        "fCnt": number,
        "object": values,
        "deduplicationId": f"{eui}-{number}",
        "time": at(number).isoformat(),
    }
    topic = f"application/1/device/{eui}/event/up"
    return Message(topic, msgspec.json.encode(body), at(number))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(tmp_path)
    yield store
    store.close()


def receive(store: Store, *messages: Message) -> Outcome:
    decode = Sources(SOURCES, "goto").decode
    return store.write_now(lambda tx: absorb(tx, messages, decode, at(60)))


def read_all(store: Store, at_desk: Approvals, **chosen: Any) -> ReplayReport:
    again = ReplayReport()
    while store.write_now(lambda tx: at_desk.step(tx, again, at(90), **chosen)):
        pass
    return again


def test_a_likely_model_is_offered_and_guessed_into_nothing(store: Store) -> None:
    outcome = receive(store, uplink(MAYBE, 1))
    assert (outcome.events, outcome.opened) == ([], [])
    assert outcome.refused == {RefusalReason.MODEL: 1}
    [pending] = store.read_now(lambda r: r.pending())
    assert (pending.id, pending.role, pending.model) == (EUI, Role.TRAP, "milesight-ws301")
    [kept] = store.read_now(lambda r: r.quarantine())
    assert f"approve {EUI} --model milesight-ws301" in kept.detail


def test_approval_reads_what_was_refused_for_the_model_and_for_the_device(store: Store) -> None:
    receive(store, uplink(MAYBE, 1))
    receive(store, uplink(MAYBE | {"door": "closed"}, 2), uplink(MAYBE, 3))
    reasons = {one.reason for one in store.read_now(lambda r: r.quarantine())}
    assert reasons == {RefusalReason.MODEL, RefusalReason.DEVICE}
    wish = ApprovalRequest(device=EUI.upper(), model="milesight-ws301", name="岐宿-07")
    device, outcome = store.write_now(lambda tx: desk().approve(tx, wish, at(60)))
    assert (device.label, device.standing) == ("岐宿-07", Standing.APPROVED)
    assert [e.kind.value for e in outcome.events] == ["trap.sprung", "trap.set", "trap.sprung"]
    assert [alert.rule for alert in outcome.opened] == ["trap_sprung"]
    assert read_all(store, desk()).messages == 0


def test_an_approval_may_turn_the_polarity(store: Store) -> None:
    receive(store, uplink(MAYBE, 1))
    wish = ApprovalRequest(device=EUI, inverted=True, zone="Asia/Tokyo", heartbeat_s=600)
    device, outcome = store.write_now(lambda tx: desk().approve(tx, wish, at(60)))
    assert [event.kind.value for event in outcome.events] == ["trap.set"]
    assert (device.inverted, device.zone, device.heartbeat_s) == (True, "Asia/Tokyo", 600)


def test_a_model_added_later_reads_what_no_model_knew(store: Store) -> None:
    receive(store, uplink(STRANGE, 1), uplink(STRANGE, 2, OTHER))
    assert store.read_now(lambda r: r.pending()) == []
    wish = ApprovalRequest(device=EUI, model="acme-gate")
    device, outcome = store.write_now(lambda tx: desk(ACME).approve(tx, wish, at(60)))
    assert (device.role, [e.kind.value for e in outcome.events]) == (Role.TRAP, ["trap.sprung"])
    assert store.read_now(lambda r: r.refused()) == {"unknown_model": 1}


def test_reading_again_takes_what_is_mended_and_leaves_the_rest(store: Store) -> None:
    store.write_now(lambda tx: tx.put_device(Device(id=EUI, role=Role.TRAP)))
    broken = Message("application/1/device/x/event/up", b"{", T0)
    receive(store, broken, *(uplink(STRANGE, n) for n in range(1, 4)))
    store.write_now(lambda tx: tx.put_device(Device(id=EUI, role=Role.TRAP, model="acme-gate")))
    again = read_all(store, desk(ACME))
    assert (again.messages, again.events, again.alerts) == (4, 3, 1)
    assert again.refused == {RefusalReason.MALFORMED: 1}
    left = [one for one in store.read_now(lambda r: r.quarantine()) if not one.replayed_at]
    assert [(one.reason, one.payload) for one in left] == [(RefusalReason.MALFORMED, b"{")]
    once_more = read_all(store, desk(ACME))
    assert (once_more.messages, once_more.events) == (1, 0)


def test_only_the_chosen_are_read_again(store: Store) -> None:
    receive(store, uplink(STRANGE, 1), uplink(STRANGE, 2, OTHER), Message("x", b"", T0))
    assert read_all(store, desk(), device=OTHER).messages == 1
    assert read_all(store, desk(), reasons=[RefusalReason.TOPIC]).messages == 1


@pytest.mark.parametrize(
    ("wish", "shown"),
    [
        (ApprovalRequest(device="nobody"), "nobody: no such device"),
        (ApprovalRequest(device=EUI, model="milesight-x"), "milesight-ws301"),
        (ApprovalRequest(device=EUI, zone="Mars/Base"), "Mars/Base"),
        (ApprovalRequest(device=EUI, role="king"), "trap, detector, relay"),
        (ApprovalRequest(device=EUI, heartbeat_s=0), "above 0"),
    ],
)
def test_an_impossible_wish_is_refused_by_name(
    store: Store, wish: ApprovalRequest, shown: str
) -> None:
    receive(store, uplink(MAYBE, 1))
    with pytest.raises(ApprovalError, match=shown):
        store.write_now(lambda tx: desk().approve(tx, wish, at(60)))
    assert [device.id for device in store.read_now(lambda r: r.pending())] == [EUI]


def test_the_commands_approve_and_read_again(store: Store, tmp_path: Path) -> None:
    receive(store, uplink(MAYBE, 1), uplink(STRANGE, 2, OTHER))
    config = tmp_path / "shishigaki.toml"
    config.write_text(
        f'[site]\nname = "goto"\n[store]\npath = "{store.path}"\n[[sources]]\ndialect = "chirpstack"\n'
        '[models.acme-gate]\ntitle = "Acme gate"\nfields = { gate_is = { up = "contact" } }\n'
        'sign = { gate_is = "up" }\n'
    )

    def run(*words: str) -> str:
        result = CliRunner().invoke(app, [*words, "-c", str(config)], catch_exceptions=False)
        assert result.exit_code == 0
        return result.stdout

    listed = msgspec.json.decode(run("quarantine", "list", "--json"))
    assert [one["device"] for one in listed] == [OTHER, EUI]
    assert "milesight-ws301" in run("devices", "approve", EUI, "--model", "milesight-ws301")
    again = run("quarantine", "read-again", "--reason", "unknown_model", "--json")
    assert msgspec.json.decode(again)["refused"] == {"unknown_device": 1}
    with pytest.raises(ApprovalError, match="no such device"):
        run("devices", "approve", "nobody")


def reported_place(store: Store, lat: float, lon: float) -> Device:
    """A pending device that told a place, beside three registered ones in Goto."""
    near = [
        Device(id=f"cam-{n}", role=Role.DETECTOR, lat=32.66 + n / 50, lon=128.75) for n in range(3)
    ]
    new = Device(id="new", role=Role.TRAP, standing=Standing.PENDING, lat=lat, lon=lon)
    store.write_now(lambda tx: tx.put_devices([*near, new]))
    return new


def test_a_place_far_from_the_others_is_asked_about_at_approval(store: Store) -> None:
    reported_place(store, 50.1, 10.1)
    with pytest.raises(ApprovalError, match=r"new \(50.1, 10.1\).*9,\d\d\d km.*--far-ok"):
        store.write_now(lambda tx: desk().approve(tx, ApprovalRequest(device="new"), at(60)))
    assert [d.id for d in store.read_now(lambda r: r.pending())] == ["new"]


@pytest.mark.parametrize(("answer", "lat"), [("right", 50.1), ("none", None)])
def test_an_answer_approves_it_with_its_place_or_without(
    store: Store, answer: Any, lat: float | None
) -> None:
    reported_place(store, 50.1, 10.1)
    wish = ApprovalRequest(device="new", place=answer)
    device, _ = store.write_now(lambda tx: desk().approve(tx, wish, at(60)))
    assert (device.standing, device.lat) == (Standing.APPROVED, lat)
    store.write_now(lambda tx: desk().approve(tx, ApprovalRequest(device="new", name="奥"), at(61)))


def test_a_place_among_the_others_is_not_asked_about(store: Store) -> None:
    reported_place(store, 32.7, 128.8)
    device, _ = store.write_now(
        lambda tx: desk().approve(tx, ApprovalRequest(device="new"), at(60))
    )
    assert device.lat == 32.7


def test_a_revoked_device_leaves_no_open_alert_and_that_of_others_stays(store: Store) -> None:
    gone, stays = (Device(id=name, role=Role.TRAP) for name in ("trap-01", "trap-02"))
    store.write_now(lambda tx: tx.put_devices([gone, stays]))
    for number, subject, device in (
        (1, "trap-01", None),
        (2, "trap-02", None),
        (3, "oku", "trap-01"),
        (4, "sato", "trap-02"),
    ):
        alert = Alert(
            id=str(number),
            rule=RuleName.LIVING_AREA if device else RuleName.TRAP_SPRUNG,
            subject=subject,
            device=device,
            level=AlertLevel.CAPTURE,
            observed_at=T0,
            opened_at=T0,
        )
        store.write_now(lambda tx, one=alert: tx.alerts.open(one, timedelta()))  # type: ignore[misc]
    _, outcome = store.write_now(lambda tx: desk().revoke(tx, "trap-01", at(1)))
    assert {alert.id for alert in outcome.ended} == {"1", "3"}
    assert {alert.resolved_by for alert in outcome.ended} == {"revoked"}
    assert {alert.id for alert in store.read_now(lambda reader: reader.open_alerts())} == {"2", "4"}

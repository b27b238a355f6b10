"""Each rule: what opens it, what does not, what ends it."""

from typing import Any

import pytest

from gateway.alerts.policy import Policy
from gateway.config import ConfigError, check
from gateway.domain.model import ActionKind, Device, Kind, Role
from tests.gateway.alerts.rules.cameras import HEARTBEAT, LAT, LON, camera, rules_of
from tests.gateway.alerts.site import at


def test_a_silent_device_alerts_by_time_alone_until_its_next_message(make: Any) -> None:
    site = make(devices=[camera()])
    site.hear("cam-01", HEARTBEAT, 0)
    assert site.tick(149).opened == []
    assert [a.rule for a in site.tick(151).opened] == ["silent"]
    assert site.tick(200).opened == []
    assert [a.resolved_by for a in site.hear("cam-01", HEARTBEAT, 300).ended] == ["heard again"]


def test_while_the_gateway_received_nothing_no_device_is_silent(make: Any) -> None:
    site = make(devices=[camera()])
    site.hear("cam-01", HEARTBEAT, 0)
    site.listening = None
    assert site.tick(1000).opened == []
    site.listening = at(1000)
    assert site.tick(1100).opened == []
    assert [a.rule for a in site.tick(1151).opened] == ["silent"]


def test_many_silent_at_once_are_one_alert_for_what_they_share(make: Any) -> None:
    devices = [camera(f"l-{n}", dialect="chirpstack") for n in range(6)]
    devices += [camera(f"w-{n}", dialect="native", area="富江") for n in range(6)]
    site = make(devices=devices)
    for n, device in enumerate(devices):
        site.hear(device.id, HEARTBEAT, n)
    for minutes in range(20, 320, 20):
        for n in range(6):
            site.hear(f"w-{n}", HEARTBEAT, minutes)
        site.tick(minutes)
    assert sorted(site.open()) == [("many_silent", "dialect:chirpstack")]
    assert site.open()["many_silent", "dialect:chirpstack"].note == "6"
    for n in range(6):
        site.hear(f"l-{n}", HEARTBEAT, 330)
    site.tick(331)
    assert site.open() == {}


def test_a_device_still_silent_after_an_outage_is_named_when_the_others_are_back(make: Any) -> None:
    devices = [camera(f"l-{n}") for n in range(6)]
    site = make(devices=devices)
    for device in devices:
        site.hear(device.id, HEARTBEAT, 0)
    site.tick(160)
    for minutes in range(170, 360, 10):
        for n in range(5):
            site.hear(f"l-{n}", HEARTBEAT, minutes)
        site.tick(minutes + 1)
        named = minutes + 1 > 171 + 150  # it too had two and a half heartbeats to come back
        assert sorted(site.open()) == ([("silent", "l-5")] if named else [])


def test_a_low_battery_needs_a_tenth_more_to_count_as_full(make: Any) -> None:
    site = make(devices=[camera()])
    site.hear("cam-01", HEARTBEAT, 0, battery_pct=19.0)
    assert [(a.rule, a.note) for a in site.tick(1).opened] == [("battery_low", "19 %")]
    site.hear("cam-01", HEARTBEAT, 30, battery_pct=21.0)
    assert site.tick(31).ended == []
    site.hear("cam-01", HEARTBEAT, 60, battery_pct=23.0)
    assert [a.rule for a in site.tick(61).ended] == ["battery_low"]


def test_a_battery_that_falls_fast_warns_and_a_slow_one_does_not(make: Any) -> None:
    site = make(devices=[camera("slow"), camera("fast")])
    for day in range(6):
        site.hear("slow", HEARTBEAT, day * 1440, battery_v=3.6 - 0.05 * day)
        site.hear("fast", HEARTBEAT, day * 1440, battery_v=3.6 - 0.15 * day)
        site.tick(day * 1440 + 1)
    falling = [subject for rule, subject in site.open() if rule == "battery_falling"]
    assert falling == ["fast"]


def test_a_device_that_reports_another_place_has_moved(make: Any) -> None:
    site = make(devices=[camera()])
    site.hear("cam-01", HEARTBEAT, 0, lat=LAT + 40 / 111_320, lon=LON)
    assert site.tick(1).opened == []
    site.hear("cam-01", HEARTBEAT, 2, lat=LAT + 90 / 111_320, lon=LON, accuracy_m=40.0)
    assert site.tick(3).opened == []
    site.hear("cam-01", HEARTBEAT, 4, lat=LAT + 90 / 111_320, lon=LON, accuracy_m=5.0)
    assert [(a.rule, a.note) for a in site.tick(5).opened] == [("moved", "90 m")]


def test_a_weak_signal_alerts(make: Any) -> None:
    site = make(devices=[camera()])
    site.hear("cam-01", HEARTBEAT, 0, rssi_dbm=-121.0)
    assert [(a.rule, a.note) for a in site.tick(1).opened] == [("weak_signal", "-121 dBm")]


def test_tampering_stands_until_somebody_was_there(make: Any) -> None:
    site = make()
    site.hear("trap-01", Kind.SET, 0)
    site.hear("trap-01", Kind.TAMPER, 1)
    site.tick(2)
    assert rules_of(site) == ["tamper"]
    site.act(ActionKind.VISITED, 3)
    assert rules_of(site) == []


def test_tampering_again_after_a_visit_stands_until_the_next_visit(make: Any) -> None:
    site = make()
    site.hear("trap-01", Kind.SET, 0)
    site.hear("trap-01", Kind.TAMPER, 1)
    site.act(ActionKind.VISITED, 3)
    site.hear("trap-01", Kind.HEARTBEAT, 4)
    site.hear("trap-01", Kind.TAMPER, 5)
    for minutes in (6, 60, 600):
        site.tick(minutes)
        assert "tamper" in rules_of(site)
    site.act(ActionKind.VISITED, 601)
    assert "tamper" not in rules_of(site)


def test_a_visit_is_due_in_the_afternoon_at_each_trap(make: Any) -> None:
    # T0 is 09:00 in Tokyo, so 15:00 is 360 minutes later
    traps = [Device(id=f"t-{n}", role=Role.TRAP, area="三井楽", heartbeat_s=86_400) for n in (1, 2)]
    site = make(devices=traps)
    for trap in traps:
        site.hear(trap.id, Kind.SET, -1440)
    assert "visit_due" not in [a.rule for a in site.tick(359).opened]
    assert [(a.rule, a.subject) for a in site.tick(361).opened] == [
        ("visit_due", "t-1"),
        ("visit_due", "t-2"),
    ]
    site.act(ActionKind.VISITED, 400, "t-1")
    assert [a.subject for a in site.tick(401).ended] == ["t-1"]
    site.act(ActionKind.VISITED, 402, "t-2")
    assert [a.subject for a in site.tick(403).ended] == ["t-2"]


def test_what_a_sensor_reports_is_no_visit(make: Any) -> None:
    site = make()
    site.hear("trap-01", Kind.SET, -1440)
    site.act(ActionKind.VISITED, -1430)
    for minutes, kind in ((60, Kind.SPRUNG), (70, Kind.SET), (80, Kind.HEARTBEAT)):
        site.hear("trap-01", kind, minutes)
    assert "visit_due" in [a.rule for a in site.tick(361).opened]


def test_a_trap_that_was_set_for_the_first_time_is_due_from_the_next_day_on(make: Any) -> None:
    site = make()
    site.hear("trap-01", Kind.SET, 0)
    assert "visit_due" not in [a.rule for a in site.tick(361).opened]
    site.hear("trap-01", HEARTBEAT, 1440)
    assert "visit_due" in [a.rule for a in site.tick(1440 + 361).opened]


def test_how_often_a_trap_is_visited_differs_by_trap_and_area(make: Any) -> None:
    traps = [Device(id=f"t-{n}", role=Role.TRAP, area="奥" if n == 3 else "") for n in (1, 2, 3)]
    site = make(
        {
            "overrides": [
                {"devices": ["奥"], "limits": {"visit_due_hour": -1}},
                {"devices": ["t-2"], "limits": {"visit_every_days": 2}},
            ]
        },
        devices=traps,
    )
    for trap in traps:
        site.hear(trap.id, Kind.SET, -5000)
        site.act(ActionKind.VISITED, -1400, trap.id)
    for minutes, due in ((361, ["t-1"]), (361 + 1440, ["t-2"])):
        opened = [a.subject for a in site.tick(minutes).opened if a.rule == "visit_due"]
        assert opened == due


def test_no_visit_is_due_at_a_paused_trap(make: Any) -> None:
    site = make()
    site.hear("trap-01", Kind.SET, -1440)
    site.act(ActionKind.PAUSED, -1000)
    assert "visit_due" not in [a.rule for a in site.tick(400).opened]


def test_the_gateways_own_faults_open_and_end(make: Any) -> None:
    site = make()
    assert [a.subject for a in site.tick(1, {"disk": "full"}).opened] == ["disk"]
    assert site.tick(2, {"disk": "full"}).opened == []
    assert [a.subject for a in site.tick(3, {}).ended] == ["disk"]


def test_a_threshold_can_differ_for_one_device_and_an_unknown_one_is_an_error(make: Any) -> None:
    override = {"devices": ["cam-*"], "limits": {"battery_low_pct": 50}}
    site = make({"overrides": [override]}, devices=[camera(), camera("other")])
    for id_ in ("cam-01", "other"):
        site.hear(id_, HEARTBEAT, 0, battery_pct=40.0)
    assert [a.subject for a in site.tick(1).opened] == ["cam-01"]
    with pytest.raises(ConfigError, match="batery_low_pct"):
        Policy(check({"overrides": [{"devices": ["x"], "limits": {"batery_low_pct": 1}}]}))
    with pytest.raises(ConfigError, match="battery_low_pct"):
        check({"rules": {"battery_low_pct": 500}})

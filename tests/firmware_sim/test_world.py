"""The world: reproducible, in time order, and going on where it stopped."""

import json
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import msgspec
import pytest

from firmware_sim.devices.unit import Stimulus
from firmware_sim.habitat.scenario import FaultRates, Scenario, load
from firmware_sim.world import TimedPublish, World, history

START = datetime(2026, 10, 1, tzinfo=UTC)
MONTH = timedelta(days=30)
ROUGH = FaultRates(
    device_silent_per_week=0.9,
    area_silent_per_week=0.5,
    frame_lost=0.1,
    frame_doubled=0.05,
    false_spring_per_day=0.1,
    tamper_per_day=0.02,
    patrol_skipped=0.2,
    neglected=0.2,
)


def rough(name: str = "tiny") -> Scenario:
    return msgspec.structs.replace(load(name), faults=ROUGH)


@pytest.fixture(scope="module")
def month() -> list[TimedPublish]:
    return list(history(rough(), START, START + MONTH))


def events(messages: list[TimedPublish]) -> dict[str, list[tuple[datetime, dict[str, object]]]]:
    found = defaultdict(list)
    for at, topic, payload in messages:
        if topic.startswith("wildlife/") and topic.endswith("/event"):
            found[topic.split("/")[3]].append((at, json.loads(payload)))
    return found


def test_the_same_seed_gives_the_same_bytes_and_another_seed_other_ones(
    month: list[TimedPublish],
) -> None:
    assert list(history(rough(), START, START + MONTH)) == month
    other = msgspec.structs.replace(rough(), seed=8)
    assert list(history(other, START, START + MONTH)) != month


def test_the_messages_of_a_device_do_not_depend_on_other_devices(month: list[TimedPublish]) -> None:
    alone = msgspec.structs.replace(rough(), devices=rough().devices[:1])
    mine = [message for message in month if "/det-01/" in message[1]]
    assert list(history(alone, START, START + MONTH)) == mine


def test_messages_come_in_time_order_and_aware(month: list[TimedPublish]) -> None:
    times = [at for at, _, _ in month]
    assert times == sorted(times)
    assert times[0] >= START
    assert times[-1] < START + MONTH


def test_a_simulation_in_steps_equals_one_in_a_single_step(month: list[TimedPublish]) -> None:
    world = World(rough(), START)
    pieces = [
        message
        for day in range(1, 31)
        for message in world.live_through(START + timedelta(days=day))
    ]
    assert pieces == month


def test_an_outage_delays_native_events_and_loses_none(month: list[TimedPublish]) -> None:
    received = events(month)["det-01"]
    late = [at - datetime.fromisoformat(str(e["ts"])) for at, e in received]
    assert max(late) > timedelta(hours=1)
    assert min(late) > timedelta(seconds=-1)
    untroubled = msgspec.structs.replace(rough(), faults=FaultRates(tamper_per_day=0.02))
    calm = events(list(history(untroubled, START, START + MONTH)))["det-01"]
    seen = {str(e["ts"]) for _, e in received if e["kind"] == "detection"}
    truly = {str(e["ts"]) for _, e in calm if e["kind"] == "detection"}
    waiting = {t for t in truly if datetime.fromisoformat(t) > received[-1][0]}
    assert truly - waiting <= seen <= truly


def test_a_trap_springs_and_is_set_in_turn(month: list[TimedPublish]) -> None:
    kinds = [e["kind"] for _, e in events(month)["trap-01"] if e["kind"] != "tamper"]
    assert len(kinds) > 4
    assert kinds[0] == "trap.set"
    assert all(a != b for a, b in pairwise(kinds))


def test_the_recorded_truth_names_the_cause_of_each_spring(month: list[TimedPublish]) -> None:
    world = World(rough(), START)
    list(world.live_through(START + MONTH))
    mine = [spring for spring in world.ledger if spring.trap == "trap-01"]
    found = [e for _, e in events(month)["trap-01"] if e["kind"] == "trap.set"]
    assert len(found) - 1 in (len(mine), len(mine) - 1)  # the last may wait out an outage
    assert all(spring.at < spring.found_at for spring in mine)


def test_lorawan_frames_get_lost_and_doubled_and_the_counter_shows_it(
    month: list[TimedPublish],
) -> None:
    ups = [json.loads(p) for _, t, p in month if "24e124535f000001/event/up" in t]
    names = [up["deduplicationId"] for up in ups]
    assert len(set(names)) < len(names)
    counters = sorted({up["fCnt"] for up in ups})
    assert len(counters) < counters[-1] + 1


def test_a_confirmed_uplink_is_never_lost_on_the_air() -> None:
    deaf = msgspec.structs.replace(load("tiny"), faults=FaultRates(frame_lost=1.0))
    world = World(deaf, START)
    unit = world.units["24e124535f000002"]
    unit.radio.due(0, reachable=True)
    unit.act(Stimulus(world.now + 1, "spring"))
    unit.act(Stimulus(world.now + 2, "heartbeat"))
    received = [json.loads(p.payload) for p in unit.radio.due(0, reachable=True)]
    assert [up["object"]["magnet_status"] for up in received] == ["open"]


def test_a_device_that_stays_awake_leaves_its_last_will_when_out_of_reach(
    month: list[TimedPublish],
) -> None:
    words = [p for _, t, p in month if t.endswith("det-01/status")]
    assert words[0] == b"online"
    assert b"offline" in words
    assert all(a != b for a, b in pairwise(words))


def test_an_empty_battery_silences_a_device_and_a_new_one_boots_it() -> None:
    world = World(load("tiny"), START)
    unit = world.units["det-01"]
    unit.battery.pct, unit.neglected = 0.0, False
    unit.act(Stimulus(world.now + 10, "heartbeat"))
    assert not unit.online
    assert unit.native is not None
    assert (unit.native.ram, unit.native.firmware.boot) == ([], 1)
    unit.act(Stimulus(world.now + 20, "patrol"))
    assert unit.online
    assert unit.native.firmware.boot == 2


def test_a_year_of_fukue_has_the_size_the_demo_needs() -> None:
    scenario = load("fukue")
    world = World(scenario, START)
    week = sum(1 for _ in world.live_through(START + timedelta(days=7)))
    assert 200_000 < week * 52 < 320_000

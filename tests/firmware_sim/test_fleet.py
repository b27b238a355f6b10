"""The fleet against a real mosquitto: births, last wills, confirms, and a hand at a trap."""

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from firmware_sim.devices.unit import Stimulus
from firmware_sim.fleet import Fleet, run
from firmware_sim.habitat.scenario import load
from firmware_sim.world import World
from tests.support.servers import Mosquitto, free_port, wait_for

pytestmark = pytest.mark.real
START = datetime(2026, 10, 1, tzinfo=UTC)
LORA_TRAP = "24e124535f000002"


class Ear:
    """Hears everything; confirms events as the gateway would when told to."""

    def __init__(self, port: int, *, confirms: bool) -> None:
        self.heard: list[MQTTMessage] = []
        self.confirms = confirms
        self.client = Client(CallbackAPIVersion.VERSION2)
        self.client.on_message = self._message
        self.client.connect("127.0.0.1", port)
        self.subscribed = False
        self.client.on_subscribe = lambda *_: setattr(self, "subscribed", True)
        self.client.subscribe([("wildlife/#", 1), ("application/#", 1), ("msh/#", 1)])

    def _message(self, client: Client, _: Any, message: MQTTMessage) -> None:
        self.heard.append(message)
        if self.confirms and message.topic.endswith("/event"):
            confirm(client, message)

    def last(self, topic: str) -> bytes | None:
        return next(
            (bytes(m.payload) for m in reversed(self.heard) if m.topic.endswith(topic)), None
        )

    def kinds(self, device: str) -> list[str]:
        mine = [m for m in self.heard if m.topic.endswith(f"/{device}/event")]
        return [json.loads(m.payload)["kind"] for m in mine]


def confirm(client: Client, message: MQTTMessage) -> None:
    _, _, site, device, _ = message.topic.split("/")
    body = {"v": 1, "ids": [json.loads(message.payload)["id"]]}
    client.publish(f"shishigaki/v1/{site}/{device}/confirm", json.dumps(body), qos=1)


@contextmanager
def listening(port: int, *, confirms: bool = True) -> Iterator[Ear]:
    ear = Ear(port, confirms=confirms)
    ear.client.loop_start()
    try:
        wait_for(lambda: ear.subscribed, "the ear's subscription")
        yield ear
    finally:
        ear.client.disconnect()
        ear.client.loop_stop()


def held(world: World) -> int:
    return sum(len(u.native.firmware.flash) for u in world.units.values() if u.native)


def test_births_are_retained_and_every_network_speaks(mosquitto: Mosquitto) -> None:
    world = World(load("tiny"), START)
    with listening(mosquitto.port) as ear, Fleet(world, "127.0.0.1", mosquitto.port):
        wait_for(lambda: ear.kinds("trap-01") == ["trap.set"], "the trap's first word")
        wait_for(lambda: held(world) == 0, "the confirm to empty the flash")
    with listening(mosquitto.port) as later:
        wait_for(lambda: len(later.heard) == 4, "two births and two descriptions")
        assert all(m.retain for m in later.heard)
        assert later.last("det-01/status") == b"online"
        meta = json.loads(later.last("trap-01/meta") or b"")
        assert meta["heartbeat_s"] == 3600


def test_a_killed_device_leaves_its_last_will_and_a_clean_disconnect_leaves_none(
    mosquitto: Mosquitto,
) -> None:
    world = World(load("tiny"), START)
    with listening(mosquitto.port) as ear:
        with Fleet(world, "127.0.0.1", mosquitto.port):
            wait_for(lambda: ear.last("det-01/status") == b"online", "the birth")
            world.units["det-01"].cuts = 1
            wait_for(lambda: ear.last("det-01/status") == b"offline", "the last will")
            world.units["det-01"].cuts = 0
            wait_for(lambda: ear.last("det-01/status") == b"online", "the birth again")
        world = World(load("tiny"), START)
        with Fleet(world, "127.0.0.1", mosquitto.port):
            wait_for(lambda: held(world) == 0, "everything told")
        assert [m.payload for m in ear.heard if m.topic.endswith("det-01/status")].count(
            b"offline"
        ) == 1


def test_a_sprung_trap_arrives_at_once_on_either_network_and_can_be_set_again(
    mosquitto: Mosquitto,
) -> None:
    world = World(load("tiny"), START)
    with listening(mosquitto.port) as ear, Fleet(world, "127.0.0.1", mosquitto.port) as fleet:
        wait_for(lambda: held(world) == 0, "the first words")
        assert set(fleet.traps()) == {"trap-01", LORA_TRAP, "!7d528614"}
        begun = time.monotonic()
        fleet.spring("trap-01")
        wait_for(lambda: "trap.sprung" in ear.kinds("trap-01"), "the springing")
        assert time.monotonic() - begun < 1
        fleet.spring(LORA_TRAP)
        wait_for(lambda: b'"magnet_status":"open"' in (ear.last("event/up") or b""), "the contact")
        assert fleet.traps() == ["!7d528614"]
        fleet.reset("trap-01")
        wait_for(lambda: ear.kinds("trap-01")[-1] == "trap.set", "the setting")
        with pytest.raises(KeyError, match="det-01: no trap"):
            fleet.spring("det-01")


def test_an_event_is_repeated_with_its_id_until_the_gateway_confirms(
    mosquitto: Mosquitto,
) -> None:
    world = World(load("tiny"), START)
    with listening(mosquitto.port, confirms=False) as ear:
        with Fleet(world, "127.0.0.1", mosquitto.port):
            wait_for(lambda: ear.kinds("trap-01"), "the first try")
        assert held(world) == 1
        ear.confirms = True
        with Fleet(world, "127.0.0.1", mosquitto.port):
            wait_for(lambda: held(world) == 0, "the confirm")
        tries = [m.payload for m in ear.heard if m.topic.endswith("trap-01/event")]
        assert len(tries) == 2
        assert tries[0] == tries[1]


def test_events_wait_on_flash_while_the_broker_is_away(mosquitto: Mosquitto) -> None:
    world = World(load("tiny"), START)
    with contextlib.ExitStack() as stack:
        with listening(mosquitto.port):
            fleet = stack.enter_context(Fleet(world, "127.0.0.1", mosquitto.port))
            wait_for(lambda: held(world) == 0, "the first words")
        mosquitto.kill()
        fleet.spring("trap-01")
        wait_for(lambda: held(world) == 1, "the springing on flash")
        mosquitto.restart()
        with listening(mosquitto.port) as ear:
            wait_for(lambda: ear.kinds("trap-01") == ["trap.sprung"], "the springing, late")
            wait_for(lambda: held(world) == 0, "the confirm")


def test_live_simulation_continues_at_the_end_of_the_history(mosquitto: Mosquitto) -> None:
    world = World(load("tiny"), START)
    unit = world.units["trap-01"]
    *_, last = world.live_through(datetime(2026, 10, 8, tzinfo=UTC))
    assert unit.native is not None
    seq, boot = unit.native.firmware.seq, unit.native.firmware.boot
    assert last[0] <= datetime(2026, 10, 8, tzinfo=UTC)
    with listening(mosquitto.port) as ear, Fleet(world, "127.0.0.1", mosquitto.port) as fleet:
        fleet.spring("trap-01")
        wait_for(lambda: ear.kinds("trap-01") == ["trap.sprung"], "the springing")
        event = json.loads(ear.last("trap-01/event") or b"")
        assert (event["boot"], event["seq"]) == (boot, seq + 1)
        assert fleet.now() > datetime(2026, 10, 8, tzinfo=UTC)


def test_a_hundred_devices_on_one_thread_keep_up_with_10000x(mosquitto: Mosquitto) -> None:
    world = World(load("fukue"), START)
    threads = threading.active_count()
    fleet = Fleet(world, "127.0.0.1", mosquitto.port, speed=10_000)
    with listening(mosquitto.port) as ear, fleet:
        wait_for(lambda: len(ear.heard) > 500, "a busy fleet")
        assert threading.active_count() == threads + 2  # the ear's and the fleet's
        wait_for(lambda: world.next_at > fleet.now().timestamp(), "the agenda to be caught up")
        topics = {m.topic.split("/")[0] for m in ear.heard}
    assert topics == {"wildlife", "application"}


def test_a_fleet_without_a_broker_waits_and_can_be_stopped() -> None:
    stop = threading.Event()
    arguments = {"start": START, "speed": 1.0, "stop": stop}
    thread = threading.Thread(
        target=run, args=(load("tiny"), "127.0.0.1", free_port()), kwargs=arguments
    )
    thread.start()
    stop.set()
    thread.join(timeout=5)
    assert not thread.is_alive()


def test_a_login_is_asked_for_each_connection(tmp_path: Any) -> None:
    tiny = load("tiny")
    one = msgspec.structs.replace(tiny, devices=tiny.devices[:1])
    asked: list[str] = []
    world = World(one, START)
    with Mosquitto(tmp_path / "m") as broker, listening(broker.port) as ear:

        def login(name: str) -> tuple[str, str]:
            asked.append(name)
            return name, "secret"

        with Fleet(world, "127.0.0.1", broker.port, login=login):
            world.units["det-01"].act(Stimulus(world.now, "seen", "boar", 2))
            wait_for(lambda: ear.kinds("det-01") == ["detection"], "a detection")
    assert asked == ["det-01"]


def test_an_impossible_speed_is_refused() -> None:
    with pytest.raises(ValueError, match="speed 0"):
        Fleet(World(load("tiny"), START), "127.0.0.1", 1883, speed=0)

"""A valley of native devices that live on while nobody listens, hours passing in seconds.

Owns their simulated time. Each is the firmware of `firmware_sim`; what it publishes goes to a real broker.
"""

import random
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from firmware_sim.devices.device import DeviceClock, Firmware, OutgoingPublish
from gateway.domain.model import Device, Role
from tests.bench.load import Publisher
from tests.support.servers import wait_for

STEP_S = 900.0  # the longest wait of a device between two attempts
HOUR_S = 3600.0


class Valley:
    """Traps and cameras in turn; `forgets`: events are sent once and not kept."""

    def __init__(self, port: int, size: int, began: float, *, forgets: bool = False) -> None:
        self.port, self.now, self._forgets = port, began, forgets
        self.wanted: dict[str, float] = {}  # event id -> when it happened
        self.devices = {
            name: Firmware("goto", name, {"model": "t"}, DeviceClock("ntp"), secret=number)
            for number, name in enumerate(names(size))
        }
        for firmware in self.devices.values():
            firmware.start(began)
        self._plan = list(_plan(list(self.devices), began))
        self._run = count()

    @property
    def held(self) -> int:
        """Events on the devices' flash."""
        return sum(len(firmware.flash) for firmware in self.devices.values())

    def live(self, hours: float) -> int:
        """Let time pass; gives how many messages the broker was sent."""
        sent, end = 0, self.now + hours * HOUR_S
        while self.now < end:
            self.now += STEP_S
            while self._plan and self._plan[0][0] <= self.now:
                at, name, kind = self._plan.pop(0)
                self.wanted[self.devices[name].sense(kind, at, {})] = round(at * 1000) / 1000
            sent += self._send(
                [publish for one in self.devices.values() for publish in self._due(one)]
            )
        return sent

    def repeat(self) -> None:
        """Every device connects anew and sends what has not been confirmed."""
        for firmware in self.devices.values():
            firmware.reconnected()
        self._send([p for one in self.devices.values() for p in one.due(self.now)])

    def settle(self, patient: Callable[[], object]) -> None:
        """Hear confirms and repeat until nothing is held; `patient` is called at each round."""
        client = paho.Client(CallbackAPIVersion.VERSION2)
        client.on_message = lambda _c, _u, m: self._receive(m.topic, bytes(m.payload))
        client.connect("127.0.0.1", self.port)
        client.subscribe("shishigaki/v1/goto/+/confirm", 1)
        client.loop_start()
        wait_for(partial(self._is_settled, patient), "all confirms", 120)
        client.disconnect()
        client.loop_stop()

    def _is_settled(self, patient: Callable[[], object]) -> bool:
        """Repeat, and give the gateway a second: what finds the broker's queue full is dropped there."""
        self.repeat()
        end = time.monotonic() + 1.0
        while self.held and time.monotonic() < end:
            patient()
            time.sleep(0.05)
        patient()
        return not self.held

    def _receive(self, topic: str, payload: bytes) -> None:
        self.devices[topic.split("/")[3]].confirmed(payload)

    def _due(self, firmware: Firmware) -> list[OutgoingPublish]:
        publishes = firmware.due(self.now)
        if self._forgets:
            firmware.flash.clear()
        if self.now % HOUR_S < STEP_S:
            publishes.append(firmware.telemetry(self.now, {}))
        return publishes

    def _send(self, publishes: list[OutgoingPublish]) -> int:
        if publishes:
            publisher = Publisher(self.port, f"valley-{next(self._run)}")
            publisher.send_all([(publish.topic, publish.payload) for publish in publishes])
            publisher.close()
        return len(publishes)


def names(size: int) -> list[str]:
    """The devices' names: traps at even places."""
    return [f"{'cam' if n % 2 else 'trap'}-{n:03}" for n in range(size)]


def registry(size: int) -> list[Device]:
    """The same as the gateway knows them."""
    roles = (Role.TRAP, Role.DETECTOR)
    return [Device(id=name, role=roles[n % 2]) for n, name in enumerate(names(size))]


def _plan(devices: list[str], began: float) -> Iterator[tuple[float, str, str]]:
    """(when, device, kind): each trap springs once and stays so, each camera sees a dozen animals."""
    luck = random.Random(7)
    yield from sorted(
        (began + luck.uniform(1, 71) * HOUR_S, name, kind)
        for name in devices
        for kind in (("trap.sprung",) if name.startswith("trap") else ("detection",) * 12)
    )

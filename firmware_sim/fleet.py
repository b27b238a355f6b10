"""Many devices against a broker, live: the same world as `history`, at 1x to 10,000x.

Owns one network thread for all connections, the scaled clock, and the hand that springs a trap.
Must not know how messages look.

One thread serves every native device's own connection, the LoRaWAN network server's and the mesh
uplink's: a selector over paho-mqtt's sockets, no thread a client.
"""

import selectors
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from queue import SimpleQueue
from types import TracebackType
from typing import Self

from firmware_sim.devices.connection import Connection
from firmware_sim.devices.device import OutgoingPublish
from firmware_sim.devices.radio import Native
from firmware_sim.devices.unit import SimulatedDevice, Stimulus
from firmware_sim.habitat.scenario import Scenario
from firmware_sim.world import World

AWAKE_S = 10.0  # wall time that a sleeping device waits for the gateway's confirm
TEND_S = 0.25
STEPS_AT_ONCE = 200
BrokerLogin = Callable[[str], tuple[str, str] | None]


class Fleet:
    """A world gone live. `run` blocks; or use it as a context manager, which runs a thread."""

    def __init__(
        self,
        world: World,
        host: str,
        port: int,
        *,
        speed: float = 1.0,
        login: BrokerLogin | None = None,
    ) -> None:
        if not speed > 0:
            raise ValueError(f"speed {speed}: more than 0, 1 = as in life")
        self.world, self.speed = world, speed
        self._address = (host, port)
        self._login: BrokerLogin = login or (lambda name: None)
        self._orders: SimpleQueue[tuple[str, str]] = SimpleQueue()
        self._bell: socket.socket | None = None  # rung to wake the network thread
        self._begun = (time.monotonic(), world.now)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    # ---- for everyone -----------------------------------------------------------------------

    def now(self) -> datetime:
        """Give the simulated time."""
        return datetime.fromtimestamp(self._now(), UTC)

    def traps(self) -> list[str]:
        """Name the traps that are armed, powered and in reach: `spring` will be heard."""
        return [name for name, unit in self.world.units.items() if unit.ready]

    def spring(self, trap: str) -> None:
        """Spring a trap now, from any thread. KeyError: no such trap."""
        self._order(trap, "spring")

    def reset(self, trap: str) -> None:
        """Set a sprung trap again now, from any thread. KeyError: no such trap."""
        self._order(trap, "reset")

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self.run, name="fleet", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop in good order and wait for the thread."""
        self._stop.set()
        self._ring()
        if self._thread is not None:
            self._thread.join(timeout=10)

    # ---- the network thread -----------------------------------------------------------------

    def run(self, stop: threading.Event | None = None) -> None:
        """Live until `stop` is set or `close` is called, then leave in good order."""
        stop = stop or self._stop
        bell, ear = socket.socketpair()
        with selectors.DefaultSelector() as selector, bell, ear:
            self._bell = bell
            selector.register(ear, selectors.EVENT_READ, None)
            carrier = Carrier(self.world, self._address, selector, self._login)
            self._begun = (time.monotonic(), self.world.now)
            while not (stop.is_set() or self._stop.is_set()):
                self._happen(carrier)
                carrier.tend(time.monotonic())
                for item, events in selector.select(self._pause()):
                    if item.data is None:
                        ear.recv(4096)
                    else:
                        item.data.serve(events)
                carrier.settle(time.monotonic())
            carrier.leave()

    def _happen(self, carrier: "Carrier") -> None:
        while not self._orders.empty():
            name, what = self._orders.get()
            unit = self.world.units[name]
            unit.act(Stimulus(self._now(), what, "hand" if what == "spring" else ""))
            carrier.serve(unit, time.monotonic())
        now = self._now()
        for _ in range(STEPS_AT_ONCE):
            if self.world.next_at > now:
                break
            carrier.serve(self.world.step(), time.monotonic())

    def _pause(self) -> float:
        until_next = (self.world.next_at - self._now()) / self.speed
        return min(TEND_S, max(0.0, until_next))

    def _now(self) -> float:
        mono, world = self._begun
        return world + (time.monotonic() - mono) * self.speed

    def _order(self, trap: str, what: str) -> None:
        unit = self.world.units.get(trap)
        if unit is None or unit.spec.role != "trap":
            raise KeyError(f"{trap}: no trap of the scenario {self.world.scenario.name}")
        self._orders.put((trap, what))
        self._ring()

    def _ring(self) -> None:
        bell = self._bell
        if bell is not None:
            with suppress(OSError):  # the thread has just ended and closed it
                bell.send(b"!")


class Carrier:
    """Brings what units say to the broker, each over its own line or its network's."""

    def __init__(
        self,
        world: World,
        address: tuple[str, int],
        selector: selectors.BaseSelector,
        login: BrokerLogin,
    ) -> None:
        self._world, self._address, self._selector, self._login = world, address, selector, login
        self._touched: list[SimulatedDevice] = []  # whose line came up or brought a confirm
        self._awake_until: dict[str, float] = {}
        self._greeted: dict[str, int] = {}  # boot number that the broker's retained birth tells of
        self._native = {n: self._own(u, r) for n, u in world.units.items() if (r := u.native)}
        radios = {u.spec.radio for u in world.units.values()} - {"native"}
        self._shared = {r: self._line(f"sim-{r}", login=login(r)) for r in sorted(radios)}
        self._tended = 0.0

    def serve(self, unit: SimulatedDevice, mono: float) -> None:
        """Connect, send or sleep, as the unit's state asks for."""
        radio = unit.native
        if radio is not None:
            self._serve_native(unit, radio, mono)
            return
        line = self._shared[unit.spec.radio]
        for publish in unit.radio.due(mono, unit.online):
            line.send(publish)

    def settle(self, mono: float) -> None:
        """Go on with the units whose lines spoke: outside paho's callbacks."""
        touched, self._touched = self._touched, []
        for unit in touched:
            self.serve(unit, mono)

    def tend(self, mono: float) -> None:
        """Several times a second: keep lines alive, retry, put the idle to sleep."""
        if mono - self._tended < TEND_S:
            return
        self._tended = mono
        for line in self._shared.values():
            line.open(mono)
            line.tend()
        for name, line in self._native.items():
            line.tend()
            self.serve(self._world.units[name], mono)

    def leave(self) -> None:
        """Close every line in good order."""
        for line in (*self._native.values(), *self._shared.values()):
            line.leave()
            line.flush()

    def _line(
        self,
        client_id: str,
        *,
        login: tuple[str, str] | None,
        will: OutgoingPublish | None = None,
        subscribe: str = "",
        clean: bool = True,
    ) -> Connection:
        return Connection(
            client_id,
            self._address,
            self._selector,
            will=will,
            subscribe=subscribe,
            clean=clean,
            login=login,
        )

    def _serve_native(self, unit: SimulatedDevice, radio: Native, mono: float) -> None:
        line, firmware, name = self._native[unit.spec.id], radio.firmware, unit.spec.id
        if not unit.online:
            self._vanish(name, radio)
            return
        rebooted = self._greeted.get(name) != firmware.boot
        wants = rebooted or bool(radio.ram) or firmware.next_try <= mono
        if line.state == "closed" and (wants or not unit.spec.sleeps):
            self._awake_until[name] = mono + AWAKE_S
            line.open(mono)
        if line.state == "up":
            self._speak(unit, radio, rebooted, mono)

    def _speak(self, unit: SimulatedDevice, radio: Native, rebooted: bool, mono: float) -> None:
        line, firmware, name = self._native[unit.spec.id], radio.firmware, unit.spec.id
        if rebooted:
            self._greeted[name] = firmware.boot
            for publish in firmware.birth():
                line.send(publish)
        for publish in radio.due(mono, reachable=True):
            line.send(publish)
        confirmed = not firmware.flash or mono > self._awake_until[name]
        if unit.spec.sleeps and confirmed and line.idle:
            line.leave()

    def _vanish(self, name: str, radio: Native) -> None:
        line = self._native[name]
        if line.state != "closed":
            line.cut()
            self._greeted.pop(name, None)
        radio.ram.clear()

    def _own(self, unit: SimulatedDevice, radio: Native) -> Connection:
        firmware, name = radio.firmware, unit.spec.id
        line = self._line(
            f"{firmware.site}-{firmware.name}",
            will=firmware.status("offline"),
            subscribe=firmware.confirm_topic,
            clean=not unit.spec.sleeps,
            login=self._login(firmware.name),
        )

        def up() -> None:
            firmware.reconnected()
            if not unit.spec.sleeps:
                self._greeted.pop(name, None)
            self._touched.append(unit)

        def confirmed(payload: bytes) -> None:
            firmware.confirmed(payload)
            self._touched.append(unit)

        line.on_up, line.on_message = up, confirmed
        return line


def run(
    scenario: Scenario,
    host: str,
    port: int,
    *,
    start: datetime,
    speed: float,
    stop: threading.Event,
    login: BrokerLogin | None = None,
) -> None:
    """Live a fresh world of `scenario` against a broker until `stop` is set."""
    Fleet(World(scenario, start), host, port, speed=speed, login=login).run(stop)

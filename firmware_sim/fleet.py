"""Simulated devices connected to a broker, at 0.01 to 10,000 times real time.

Owns one network thread for all connections, the scaled clock, and commands such as "spring this trap".
Must not know the content of messages. The world is the same as in `world.history`.

One thread serves the connections of all native devices, of the LoRaWAN network server and of the mesh
uplink, with a selector over paho-mqtt's sockets instead of one thread per client.
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

CONFIRM_WAIT_S = 10.0  # real time that a sleeping device waits for the gateway's confirm
POLL_S = 0.25
MAX_STEPS = 200
BrokerLogin = Callable[[str], tuple[str, str] | None]


class Fleet:
    """A world connected to a broker. `run` blocks; as a context manager it runs in a thread."""

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
            raise ValueError(f"speed {speed}: must be above 0; 1 = real time")
        self.world, self.speed = world, speed
        self._address = (host, port)
        self._login: BrokerLogin = login or (lambda name: None)
        self._orders: SimpleQueue[tuple[str, str]] = SimpleQueue()
        self._wake_socket: socket.socket | None = None  # a byte on it wakes the network thread
        self._begun = (time.monotonic(), world.now)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    # ---- from any thread --------------------------------------------------------------------

    def now(self) -> datetime:
        """The simulated time."""
        return datetime.fromtimestamp(self._now(), UTC)

    def traps(self) -> list[str]:
        """The traps that are armed, powered and online, so that `spring` sends a message."""
        return [name for name, unit in self.world.units.items() if unit.ready]

    def spring(self, trap: str) -> None:
        """Spring a trap now. Raises KeyError for an unknown trap."""
        self._order(trap, "spring")

    def reset(self, trap: str) -> None:
        """Set a sprung trap again now. Raises KeyError for an unknown trap."""
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
        """Disconnect all devices and wait for the thread."""
        self._stop.set()
        self._wake()
        if self._thread is not None:
            self._thread.join(timeout=10)

    # ---- the network thread -----------------------------------------------------------------

    def run(self, stop: threading.Event | None = None) -> None:
        """Run until `stop` is set or `close` is called, then disconnect all devices."""
        stop = stop or self._stop
        waker, woken = socket.socketpair()
        with selectors.DefaultSelector() as selector, waker, woken:
            self._wake_socket = waker
            selector.register(woken, selectors.EVENT_READ, None)
            pool = ConnectionPool(self.world, self._address, selector, self._login)
            self._begun = (time.monotonic(), self.world.now)
            while not (stop.is_set() or self._stop.is_set()):
                self._advance(pool)
                pool.tend(time.monotonic())
                for item, events in selector.select(self._pause()):
                    if item.data is None:
                        woken.recv(4096)
                    else:
                        item.data.serve(events)
                pool.serve_touched(time.monotonic())
            pool.leave()

    def _advance(self, pool: "ConnectionPool") -> None:
        """Carry out commands, then let the world's events happen up to the simulated time."""
        while not self._orders.empty():
            name, what = self._orders.get()
            unit = self.world.units[name]
            unit.act(Stimulus(self._now(), what, "hand" if what == "spring" else ""))
            pool.serve(unit, time.monotonic())
        now = self._now()
        for _ in range(MAX_STEPS):
            if self.world.next_at > now:
                break
            pool.serve(self.world.step(), time.monotonic())

    def _pause(self) -> float:
        until_next = (self.world.next_at - self._now()) / self.speed
        return min(POLL_S, max(0.0, until_next))

    def _now(self) -> float:
        mono, world = self._begun
        return world + (time.monotonic() - mono) * self.speed

    def _order(self, trap: str, what: str) -> None:
        unit = self.world.units.get(trap)
        if unit is None or unit.spec.role != "trap":
            raise KeyError(f"{trap}: no trap of the scenario {self.world.scenario.name}")
        self._orders.put((trap, what))
        self._wake()

    def _wake(self) -> None:
        waker = self._wake_socket
        if waker is not None:
            with suppress(OSError):  # the thread has just ended and closed it
                waker.send(b"!")


class ConnectionPool:
    """The MQTT connections: one per native device, one per other network."""

    def __init__(
        self,
        world: World,
        address: tuple[str, int],
        selector: selectors.BaseSelector,
        login: BrokerLogin,
    ) -> None:
        self._world, self._address, self._selector, self._login = world, address, selector, login
        self._touched: list[SimulatedDevice] = []  # just connected, or received a confirm
        self._awake_until: dict[str, float] = {}
        self._announced: dict[str, int] = {}  # boot number of the birth retained by the broker
        self._native = {n: self._own(u, r) for n, u in world.units.items() if (r := u.native)}
        radios = {u.spec.radio for u in world.units.values()} - {"native"}
        self._shared = {r: self._line(f"sim-{r}", login=login(r)) for r in sorted(radios)}
        self._tended = 0.0

    def serve(self, unit: SimulatedDevice, mono: float) -> None:
        """Connect, send or disconnect, depending on the device's state."""
        radio = unit.native
        if radio is not None:
            self._serve_native(unit, radio, mono)
            return
        line = self._shared[unit.spec.radio]
        for publish in unit.radio.due(mono, unit.online):
            line.send(publish)

    def serve_touched(self, mono: float) -> None:
        """Serve devices that connected or received a confirm: not inside paho's callbacks."""
        touched, self._touched = self._touched, []
        for unit in touched:
            self.serve(unit, mono)

    def tend(self, mono: float) -> None:
        """Several times a second: keep connections alive, retry, disconnect sleeping devices."""
        if mono - self._tended < POLL_S:
            return
        self._tended = mono
        for line in self._shared.values():
            line.open(mono)
            line.tend()
        for name, line in self._native.items():
            line.tend()
            self.serve(self._world.units[name], mono)

    def leave(self) -> None:
        """Close every connection with a DISCONNECT."""
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
        rebooted = self._announced.get(name) != firmware.boot
        wants = rebooted or bool(radio.ram) or firmware.next_try <= mono
        if line.state == "closed" and (wants or not unit.spec.sleeps):
            self._awake_until[name] = mono + CONFIRM_WAIT_S
            line.open(mono)
        if line.state == "up":
            self._speak(unit, radio, rebooted, mono)

    def _speak(self, unit: SimulatedDevice, radio: Native, rebooted: bool, mono: float) -> None:
        line, firmware, name = self._native[unit.spec.id], radio.firmware, unit.spec.id
        if rebooted:
            self._announced[name] = firmware.boot
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
            self._announced.pop(name, None)
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
                self._announced.pop(name, None)
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
    """Run a new world of `scenario` against a broker until `stop` is set."""
    Fleet(World(scenario, start), host, port, speed=speed, login=login).run(stop)

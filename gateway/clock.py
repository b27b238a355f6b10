"""The clock as a value that is passed in: of the service, of a test, or the faster one of the demo.

Owns reading the machine's clocks, and the Timekeeper: a clock that never goes back and knows whether it can
be trusted. Must not correct stored times (`store.clocks.redate`).
"""

import ctypes
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec import Struct

from gateway.domain.timing import CLOCK_TOLERANCE, FIRST_RELEASE, OLDEST, Trust, trust

Clock = Callable[[], datetime]
"""Gives the present time, aware and in UTC."""

_TIMESYNC = Path("/run/systemd/timesync/synchronized")
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_UNSYNCHRONISED = 5  # adjtimex(2): TIME_ERROR


def utc_now() -> datetime:
    """The machine's clock, whatever it shows."""
    return datetime.now(UTC)


class Machine(Struct, frozen=True):
    """The clocks of a machine; tests pass their own."""

    wall: Clock = utc_now
    boot_s: Callable[[], float] = lambda: time.clock_gettime(time.CLOCK_BOOTTIME)
    synchronised: Callable[[], bool] = lambda: is_synchronised()
    keeps_time: bool = True
    boot_id: str = ""


def this_machine() -> Machine:
    """The machine that this program runs on."""
    boot_id = _BOOT_ID.read_text().strip() if _BOOT_ID.exists() else ""
    return Machine(keeps_time=keeps_time(), boot_id=boot_id)


def is_synchronised() -> bool:
    """Whether NTP (systemd-timesyncd, chrony, ntpd: adjtimex(2)) has set the clock since the boot."""
    if _TIMESYNC.exists():
        return True
    libc, buffer = ctypes.CDLL(None), ctypes.create_string_buffer(512)
    answer: int = libc.adjtimex(buffer) if hasattr(libc, "adjtimex") else _UNSYNCHRONISED
    return 0 <= answer < _UNSYNCHRONISED


def keeps_time(root: Path = Path("/")) -> bool:
    """Whether the clock runs while the power is off: a real-time clock, or no single-board computer."""
    is_board = (root / "proc/device-tree/model").exists()
    return not is_board or any((root / "sys/class/rtc").glob("rtc*"))


class UntrustedPeriod(Struct, frozen=True):
    """A period without a trusted clock; its times follow the clock that runs since the boot."""

    base: datetime  # the time given at `boot_s`
    boot_s: float
    boot_id: str = ""
    event_no: int = 0  # the newest rows before it
    alert_no: int = 0
    quarantine_no: int = 0

    def at(self, boot_s: float) -> datetime:
        """The time given then."""
        return self.base + timedelta(seconds=boot_s - self.boot_s)


class Timekeeper:
    """Gives the time to the whole gateway; callable as a Clock, from any thread.

    Never goes back: a device's state is decided by what is newer, so a step back would make a trap
    that springs now older than its last setting. While the machine's clock is not trusted, the time
    continues from the newest known one, by the clock that runs since the boot.
    """

    def __init__(
        self,
        machine: Machine,
        floor: datetime = FIRST_RELEASE,
        period: UntrustedPeriod | None = None,
    ) -> None:
        self._machine = machine
        self._lock = threading.Lock()
        self._last = max(floor, FIRST_RELEASE)
        self._last_boot_s = machine.boot_s()
        self._offset_s = 0.0
        self._slow_from: UntrustedPeriod | None = None
        self._shift: tuple[datetime, timedelta] | None = None
        self.untrusted: UntrustedPeriod | None = (
            period if period and period.boot_id == machine.boot_id else None
        )
        if self.untrusted is None:
            self._judge()

    @property
    def trusted(self) -> bool:
        """Whether the time given now is the true one."""
        return self.untrusted is None and self._slow_from is None

    def __call__(self) -> datetime:
        """The time now; never before any time given earlier."""
        with self._lock:
            if self.untrusted is None and self._stepped():
                self._judge()
            self._last = max(self._last, self._candidate())
            self._last_boot_s = self._machine.boot_s()
            return self._last

    def wall(self) -> datetime:
        """What the machine's clock shows."""
        return self._machine.wall()

    def verdict(self) -> Trust:
        """Whether the machine's clock can be trusted now."""
        machine, floor = self._machine, self.untrusted.base if self.untrusted else self._last
        return trust(
            machine.wall(),
            floor,
            synchronised=machine.synchronised(),
            keeps_time=machine.keeps_time,
        )

    def error(self) -> timedelta:
        """By how much the times of this untrusted period differ from the machine's clock."""
        machine = self._machine
        return machine.wall() - (
            self.untrusted.at(machine.boot_s()) if self.untrusted else self._last
        )

    def end_untrusted(self, error: timedelta) -> None:
        """Use the machine's clock from now on; the caller moves what is stored by `error`."""
        with self._lock:
            self._shift = (self._last, error)
            self.untrusted, self._last = None, self._last + error
            self._judge()

    def true_time(self, received_at: datetime) -> datetime:
        """The true time of a message that was received in an untrusted period and is read after it."""
        if self._shift and received_at <= self._shift[0]:
            return received_at + self._shift[1]
        return received_at

    def _stepped(self) -> bool:
        """Whether somebody has set the machine's clock since the last call."""
        machine = self._machine
        offset_s = machine.wall().timestamp() - machine.boot_s()
        stepped = abs(offset_s - self._offset_s) > CLOCK_TOLERANCE.total_seconds()
        self._offset_s = offset_s
        return stepped

    def _judge(self) -> None:
        machine = self._machine
        verdict = self.verdict()
        self._offset_s = machine.wall().timestamp() - machine.boot_s()
        self._slow_from = None
        boot_s, wall = machine.boot_s(), machine.wall()
        counted = self._last + timedelta(seconds=boot_s - self._last_boot_s)
        base = max(counted, wall) if wall - counted <= OLDEST else counted
        start = UntrustedPeriod(base, boot_s, machine.boot_id)
        if verdict is Trust.SLOW:
            self._slow_from = start
        elif verdict is not Trust.FULL:
            self.untrusted = start

    def _candidate(self) -> datetime:
        boot_s, wall = self._machine.boot_s(), self._machine.wall()
        if self.untrusted:
            return self.untrusted.at(boot_s)
        if start := self._slow_from:
            slow = start.base + timedelta(seconds=(boot_s - start.boot_s) / 2)
            if slow > wall:
                return slow
            self._slow_from = None
        return wall

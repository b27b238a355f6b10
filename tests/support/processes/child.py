"""A process that a test starts and ends; the kernel ends it if the test run dies.

Owns its start, its end and its log. Must not know what it serves.
"""

import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from gateway.mqtt.embedded_broker import tied_to_parent
from tests.support.pace import slowness

PATIENCE_S = 60.0


class Child:
    """At most one process at a time, whose output goes to `log`."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        """All output since the first start."""
        return self._log.read_text(errors="replace")

    @property
    def pid(self) -> int:
        """Of the running process."""
        assert self._process, "nothing was started"
        return self._process.pid

    def start(self, command: Sequence[str], **environment: str) -> None:
        """Start it; does not wait for anything."""
        assert self.has_ended(), f"{self.pid} still runs"
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                tied_to_parent([*command]),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=os.environ | environment,
            )

    def has_ended(self) -> bool:
        """Whether it ended by itself."""
        return self._process is None or self._process.poll() is not None

    def send(self, number: signal.Signals) -> None:
        """A signal, if it still runs."""
        if self._process and self._process.poll() is None:
            self._process.send_signal(number)

    def end(self, number: signal.Signals = signal.SIGKILL) -> int:
        """Send a signal and wait; returns the exit code. Raises AssertionError when it had to be killed."""
        process = self._process
        if process is None:
            return 0
        self.send(signal.SIGCONT)
        self.send(number)
        self._process = None
        try:
            return process.wait(timeout=PATIENCE_S * slowness())
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(
                f"{process.args!r} did not end in {PATIENCE_S:g} s after {number.name}"
            ) from None

"""Real servers for the tests: each on a free loopback port, in a private directory.

Owns starting, killing and restarting mosquitto, amqtt and influxd. A server is ready when it
answers, not after some seconds.
"""

import contextlib
import os
import secrets
import shutil
import signal
import socket
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from gateway.mqtt.embedded_broker import amqtt_command, find_mosquitto, mosquitto_command
from tests.support.pace import Deadline
from tests.support.processes.child import Child

READY_S = 20.0
APT = "sudo apt-get install --no-install-recommends"


def need(program: str | None, package: str) -> str:
    """`program`'s path; where it is absent skip the test, or fail it under CI=true."""
    if program:
        return program
    text = f"{package} is not installed: {APT} {package}"
    if os.environ.get("CI") == "true":
        pytest.fail(text)
    pytest.skip(text)


def free_port() -> int:
    """A loopback port that is unused now.

    Below the range that the kernel gives to clients, so that no client takes it while a server restarts.
    """
    while True:
        port = 11_000 + secrets.randbelow(21_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def wait_for(condition: Callable[[], object], what: str, deadline_s: float = READY_S) -> None:
    """Return when `condition` holds; AssertionError naming `what` when the deadline passes.

    `deadline_s`: on a quiet machine; a busy one gets longer.
    """
    deadline = Deadline(deadline_s)
    while not condition():
        assert not deadline.has_passed(), f"waited {deadline} in vain for {what}"
        time.sleep(0.01)


def listens(port: int) -> bool:
    """Whether somebody listens there, on loopback."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def speaks_mqtt(port: int) -> bool:
    """Whether a broker answers a CONNECT: only then mosquitto has its signals, and SIGHUP does not end it."""
    connect = b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c\x00\x00"
    with (
        contextlib.suppress(OSError),
        socket.create_connection(("127.0.0.1", port), timeout=1) as link,
    ):
        link.sendall(connect)
        return link.recv(4)[:1] == b"\x20"
    return False


class Server:
    """A process that listens on `port`; a context manager. Restarts keep the port and directory."""

    name = "server"

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.port = free_port()
        self._child = Child(directory / "log")
        directory.mkdir(parents=True, exist_ok=True)

    def command(self) -> list[str]:
        """What to run; writes the configuration for the present port."""
        raise NotImplementedError

    def answers(self) -> bool:
        """Whether it serves."""
        return listens(self.port)

    @property
    def log(self) -> str:
        """All its output since the first start."""
        return self._child.log

    def start(self) -> Self:
        """Start and wait until it answers; a port that another program took meanwhile is replaced."""
        for _ in range(3):
            if self._try_start():
                return self
            self.port = free_port()
        raise AssertionError(f"{self.name} does not start: {self.log}")

    def restart(self) -> None:
        """Start again on the same port, where clients look for it."""
        assert self._try_start(), f"{self.name} does not start again: {self.log}"

    def stop(self) -> None:
        """End it cleanly."""
        self._child.end(signal.SIGTERM)

    def kill(self) -> None:
        """kill -9: it cannot save anything."""
        self._child.end(signal.SIGKILL)

    def freeze(self, *, frozen: bool = True) -> None:
        """Suspend it with its connections open, or resume it."""
        self._child.send(signal.SIGSTOP if frozen else signal.SIGCONT)

    def _try_start(self) -> bool:
        child = self._child
        child.start(self.command())
        wait_for(lambda: child.has_ended() or self.answers(), f"{self.name} to answer")
        return not child.has_ended()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()


class Mosquitto(Server):
    """The real broker. `extra` lines follow its configuration (listeners, passwords, limits)."""

    name = "mosquitto"

    def __init__(
        self,
        directory: Path,
        *,
        persistence: bool = False,
        anonymous: bool = True,
        extra: str = "",
    ) -> None:
        super().__init__(directory)
        self.persistence = persistence
        self.anonymous = anonymous
        self.extra = extra

    def command(self) -> list[str]:
        program = need(find_mosquitto(), "mosquitto")
        return mosquitto_command(
            program,
            self.directory,
            self.port,
            persistence=self.persistence,
            anonymous=self.anonymous,
            extra=self.extra,
        )


class Amqtt(Server):
    """The pure Python broker of the demo, MQTT 3.1.1 only; it forgets everything when it ends."""

    name = "amqtt"

    def command(self) -> list[str]:
        return amqtt_command(self.port)


INFLUX_CONF = """\
reporting-disabled = true
bind-address = "127.0.0.1:0"
[meta]
  dir = "{directory}/meta"
[data]
  dir = "{directory}/data"
  wal-dir = "{directory}/wal"
  query-log-enabled = false
[monitor]
  store-enabled = false
[http]
  bind-address = "127.0.0.1:{port}"
  log-enabled = false
  max-body-size = {max_body_size}
{http}
[logging]
  level = "warn"
"""


class Influxd(Server):
    """InfluxDB 1.x as Debian packages it."""

    name = "influxd"

    def __init__(
        self,
        directory: Path,
        *,
        max_body_size: int = 25_000_000,
        http: str = "",
        scheme: str = "http",
    ) -> None:
        super().__init__(directory)
        self.max_body_size, self.http, self.scheme = max_body_size, http, scheme

    @property
    def url(self) -> str:
        """Its HTTP address."""
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        program = need(shutil.which("influxd"), "influxdb")
        conf = self.directory / "influxdb.conf"
        conf.write_text(
            INFLUX_CONF.format(
                directory=self.directory.resolve(),
                port=self.port,
                max_body_size=self.max_body_size,
                http=self.http,
            )
        )
        return [program, "-config", str(conf)]

    def answers(self) -> bool:
        try:
            anybody = ssl._create_unverified_context()  # whether it answers, not who it is
            with urllib.request.urlopen(f"{self.url}/ping", timeout=2, context=anybody) as reply:
                return bool(reply.status == 204)
        except (urllib.error.URLError, OSError):
            return False

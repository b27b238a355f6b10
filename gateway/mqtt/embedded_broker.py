"""The embedded broker of the demo: its own mosquitto, else amqtt, on this machine only.

Owns the broker's process: its configuration, start and end. Must not be used in the field: there a
system broker with passwords and TLS runs independently of the gateway (see deploy/).
"""

import asyncio
import logging
import shutil
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Literal

from msgspec import Struct

from gateway.domain.errors import BadConfigurationError

READY_S = 15.0
STOP_S = 5.0

MOSQUITTO_CONF = """\
listener {port} 127.0.0.1
allow_anonymous {anonymous}
user root
persistence {persistence}
persistence_location {directory}/
autosave_interval 60
max_queued_messages 1000000
max_queued_bytes 0
set_tcp_nodelay true
log_dest stderr
log_type error
log_type warning
"""


class BrokerError(BadConfigurationError):
    """The embedded broker does not start; the text says why."""


class Broker(Struct, frozen=True):
    """A running embedded broker."""

    name: str  # "mosquitto" or "amqtt"
    port: int
    pid: int

    @property
    def protocol(self) -> Literal["auto", "3.1.1"]:
        """The value for mqtt.protocol: amqtt does not answer MQTT 5, and waiting for it takes time."""
        return "3.1.1" if self.name == "amqtt" else "auto"


def find_mosquitto() -> str | None:
    """The path of mosquitto; Debian installs it outside an ordinary user's PATH."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")


def tied_to_parent(command: list[str]) -> list[str]:
    """`command`, such that the kernel ends it when this process dies (Linux)."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM", *command] if setpriv else command


def mosquitto_command(
    mosquitto: str,
    directory: Path,
    port: int,
    *,
    persistence: bool = True,
    anonymous: bool = True,
    extra: str = "",
) -> list[str]:
    """Write the configuration into `directory` and return the command that starts mosquitto."""
    directory.mkdir(parents=True, exist_ok=True)
    conf = directory / "mosquitto.conf"
    text = MOSQUITTO_CONF.format(
        port=port,
        directory=directory.resolve(),
        persistence=str(persistence).lower(),
        anonymous=str(anonymous).lower(),
    )
    conf.write_text(text + extra, encoding="utf-8")
    return tied_to_parent([mosquitto, "-c", str(conf)])


def amqtt_command(port: int) -> list[str]:
    """The command that starts the pure Python broker; MQTT 3.1.1, without persistence."""
    return tied_to_parent([sys.executable, "-m", "gateway.mqtt.embedded_broker", str(port)])


@asynccontextmanager
async def embedded(directory: Path, port: int) -> AsyncIterator[Broker]:
    """A broker on 127.0.0.1:`port`, data and log in `directory`. Raises BrokerError if it cannot start."""
    if not is_free(port):
        raise BrokerError(f"port {port} is taken by another program")
    mosquitto = find_mosquitto()
    log = _prepare(directory)
    command = mosquitto_command(mosquitto, directory, port) if mosquitto else amqtt_command(port)
    with log.open("wb") as stderr:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=stderr,
            stderr=stderr,
            start_new_session=True,  # Ctrl-C must not reach it: the broker ends after the gateway
        )
    try:
        await _ready(process, port, log)
        yield Broker("mosquitto" if mosquitto else "amqtt", port, process.pid)
    finally:
        await _stop(process)


def _prepare(directory: Path) -> Path:
    """Make the private directory; returns the broker's log file in it."""
    directory.mkdir(parents=True, exist_ok=True)
    return directory / "broker.log"


def _log_tail(log: Path) -> str:
    return log.read_text(errors="replace").strip()[-1_000:]


def is_free(port: int) -> bool:
    """Whether a server could listen on 127.0.0.1:`port` now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


async def _ready(process: asyncio.subprocess.Process, port: int, log: Path) -> None:
    """Wait until the port answers. Raises BrokerError if the process ends or the time is up."""
    try:
        async with asyncio.timeout(READY_S):
            while process.returncode is None:
                if await _answers(port):
                    return
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise BrokerError(f"the broker does not answer on port {port} in {READY_S} s") from None
    raise BrokerError(f"the broker ended at once: {_log_tail(log)}")


async def _answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return True


async def _stop(process: asyncio.subprocess.Process) -> None:
    """Terminate the broker, so that it saves its data; kill it after STOP_S."""
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), STOP_S)
    except TimeoutError:
        process.kill()
        await process.wait()


async def _run_amqtt(port: int) -> None:
    """Serve until SIGTERM or SIGINT."""
    from amqtt.broker import Broker as Amqtt  # slow to import, and needed here only

    broker = Amqtt(
        {
            "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}},
            "plugins": {
                "amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}
            },
        }
    )
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await broker.start()
    await stop.wait()
    await broker.shutdown()


if __name__ == "__main__":
    logging.basicConfig(level=logging.ERROR)
    asyncio.run(_run_amqtt(int(sys.argv[1])))

"""The real gateway as a process beside a real broker, for tests that kill, cut and watch it."""

import os
import signal
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from gateway.domain.model import Device
from gateway.store import Store
from gateway.store.reader import Reader
from tests.support.processes.child import Child
from tests.support.samples import TOKYO
from tests.support.servers import free_port, wait_for

UNWATCHED_VISITS = {"SHISHIGAKI_RULES__VISIT_DUE_HOUR": "-1"}
"""The gateway of a test has the clock of the wall: in the afternoon it would alert about missing visits."""


class Service:
    """`shishigaki run` on a private folder, listening to `broker_port`.

    `disk`: where the database lies instead; `program`: a module that ends as the command would.
    """

    def __init__(
        self,
        folder: Path,
        broker_port: int,
        *devices: Device,
        max_batch: int = 1_500,
        mqtt: str = "",
        routine_wait_s: float = 0.2,
        extra: str = "",
        disk: Path | None = None,
        reserve_mb: int = 0,
        program: tuple[str, ...] = ("gateway.cli",),
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.database = (disk or folder) / "gateway.db"
        self._program = program
        self.port = free_port()
        self.config = folder / "shishigaki.toml"
        self._child = Child(folder / "gateway.log")
        self.config.write_text(
            f"""
            [site]
            name = "goto"
            [mqtt]
            port = {broker_port}
            {mqtt}
            [store]
            path = "{self.database}"
            disk_reserve_mb = {reserve_mb}
            max_batch = {max_batch}
            routine_wait_s = {routine_wait_s}
            [dashboard]
            port = {self.port}
            {extra}
            """
        )
        store = Store(self.database, TOKYO)
        store.write_now(lambda tx: tx.put_devices(devices))
        store.close()

    @property
    def log(self) -> str:
        """Its log."""
        return self._child.log

    @property
    def pid(self) -> int:
        """Of the running process."""
        return self._child.pid

    def rss_mb(self) -> float:
        """Its resident memory."""
        text = Path(f"/proc/{self.pid}/status").read_text()
        line = next(line for line in text.splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) / 1_000

    @property
    def url(self) -> str:
        """Its pages."""
        return f"http://127.0.0.1:{self.port}"

    def start(self, *prefix: str, **environment: str) -> Self:
        """Start the process, under `prefix` (strace ...); does not wait."""
        run = (sys.executable, "-m", *self._program, "run", "-c", str(self.config))
        self._child.start([*prefix, *run], **UNWATCHED_VISITS | environment)
        return self

    def kill(self) -> None:
        """kill -9."""
        self._child.end(signal.SIGKILL)

    def stop(self) -> int:
        """SIGTERM; gives the exit code."""
        return self._child.end(signal.SIGTERM)

    def reader(self) -> Reader:
        """A reader of its database."""
        return Reader(self.database)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()


class Sensor:
    """A native device's MQTT client, as the broker sees one."""

    def __init__(self, port: int, name: str = "sensor") -> None:
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id=f"{name}-{os.getpid()}")
        self._client.max_inflight_messages_set(200)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def send(self, topic: str, body: object, *, retain: bool = False) -> paho.MQTTMessageInfo:
        """Publish JSON with QoS 1."""
        return self._client.publish(topic, msgspec.json.encode(body), qos=1, retain=retain)

    def flush(self, info: paho.MQTTMessageInfo) -> None:
        """Wait until the broker has received it and everything before."""
        wait_for(info.is_published, "the broker to take the messages")

    def close(self) -> None:
        """Disconnect cleanly."""
        self._client.disconnect()
        self._client.loop_stop()


def native(device: str, kind: str, seq: int, **facts: object) -> tuple[str, dict[str, object]]:
    """Topic and body of a native event with an id of its own."""
    leaf = "telemetry" if kind == "heartbeat" else "event"
    body: dict[str, object] = {"v": 1, "id": f"{device}-{seq}", "boot": 1, "seq": seq, "kind": kind}
    return f"wildlife/v1/goto/{device}/{leaf}", body | facts


def retained_message(port: int, topic: str) -> bytes | None:
    """The payload that a broker retains under a topic, or None."""
    found: list[bytes] = []
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.on_message = lambda _c, _u, message: found.append(bytes(message.payload))
    client.connect("127.0.0.1", port)
    client.subscribe(topic)
    for _ in range(20):
        client.loop(0.05)
        if found:
            break
    client.disconnect()
    return found[0] if found else None

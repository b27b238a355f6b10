"""A running gateway with devices of many makes, and what is said, recorded and seen there.

Owns sending, recording and looking. Must not know what a story expects.
"""

import json
import subprocess
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from gateway.alerts.policy import Policy
from gateway.clock import utc_now
from gateway.domain.model import ActionKind, Device, TrapAction, TrapState
from gateway.domain.trap_lifecycle import last_known
from gateway.ingest.people import actions
from gateway.store import Store
from tests.faults.witness import events, ready
from tests.support.pace import slowness
from tests.support.samples import TOKYO
from tests.support.servers import wait_for
from tests.support.service import Service, retained_message

DIALECTS = ("native", "esphome", "zigbee2mqtt", "tasmota", "meshtastic", "chirpstack", "tts")
SETTINGS = (
    "".join(f'[[sources]]\ndialect = "{name}"\n' for name in DIALECTS)
    + '[[people]]\nname = "office"\nduty = "office"\nchannels = ["console:"]\n[alerts]\ntick_s = 1\n'
)
MARKER = "marker"
DEADLINE_S = 60.0

Said = tuple[str, Any]  # topic, payload


class Field:
    """The gateway, whoever publishes for the equipment, and a person."""

    def __init__(self, folder: Path, port: int, protocol: str, *devices: Device) -> None:
        mqtt = f'protocol = "{protocol}"'
        self.service = Service(folder, port, *devices, mqtt=mqtt, extra=SETTINGS)
        self._port = port
        self._client = paho.Client(CallbackAPIVersion.VERSION2)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        self.service.start()
        ready(self.service, port)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        self.service.kill()

    def publish(self, *told: Said, retain: bool = False) -> None:
        """Publish, and return when the gateway has judged it."""
        mark = f"{time.time_ns()}"
        last = (f"wildlife/v1/goto/{MARKER}/telemetry", {"v": 1, "id": mark, "kind": "heartbeat"})
        for topic, payload in (*told, last):
            body = payload if isinstance(payload, str) else json.dumps(payload)
            info = self._client.publish(topic, body, 1, retain=retain and topic != last[0])
            info.wait_for_publish(DEADLINE_S * slowness())
        wait_for(lambda: any(e.id == mark for e in events(self.service)), "the marker", DEADLINE_S)

    def record(self, device: str, *deeds: ActionKind) -> None:
        """A person records what was done, now."""
        store = Store(self.service.database, TOKYO)
        for deed in deeds:
            at = utc_now()
            act = TrapAction(
                id=f"{time.time_ns()}", device=device, deed=deed, at=at, by="a", recorded_at=at
            )
            store.write_now(lambda tx, act=act: actions.record(tx, act, Policy(), act.at))  # type: ignore[misc]
        store.close()

    def approve(self, device: str) -> None:
        """By the command, beside the running gateway."""
        command = ("devices", "approve", device, "--role", "trap", "-c", str(self.service.config))
        subprocess.run(
            [sys.executable, "-m", "gateway.cli", *command],
            check=True,
            timeout=DEADLINE_S * slowness(),
        )

    def restart(self) -> None:
        """In good order; returns when everything is judged that the broker had kept."""
        self.service.stop()
        self.service.start()
        ready(self.service, self._port)
        self.publish()

    def kinds(self, device: str) -> list[str]:
        return [str(event.kind) for event in events(self.service) if event.device == device]

    def rules(self, device: str) -> list[str]:
        """Its open alerts."""
        reader = self.service.reader()
        found = sorted(alert.rule for alert in reader.open_alerts() if alert.subject == device)
        reader.close()
        return found

    def alerts(self, device: str = "") -> int:
        """All that ever were."""
        reader = self.service.reader()
        found = [a for a in reader.latest_alerts(10_000) if device in ("", a.subject)]
        reader.close()
        return len(found)

    def state(self, device: str) -> TrapState | None:
        reader = self.service.reader()
        state = reader.states().get(device)
        reader.close()
        return last_known(state).state if state else None

    def topic(self, device: str) -> str:
        """The state that the retained topic tells."""
        found = retained_message(self._port, f"shishigaki/v1/goto/{device}/state")
        return str(json.loads(found)["state"]) if found else ""

    def await_rules(self, device: str, *rules: str) -> None:
        wait_for(lambda: self.rules(device) == sorted(rules), f"{rules} of {device}", DEADLINE_S)


def ahead(seconds: float = 0) -> datetime:
    """What a clock so far ahead shows."""
    return utc_now() + timedelta(seconds=seconds)


def native(device: str, kind: str, seq: int, error_s: float | None = None, **facts: Any) -> Said:
    """A native report, by a clock so wrong (None: without a time)."""
    body: dict[str, Any] = {"v": 1, "id": f"{device}-{seq}", "boot": 1, "seq": seq, "kind": kind}
    if error_s is not None:
        body |= {"ts": ahead(error_s).isoformat(timespec="milliseconds"), "ts_src": "rtc"}
    leaf = "telemetry" if kind == "heartbeat" else "event"
    return f"wildlife/v1/goto/{device}/{leaf}", body | facts


def chirpstack(eui: str, values: Any, count: int, copy: str = "", **more: Any) -> Said:
    """An uplink; `copy`: told by another gateway, outside the time in which copies are merged."""
    body = {
        "deduplicationId": f"{eui}-{count}-{copy}",
        "deviceInfo": {"devEui": eui},
        "devAddr": "01fe0077",
        "fCnt": count,
        "fPort": 85,
        "data": f"AX{count:02d}",
        "object": values,
        "time": ahead().isoformat(),
    }
    return f"application/1/device/{eui}/event/up", body | more


def tts(eui: str, values: Any, count: int, **more: Any) -> Said:
    found = {"f_cnt": count, "f_port": 85, "frm_payload": f"A{count}", "decoded_payload": values}
    body = {"end_device_ids": {"dev_eui": eui}, "uplink_message": found}
    return f"v3/goto@ttn/devices/{eui}/up", body | more


def meshtastic(node: int, number: int, text: str, receiver: str = "!a", ago_s: int = 0) -> Said:
    packet = {
        "from": node,
        "id": number,
        "type": "detection",
        "payload": {"text": text},
        "timestamp": int(time.time()) - ago_s,
    }
    return f"msh/JP/2/json/Wana/{receiver}", packet


def zigbee(device: str, **values: Any) -> Said:
    return f"zigbee2mqtt/{device}", values


def esphome(node: str, name: str, word: str) -> Said:
    return f"{node}/binary_sensor/{name}/state", word

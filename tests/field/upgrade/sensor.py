"""A native sensor inside the machine: keeps each event until the gateway has confirmed it, over kills too.

Run by a systemd of its own with Debian's Python and a copy of paho-mqtt: `sensor.py PASSWORD FOLDER`.
Writes `sent` and `confirmed`, one id a line, each on the disk before anything follows from it.
"""

import json
import os
import sys
import threading
import time
from pathlib import Path

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

DEVICE, PERIOD_S, AGAIN_S = "trap-01", 0.5, 5.0
TOPIC, CONFIRM = f"wildlife/v1/site/{DEVICE}/event", f"shishigaki/v1/site/{DEVICE}/confirm"


class Sensor:
    """One device with a memory that outlives its power."""

    def __init__(self, password: str, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self._lock = threading.Lock()
        self._sent, self._confirmed = (folder / name for name in ("sent", "confirmed"))
        confirmed = self._lines(self._confirmed)
        self._waiting = {one: 0.0 for one in self._lines(self._sent) if one not in set(confirmed)}
        self._number = len(self._lines(self._sent))
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=DEVICE)
        self._client.username_pw_set(DEVICE, password)
        self._client.on_connect = lambda client, *_: client.subscribe(CONFIRM, 1)
        self._client.on_message = lambda _c, _u, message: self._confirm(bytes(message.payload))
        self._client.connect_async("127.0.0.1", 1884)
        self._client.reconnect_delay_set(1, 2)
        self._client.loop_start()

    @staticmethod
    def _lines(path: Path) -> list[str]:
        return path.read_text().split() if path.exists() else []

    def _keep(self, path: Path, text: str) -> None:
        with path.open("a") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())

    def _confirm(self, payload: bytes) -> None:
        with self._lock:
            ids = [
                one
                for one in json.loads(payload)["ids"]
                if self._waiting.pop(one, None) is not None
            ]
            if ids:
                self._keep(self._confirmed, "".join(f"{one}\n" for one in ids))

    def run(self) -> None:
        """Until the power fails."""
        while True:
            with self._lock:
                self._number += 1
                one = f"e{self._number}"
                self._keep(self._sent, f"{one}\n")
                self._waiting[one] = 0.0
                now = time.monotonic()
                due = [id_ for id_, at in self._waiting.items() if now - at > AGAIN_S or not at][
                    :50
                ]
                for id_ in due:
                    self._waiting[id_] = now
            for id_ in due:
                number = int(id_[1:])
                kind = "trap.sprung" if number % 2 else "trap.set"
                body = {"v": 1, "id": id_, "boot": 1, "seq": number, "kind": kind}
                self._client.publish(TOPIC, json.dumps(body), qos=1)
            time.sleep(PERIOD_S)


if __name__ == "__main__":
    Sensor(sys.argv[1], Path(sys.argv[2])).run()

"""From publish to confirmed: what a device waits for until it may forget."""

import re
import threading
import time

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from tests.bench.load import Publisher, detections
from tests.servers import wait_for

CHUNK_S = 0.01
IDS = re.compile(rb"01JD[0-9a-z]+")


def latencies(port: int, rate: float, seconds: float, run: str = "z") -> tuple[float, float]:
    """(p50, p99) in seconds, of a steady load of 100 devices."""
    confirmed: dict[bytes, float] = {}
    lock = threading.Lock()

    def note(_c: paho.Client, _u: object, message: paho.MQTTMessage) -> None:
        now = time.perf_counter()
        with lock:
            confirmed.update((id_, now) for id_ in IDS.findall(message.payload))

    client = paho.Client(CallbackAPIVersion.VERSION2, "confirms")
    client.on_message = note
    client.connect("127.0.0.1", port)
    client.subscribe("shishigaki/v1/goto/+/confirm", 0)
    client.loop_start()
    sent = _send(port, rate, seconds, run)
    wait_for(lambda: sent.keys() <= confirmed.keys(), "all confirms", 60)
    client.loop_stop()
    waits = sorted(confirmed[id_] - at for id_, at in sent.items())
    return waits[len(waits) // 2], waits[int(len(waits) * 0.99)]


def _send(port: int, rate: float, seconds: float, run: str) -> dict[bytes, float]:
    """When each id was sent. Above a hundred a second in chunks of CHUNK_S."""
    publisher = Publisher(port, f"steady-{run}")
    per_chunk = max(1, round(rate * CHUNK_S))
    packets = detections(round(rate * seconds), 100, run=run)
    sent: dict[bytes, float] = {}
    began = time.perf_counter()
    for number, start in enumerate(range(0, len(packets), per_chunk)):
        chunk = packets[start : start + per_chunk]
        time.sleep(max(0.0, began + number * per_chunk / rate - time.perf_counter()))
        now = time.perf_counter()
        for _, payload in chunk:
            sent[IDS.findall(payload)[0]] = now
        publisher.send_all(chunk)
    publisher.close()
    return sent

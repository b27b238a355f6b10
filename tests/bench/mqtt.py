"""How fast a session takes messages from mosquitto: `python -m tests.bench.mqtt [runs] [messages]`.

The messages wait at the broker for a known client; each subscriber in turn fetches and acknowledges
them all, storing nothing, until the broker has read the last acknowledgement (mosquitto_sub: until
it ends, which is a little earlier). Interleaved, medians. CPU is without the interpreter's start.
"""

import asyncio
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from gateway.clock import utc_now
from gateway.config import Mqtt
from gateway.mqtt.link import Terms
from gateway.mqtt.link_paho import PahoFiveLink, PahoLink
from gateway.mqtt.link_v5 import FiveLink
from gateway.mqtt.session import BrokerSession, MakeLink
from tests.support.servers import Mosquitto

TOPIC = "wildlife/v1/site/dev-0001/event"
FILTER = "wildlife/v1/#"
CLIENT = "bench"
PAYLOAD = (
    b'{"v":1,"id":"01JD0000000000000000000000","boot":7,"seq":1234,"kind":"detection",'
    b'"ts":"2026-11-23T04:05:06.123Z","species":"boar","count":2,"confidence":0.91,'
    b'"battery":{"v":3.01}}'
).ljust(180)
MAX_BATCH = 2_000

LINKS: dict[str, MakeLink] = {"five": FiveLink, "paho-5": PahoFiveLink, "paho-3.1.1": PahoLink}
SUBSCRIBERS = ("mosquitto_sub", "five", "paho-3.1.1", "paho-5", "bare paho")


def main(runs: int = 5, messages: int = 50_000) -> dict[str, dict[str, float]]:
    """Print one line for each subscriber; returns the medians."""
    results: dict[str, list[tuple[float, float]]] = {name: [] for name in SUBSCRIBERS}
    extra = "max_inflight_messages 0\nmax_packet_size 1000000\n"
    for _ in range(runs):
        for name, values in results.items():
            if name == "mosquitto_sub" and not shutil.which(name):
                continue
            with (
                tempfile.TemporaryDirectory() as directory,
                Mosquitto(Path(directory), extra=extra) as broker,
            ):
                values.append(_measure(name, broker.port, messages))
    return _report({name: values for name, values in results.items() if values}, messages)


def _report(
    results: dict[str, list[tuple[float, float]]], messages: int
) -> dict[str, dict[str, float]]:
    medians = {
        name: {
            "rate": statistics.median(messages / wall for wall, _ in values),
            "cpu_s_per_100k": statistics.median(cpu / messages * 100_000 for _, cpu in values),
        }
        for name, values in results.items()
    }
    reference = medians.get("mosquitto_sub", {}).get("rate", float("nan"))
    print(f"{'subscriber':15}{'msg/s':>9}{'ratio':>7}{'CPU s/100k':>12}")
    for name, row in medians.items():
        ratio = row["rate"] / reference
        print(f"{name:15}{row['rate']:9,.0f}{ratio:7.2f}{row['cpu_s_per_100k']:12.2f}")
    return medians


def _measure(name: str, port: int, messages: int) -> tuple[float, float]:
    """Wall and CPU seconds to fetch `messages` that wait for the client."""
    _register(port)
    _fill(port, messages)
    if name == "mosquitto_sub":
        return _run_c(port, messages)
    command = [sys.executable, "-m", "tests.bench.mqtt", "child", name, str(port), str(messages)]
    out = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout
    wall, cpu = json.loads(out)
    return wall, cpu


def _register(port: int) -> None:
    """Leave a persistent session with a subscription behind."""
    client = Client(CallbackAPIVersion.VERSION2, CLIENT, clean_session=False)
    client.on_connect = lambda c, *_: c.subscribe(FILTER, 1)
    client.on_subscribe = lambda c, *_: c.disconnect()
    client.connect("127.0.0.1", port)
    client.loop_forever()


def _fill(port: int, messages: int) -> None:
    """Publish at QoS 1 as fast as the broker takes it; returns when it has all."""
    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.sendall(bytes.fromhex("101000044d51545404020000000466696c6c"))
        assert sock.recv(4) == bytes.fromhex("20020000")
        body = len(TOPIC).to_bytes(2, "big") + TOPIC.encode()
        size = len(body) + 2 + len(PAYLOAD)
        head = b"\x32" + bytes([size % 128 | 128, size // 128]) + body
        packets = [head + (n % 65_535 + 1).to_bytes(2, "big") + PAYLOAD for n in range(messages)]
        sender = threading.Thread(target=sock.sendall, args=(b"".join(packets),))
        sender.start()
        answered = 0
        while answered < messages * 4:
            answered += len(sock.recv(65_536))
        sender.join()


def _run_c(port: int, messages: int) -> tuple[float, float]:
    command = ["mosquitto_sub", "-p", str(port), "-i", CLIENT, "-c", "-q", "1", "-t", FILTER]
    began = time.perf_counter()
    pid = subprocess.Popen([*command, "-C", str(messages)], stdout=subprocess.DEVNULL).pid
    _, status, usage = os.wait4(pid, 0)
    assert status == 0
    return time.perf_counter() - began, usage.ru_utime + usage.ru_stime


class _Watch:
    """Wall and CPU time from its making on."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def read(self) -> tuple[float, float]:
        return time.perf_counter() - self._wall, time.process_time() - self._cpu


async def _session(make: MakeLink, port: int, messages: int) -> tuple[float, float]:
    settings = Mqtt(port=port, client_id=CLIENT)
    terms = Terms(settings, CLIENT, "shishigaki/v1/site/gateway/status", ((FILTER, 1),))
    session = BrokerSession(terms, [make], utc_now)
    watch = _Watch()
    task = asyncio.create_task(session.run(), name="session")
    left = messages
    while left:
        batch = await session.receive(MAX_BATCH)
        session.ack(batch)
        left -= len(batch)
    await session.publish("bench/end", b"")  # answered when the broker has read all our acks
    result = watch.read()
    task.cancel()
    await asyncio.wait([task])
    return result


def _bare_paho(port: int, messages: int) -> tuple[float, float]:
    """The client as its documentation shows it; it acknowledges before anything is done."""
    left = messages

    def on_message(client: Client, _data: object, _message: MQTTMessage) -> None:
        nonlocal left
        left -= 1
        if not left:
            client.publish("bench/end", b"", 1)

    client = Client(CallbackAPIVersion.VERSION2, CLIENT, clean_session=False)
    client.on_message = on_message
    client.on_publish = lambda c, *_: c.disconnect()  # the broker has read all our acks
    watch = _Watch()
    client.connect("127.0.0.1", port)
    client.loop_forever()
    return watch.read()


def _child(name: str, port: int, messages: int) -> None:
    measure: Callable[[], tuple[float, float]] = lambda: _bare_paho(port, messages)  # noqa: E731
    if name in LINKS:
        measure = lambda: asyncio.run(_session(LINKS[name], port, messages))  # noqa: E731
    print(json.dumps(measure()))


if __name__ == "__main__":
    if sys.argv[1:2] == ["child"]:
        _child(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
    else:
        main(*map(int, sys.argv[1:]))

"""Subscribers as people write them: `python -m tests.bench.peers.scripts NAME PORT COUNT FOLDER [URL]`.

Kept as naive as they are found: paho's automatic acknowledgement, one commit or one request a message.
"""

import json
import sqlite3
import sys
import urllib.request
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

Store = Callable[[paho.MQTTMessage], None]


def count(_: Path, __: str) -> Store:
    """Nothing is stored."""
    return lambda message: None


def sqlite(folder: Path, _: str) -> Store:
    """One INSERT and one commit a message, with SQLite's defaults."""
    connection = sqlite3.connect(folder / "naive.db", check_same_thread=False)
    connection.execute("CREATE TABLE event (topic TEXT, device TEXT, at TEXT, species TEXT)")

    def store(message: paho.MQTTMessage) -> None:
        body = json.loads(message.payload)
        device = message.topic.split("/")[3]
        row = (message.topic, device, body["ts"], body["species"])
        connection.execute("INSERT INTO event VALUES (?, ?, ?, ?)", row)
        connection.commit()

    return store


def influx(_: Path, url: str) -> Store:
    """One request a message to InfluxDB 1.x."""
    post(f"{url}/query?q=CREATE+DATABASE+naive", b"")

    def store(message: paho.MQTTMessage) -> None:
        body = json.loads(message.payload)
        device, at = message.topic.split("/")[3], datetime.fromisoformat(body["ts"])
        line = f"event,device={device} seq={body['seq']}i {round(at.timestamp() * 1e9)}"
        post(f"{url}/write?db=naive", line.encode())

    return store


def post(url: str, body: bytes) -> None:
    """A request on a connection of its own, as urllib makes it."""
    urllib.request.urlopen(urllib.request.Request(url, body, method="POST")).close()


def main() -> None:
    """Count down; "ready" and "done" are files in the folder."""
    name, port, wanted, folder = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])
    store = {"count": count, "sqlite": sqlite, "influx": influx}[name](folder, sys.argv[-1])
    left = wanted

    def on_message(_c: paho.Client, _u: object, message: paho.MQTTMessage) -> None:
        nonlocal left
        store(message)
        left -= 1
        if not left:
            (folder / "done").touch()

    client = paho.Client(CallbackAPIVersion.VERSION2, f"naive-{name}")
    client.on_message = on_message
    client.on_subscribe = lambda *_: (folder / "ready").touch()
    client.connect("127.0.0.1", port)
    client.subscribe("wildlife/v1/#", 1)
    client.loop_forever()


if __name__ == "__main__":
    main()

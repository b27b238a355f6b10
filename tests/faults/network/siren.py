"""Sirens as other people build them, and how long they were wrong.

Owns two of them: one that follows the recipe in deploy/sirens, one that counts the open alerts' topics, as
people do without it. Must not know the gateway's code.
"""

import json
import threading
import time
from collections.abc import Callable

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

URGENT = ("danger", "capture")


class Siren:
    """Follows the two topics of the recipe; a payload that is no JSON changes nothing."""

    def __init__(self, port: int, site: str) -> None:
        self._site = f"shishigaki/v1/{site}/"
        self.is_online = False  # the gateway
        self._unacknowledged = 0
        self._alerts: set[str] = set()
        self._client = paho.Client(CallbackAPIVersion.VERSION2)
        self._client.on_connect = self._subscribe
        self._client.on_message = self._hear
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    @property
    def sounds(self) -> bool:
        """By the recipe."""
        return self._unacknowledged > 0

    @property
    def counts_alerts(self) -> bool:
        """Of the other siren: whether a topic of an urgent alert is retained."""
        return bool(self._alerts)

    def _subscribe(self, client: paho.Client, *_: object) -> None:
        topics = ("alerts", "gateway/status", "alert/+")
        client.subscribe([(f"{self._site}{topic}", 1) for topic in topics])

    def _hear(self, _c: object, _u: object, message: paho.MQTTMessage) -> None:
        topic = message.topic.removeprefix(self._site)
        if topic == "gateway/status":
            self.is_online = message.payload == b"online"
            return
        try:
            body = json.loads(message.payload)
        except ValueError:
            self._alerts.discard(topic)
            return
        if topic == "alerts":
            self._unacknowledged = body["unacknowledged"]["urgent"]
        elif body["level"] in URGENT and not body["acknowledged"]:
            self._alerts.add(topic)
        else:
            self._alerts.discard(topic)

    def close(self) -> None:
        """Disconnect."""
        self._client.disconnect()
        self._client.loop_stop()


class Watch:
    """How long a siren was wrong at a stretch, while the gateway was connected."""

    def __init__(
        self, says: Callable[[], bool], truth: Callable[[], bool | None], counts: Callable[[], bool]
    ) -> None:
        """`truth`: None while nobody knows; `counts`: whether the gateway could tell."""
        self._says, self._truth, self._counts = says, truth, counts
        self.longest_s, self.sounded_s = 0.0, 0.0
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch")
        self._thread.start()

    def _run(self) -> None:
        wrong_s, before = 0.0, time.monotonic()
        while not self._ending.wait(0.05):
            now, truth = time.monotonic(), self._truth()
            passed, before = now - before, now
            if truth is None or not self._counts():
                continue
            self.sounded_s += passed * self._says()
            wrong_s = wrong_s + passed if self._says() != truth else 0.0
            self.longest_s = max(self.longest_s, wrong_s)

    def end(self) -> float:
        """Stop watching; the longest time in seconds that it was wrong."""
        self._ending.set()
        self._thread.join()
        return self.longest_s

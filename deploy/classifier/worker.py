"""An example of a classifier beside Shishigaki: fetches announced pictures, runs a model, sends labels.

A program of its own, with libraries of its own (`requirements.txt` here) and your own ONNX model; it may run
on another machine. The model takes one picture of SIZE x SIZE pixels, RGB, 0..1, as float32 in the order
NCHW, and gives one figure for each line of the file of labels. Change `prepared` where yours differs.

    python worker.py --broker gateway.local --user camera-net.local --model model.onnx --labels labels.txt

Passwords come from the environment: MQTT_PASSWORD and SHISHIGAKI_TOKEN (a token with the scope `pictures`).
"""

import argparse
import io
import json
import logging
import os
import queue
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import paho.mqtt.client as paho
from PIL import Image

log = logging.getLogger("classifier")
SIZE = 224
TIMEOUT_S = 20
MOST_WAITING = 200  # announcements; with more the newest are dropped


class Classifier:
    """The model and its labels, one to a line."""

    def __init__(self, model: Path, labels: Path) -> None:
        self._session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0].name
        self._labels = [line.strip() for line in labels.read_text("utf-8").splitlines() if line]
        self.name = model.stem

    def label(self, picture: bytes) -> tuple[str, float]:
        """The most probable label and its probability."""
        [figures] = self._session.run(None, {self._input: prepared(picture)})
        shares = probabilities(np.asarray(figures, dtype=np.float64).ravel())
        best = int(shares.argmax())
        return self._labels[best], float(shares[best])


def prepared(picture: bytes) -> Any:
    """The picture as the model takes it."""
    image = Image.open(io.BytesIO(picture)).convert("RGB").resize((SIZE, SIZE))
    return np.asarray(image, dtype=np.float32).transpose(2, 0, 1)[None] / 255


def probabilities(figures: Any) -> Any:
    """Figures of any scale as shares of one; what already adds up to one stays."""
    if figures.min() >= 0 and abs(figures.sum() - 1) < 1e-3:
        return figures
    raised = np.exp(figures - figures.max())
    return raised / raised.sum()


def fetched(url: str, token: str) -> bytes:
    """The picture of an announcement."""
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310 - the gateway's
        return bytes(answer.read())


def options() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description="classifies pictures of Shishigaki's cameras")
    for name in ("broker", "user", "site", "ca-file", "url"):
        parser.add_argument(f"--{name}", default={"broker": "127.0.0.1", "site": "site"}.get(name))
    parser.add_argument("--port", type=int, default=8883)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--labels", type=Path, required=True)
    return parser.parse_args()


def connected(given: argparse.Namespace, waiting: "queue.Queue[dict[str, str]]") -> paho.Client:
    """A client that puts each announcement into `waiting`."""
    client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id="shishigaki-classifier")
    if given.user:
        client.username_pw_set(given.user, os.environ.get("MQTT_PASSWORD"))
    if given.ca_file:
        client.tls_set(given.ca_file)

    def hear(_client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        if not waiting.full():
            waiting.put(json.loads(message.payload))

    def subscribe(client: paho.Client, *_: object) -> None:
        client.subscribe(f"shishigaki/v1/{given.site}/picture/+", qos=1)

    client.on_message, client.on_connect = hear, subscribe
    client.connect(given.broker, given.port)
    client.loop_start()
    return client


def main() -> None:
    """Until it is ended."""
    given, token = options(), os.environ["SHISHIGAKI_TOKEN"]
    classifier = Classifier(given.model, given.labels)
    waiting: queue.Queue[dict[str, str]] = queue.Queue(MOST_WAITING)
    client = connected(given, waiting)
    while True:
        told = waiting.get()
        address = f"{given.url}/pictures/{told['id']}" if given.url else told["url"]
        try:
            label, confidence = classifier.label(fetched(address, token))
        except (OSError, ValueError) as error:
            log.warning("%s: %s", told["id"], error)
            continue
        body = {"v": 1, "label": label, "confidence": confidence, "model": classifier.name}
        topic = f"shishigaki/v1/{given.site}/picture/{told['id']}/label"
        client.publish(topic, json.dumps(body), qos=1)


if __name__ == "__main__":
    main()

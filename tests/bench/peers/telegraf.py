"""Telegraf as people set it up for such messages: mqtt_consumer (QoS 1) → JSON → InfluxDB. It judges nothing.

Owns its configuration and the private folder it runs in. Only where `telegraf` and `influxd` are installed.
"""

import json
import shutil
import time
import urllib.parse
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.bench.load import Publisher, detections
from tests.support.processes.child import Child
from tests.support.servers import Influxd, wait_for

CONFIG = """\
[agent]
  interval = "10s"
  flush_interval = "1s"
  metric_batch_size = 5000
  metric_buffer_limit = 200000
  omit_hostname = true

[[inputs.mqtt_consumer]]
  servers = ["tcp://127.0.0.1:{port}"]
  topics = ["wildlife/v1/#"]
  qos = 1
  persistent_session = true
  client_id = "telegraf"
  max_undelivered_messages = 20000
  topic_tag = "topic"
  data_format = "json"
  json_string_fields = ["id", "kind", "species"]
  name_override = "event"

[[outputs.influxdb]]
  urls = ["{url}"]
  database = "peer"
"""


def missing() -> str:
    """What is not installed; empty: nothing."""
    if shutil.which("telegraf") is None:
        return "telegraf is not installed (Debian has no package): github.com/influxdata/telegraf"
    if shutil.which("influxd") is None:
        return "influxd is not installed: apt-get install influxdb"
    return ""


class Telegraf:
    """A running Telegraf that writes what `port`'s broker brings into `server`."""

    def __init__(self, folder: Path, port: int, server: Influxd) -> None:
        self.folder, self._broker, self._server = folder, port, server
        self._child = Child(folder / "log")
        self._asked_s, self._stored = 0.0, 0

    @property
    def pid(self) -> int:
        """Of its process."""
        return self._child.pid

    def stored(self) -> int:
        """Messages in InfluxDB; asked five times a second, because to count costs the server time."""
        if time.monotonic() - self._asked_s > 0.2:
            self._stored = self._count()
            self._asked_s = time.monotonic()
        return self._stored

    def _count(self) -> int:
        query = urllib.parse.urlencode({"db": "peer", "q": "SELECT count(seq) FROM event"})
        with urllib.request.urlopen(f"{self._server.url}/query?{query}", timeout=30) as reply:
            series = json.load(reply)["results"][0].get("series")
        return int(series[0]["values"][0][1]) if series else 0

    def __enter__(self) -> Self:
        config = self.folder / "telegraf.conf"
        config.write_text(CONFIG.format(port=self._broker, url=self._server.url))
        self._child.start(["telegraf", "--config", str(config)])
        wait_for(self._takes_part, "Telegraf to store a message", 60)
        return self

    def _takes_part(self) -> bool:
        """Whether a message reaches InfluxDB: its log does not say when it has subscribed."""
        probe = Publisher(self._broker, "probe")
        probe.send_all(detections(1, 1, run="P"))
        probe.close()
        time.sleep(1.5)
        return self._count() > 0

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._child.end()

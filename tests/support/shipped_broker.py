"""mosquitto as Debian starts it with our files, and clients of it over TLS.

Only places, ports and the name of the site are changed. `OldBroker` has the rules and limits of before: it
is the control of tests about what a sensor may do.
"""

import re
import ssl
import threading
from pathlib import Path
from typing import Any, Self

from paho.mqtt.client import Client as Paho
from paho.mqtt.client import MQTTMessageInfo
from paho.mqtt.enums import CallbackAPIVersion

from gateway.broker.access import GATEWAY, Use
from gateway.broker.enrolment import Accounts
from gateway.clock import utc_now
from gateway.config import Config, check
from gateway.mqtt.embedded_broker import find_mosquitto, tied_to_parent
from tests.support.servers import Server, free_port, need, speaks_mqtt, wait_for

DEPLOY = Path(__file__).parents[2] / "deploy"
SITE = "goto"
SECRET = "secret-of-the-gateway"
# What Debian's own /etc/mosquitto/mosquitto.conf says before it includes ours.
DEBIAN = """\
user root
pid_file {folder}/pid
persistence true
persistence_location {folder}/
log_dest stderr
include_dir {folder}/conf.d
"""


class ShippedBroker(Server):
    """The broker of an installation, with a TLS listener for sensors at `sensors`."""

    name = "mosquitto"

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.sensors = free_port()
        self._passwords: dict[str, str] = {}
        self.accounts = Accounts(self.settings())

    @property
    def authority(self) -> Path:
        """The certificate that sensors trust."""
        return self.directory / "certs" / "shishigaki-ca.crt"

    def settings(self, **more: Any) -> Config:
        """The settings of a gateway beside it."""
        broker = {"folder": str(self.directory), "pid_file": str(self.directory / "pid")}
        return check({"site": {"name": SITE}, "broker": broker | {"port": self.sensors}} | more)

    def command(self) -> list[str]:
        mosquitto = need(find_mosquitto(), "mosquitto")
        self.accounts.put_gateway(SECRET)
        self.accounts.certify(utc_now())
        self._write_rules()
        folder = self.directory / "conf.d"
        folder.mkdir(exist_ok=True)
        (folder / "shishigaki.conf").write_text(self._conf(), encoding="utf-8")
        main = self.directory / "mosquitto.conf"
        main.write_text(DEBIAN.format(folder=self.directory))
        return tied_to_parent([mosquitto, "-c", str(main)])

    def answers(self) -> bool:
        return speaks_mqtt(self.port)

    def _conf(self) -> str:
        conf = (DEPLOY / "mosquitto" / "shishigaki.conf").read_text(encoding="utf-8")
        conf = conf.replace("/etc/mosquitto", str(self.directory))
        local, lan = "listener 1884 127.0.0.1", "listener 8883"
        assert [len(re.findall(f"^{one}$", conf, re.MULTILINE)) for one in (local, lan)] == [1, 1]
        conf = re.sub(f"^{lan}$", f"listener {self.sensors} 127.0.0.1", conf, flags=re.MULTILINE)
        return re.sub(f"^{local}$", f"listener {self.port} 127.0.0.1", conf, flags=re.MULTILINE)

    def _write_rules(self) -> None:
        self.accounts.write_acl({})

    def password(self, name: str) -> str:
        """An account's password; enrols it the first time."""
        if name == GATEWAY:
            return SECRET
        if name not in self._passwords:
            self._passwords[name] = self.accounts.enrol(name, Use.NATIVE).password
            self._write_rules()
            self.accounts.files.reload()
        return self._passwords[name]

    def join(self, name: str, **more: Any) -> "Client":
        """Connect somebody: the gateway to the inner listener, everybody else over TLS."""
        port = self.port if name == GATEWAY else self.sensors
        authority = None if name == GATEWAY else self.authority
        return Client(
            port, name, more.pop("password", "") or self.password(name), authority, **more
        )

    def rss_mb(self) -> float:
        """The most memory that it has had."""
        pid = int((self.directory / "pid").read_text())
        text = Path(f"/proc/{pid}/status").read_text()
        return (
            int(next(one for one in text.splitlines() if one.startswith("VmHWM")).split()[1])
            / 1_000
        )


class OldBroker(ShippedBroker):
    """The same with the rules of before: any site, packets of 1 MB."""

    def _conf(self) -> str:
        before, number = re.subn(
            "^max_packet_size .*$", "max_packet_size 1048576", super()._conf(), flags=re.MULTILINE
        )
        assert number == 1
        return before

    def _write_rules(self) -> None:
        super()._write_rules()
        acl = self.accounts.files.acl
        text = acl.read_text(encoding="utf-8")
        assert f"pattern write wildlife/v1/{SITE}/%u/" in text
        acl.write_text(
            text.replace(f"v1/{SITE}/%u/", "v1/+/%u/").replace("%u/event", "%u/#"), encoding="utf-8"
        )


class Client:
    """A connected client that notes what arrives."""

    def __init__(
        self,
        port: int,
        name: str,
        password: str,
        authority: Path | None = None,
        *,
        client_id: str = "",
        keeps: bool = False,
    ) -> None:
        """`keeps`: its session outlives it; `authority`: use TLS and trust this certificate."""
        self.got: list[tuple[str, bytes]] = []
        self.refused = False
        self.connections = self.losses = 0
        self._subscribed = threading.Event()
        self.paho = client = Paho(
            CallbackAPIVersion.VERSION2, client_id=client_id or name, clean_session=not keeps
        )
        client.username_pw_set(name, password)
        if authority:
            client.tls_set(str(authority), tls_version=ssl.PROTOCOL_TLS_CLIENT)
        client.on_connect = self._on_connect
        client.on_disconnect = lambda *_: self._count_loss()
        client.on_message = lambda _c, _u, m: self.got.append((m.topic, bytes(m.payload)))
        client.on_subscribe = lambda *_: self._subscribed.set()
        client.connect("127.0.0.1", port)
        client.loop_start()
        wait_for(lambda: self.connections or self.refused, f"{name} to be answered")

    def _on_connect(self, _c: object, _u: object, _f: object, code: object, _p: object) -> None:
        if code == 0:
            self.connections += 1
        else:
            self.refused = True

    def _count_loss(self) -> None:
        self.losses += 1

    def subscribe(self, *filters: str) -> Self:
        self._subscribed.clear()
        self.paho.subscribe([(one, 1) for one in filters])
        assert self._subscribed.wait(10)
        return self

    def send(
        self, topic: str, payload: str | bytes = "x", *, retain: bool = False
    ) -> MQTTMessageInfo:
        """Publish with QoS 1 and do not wait."""
        return self.paho.publish(topic, payload, qos=1, retain=retain)

    def publish(self, topic: str, payload: str | bytes = "x", *, retain: bool = False) -> None:
        """Publish, and wait for the broker's answer."""
        self.send(topic, payload, retain=retain).wait_for_publish(10)

    def topics(self) -> list[str]:
        return [topic for topic, _ in self.got]

    def close(self) -> None:
        self.paho.disconnect()
        self.paho.loop_stop()

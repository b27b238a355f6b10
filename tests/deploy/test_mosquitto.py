"""deploy/mosquitto: the real broker with our configuration; what its ACL forbids never arrives."""

import re
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

import pytest
from paho.mqtt.client import Client as Paho
from paho.mqtt.enums import CallbackAPIVersion

from gateway.clock import utc_now
from gateway.mqtt.embedded_broker import find_mosquitto, tied_to_parent
from gateway.mqtt.losses.broker_log import REFUSED_LOGINS, TAKEOVERS_ONE_PLACE, BrokerLog
from gateway.mqtt.losses.connection_history import ConnectionHistory
from tests.deploy.folder import DEPLOY
from tests.support.servers import Server, free_port, need, wait_for

GATEWAY = "shishigaki.gateway"
PASSWORD = "secret-of-{}"
# What Debian's own /etc/mosquitto/mosquitto.conf says before it includes ours.
DEBIAN = """\
user {user}
persistence true
persistence_location {directory}/
log_dest stderr
include_dir {directory}/conf.d
"""


class Broker(Server):
    """mosquitto as Debian starts it, with our files; only places and ports are changed."""

    name = "mosquitto"

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.sensors = free_port()

    def command(self) -> list[str]:
        mosquitto = need(find_mosquitto(), "mosquitto")
        conf = (DEPLOY / "mosquitto" / "shishigaki.conf").read_text(encoding="utf-8")
        conf = conf.replace("/etc/mosquitto", str(self.directory))
        conf, locals_ = re.subn(
            r"^listener 1884 127\.0\.0\.1$",
            f"listener {self.port} 127.0.0.1",
            conf,
            flags=re.MULTILINE,
        )
        conf, lan = re.subn(
            r"^listener 1883$", f"listener {self.sensors} 127.0.0.1", conf, flags=re.MULTILINE
        )
        assert (locals_, lan) == (1, 1)
        folder = self.directory / "conf.d"
        folder.mkdir(exist_ok=True)
        (folder / "shishigaki.conf").write_text(conf, encoding="utf-8")
        shutil.copy(DEPLOY / "mosquitto" / "shishigaki.acl", self.directory)
        self._passwords(GATEWAY, "trap-01", "trap-02")
        main = self.directory / "mosquitto.conf"
        main.write_text(DEBIAN.format(directory=self.directory, user="root"))
        return tied_to_parent([mosquitto, "-c", str(main)])

    def _passwords(self, *names: str) -> None:
        path = self.directory / "shishigaki.passwd"
        path.write_text("".join(f"{name}:{PASSWORD.format(name)}\n" for name in names))
        path.chmod(0o600)
        program = need(shutil.which("mosquitto_passwd"), "mosquitto")
        subprocess.run([program, "-U", str(path)], check=True, timeout=30)
        assert "secret-of" not in path.read_text()


class Client:
    """A connected client that notes what arrives."""

    def __init__(self, port: int, name: str, client_id: str = "", password: str = "") -> None:
        self.got: list[tuple[str, bytes]] = []
        self.refused = False
        self.connections = self.losses = 0
        self._subscribed = threading.Event()
        self._client = client = Paho(CallbackAPIVersion.VERSION2, client_id=client_id or name)
        client.username_pw_set(name, password or PASSWORD.format(name))
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
        self._client.subscribe([(one, 1) for one in filters])
        assert self._subscribed.wait(10)
        return self

    def publish(self, topic: str, text: str = "x", *, retain: bool = False) -> None:
        self._client.publish(topic, text, qos=1, retain=retain).wait_for_publish(10)

    def topics(self) -> list[str]:
        return [topic for topic, _ in self.got]

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


Join = Callable[..., Client]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with Broker(tmp_path / "mosquitto") as server:
        yield server


@pytest.fixture
def join(broker: Broker) -> Iterator[Join]:
    """Connects somebody: the gateway on the inner listener, sensors on the other."""
    clients: list[Client] = []

    def act(name: str, **more: str) -> Client:
        port = broker.port if name == GATEWAY else broker.sensors
        clients.append(Client(port, name, **more))
        return clients[-1]

    yield act
    for client in clients:
        client.close()


def test_a_sensor_may_publish_only_under_its_own_name(join: Join) -> None:
    gateway, trap = join(GATEWAY).subscribe("#"), join("trap-01")
    for topic in (
        "wildlife/v1/goto/trap-02/event",
        "shishigaki/v1/goto/trap-01/confirm",
        "wildlife/v1/goto/trap-01/else",
        "application/1/device/2/event/up",
        "other",
    ):
        trap.publish(topic)  # each is answered as if it were allowed
    own = [f"wildlife/v1/goto/trap-01/{kind}" for kind in ("event", "telemetry", "status", "meta")]
    for topic in own:
        trap.publish(topic)
    wait_for(lambda: own[-1] in gateway.topics(), "the last of the sensor's own messages")
    assert gateway.topics() == own


def test_a_sensor_may_subscribe_only_to_its_own_confirms(join: Join) -> None:
    gateway, trap = join(GATEWAY), join("trap-01")
    trap.subscribe("#", "shishigaki/v1/goto/+/confirm")
    for device in ("trap-02", "trap-01"):
        gateway.publish(f"shishigaki/v1/goto/{device}/confirm", device)
    wait_for(lambda: trap.got, "the confirmation")
    join("trap-02").publish("wildlife/v1/goto/trap-02/event")
    gateway.publish("shishigaki/v1/goto/trap-01/confirm", "last")
    wait_for(lambda: (trap.got or [("", b"")])[-1][1] == b"last", "the last confirmation")
    assert {topic for topic, _ in trap.got} == {"shishigaki/v1/goto/trap-01/confirm"}


def test_the_gateway_publishes_under_its_own_prefix_and_reads_the_brokers_topics(
    join: Join,
) -> None:
    gateway, other = join(GATEWAY), join(GATEWAY, client_id="watch")
    other.subscribe("#", "$SYS/broker/version")
    wait_for(lambda: "$SYS/broker/version" in other.topics(), "the broker's version")
    gateway.publish("wildlife/v1/goto/trap-01/event")
    gateway.publish("shishigaki/v1/goto/alert/1")
    wait_for(lambda: "shishigaki/v1/goto/alert/1" in other.topics(), "the gateway's word")
    assert "wildlife/v1/goto/trap-01/event" not in other.topics()
    assert gateway.losses == 0  # two connections of one name do not end each other


@pytest.mark.parametrize(("name", "password"), [("trap-01", "wrong"), ("trap-99", "")])
def test_a_connection_without_user_name_and_password_is_refused(
    join: Join, name: str, password: str
) -> None:
    assert join(name, password=password).refused


def test_the_gateway_learns_of_client_ids_used_twice_and_of_refused_passwords(
    broker: Broker, join: Join
) -> None:
    """The shipped configuration shows its log to the gateway, and to nobody else."""
    log = BrokerLog("shishigaki-goto", ConnectionHistory())
    gateway = join(GATEWAY).subscribe("$SYS/broker/log/E", "$SYS/broker/log/N")
    stranger = join("trap-02").subscribe("$SYS/#")
    for _ in range(REFUSED_LOGINS):
        join("trap-01", password="wrong")
    twins = [join("trap-01") for _ in range(2)]  # each comes back whenever the other takes over
    wait_for(lambda: min(twin.losses for twin in twins) > TAKEOVERS_ONE_PLACE / 2, "the fight", 60)

    def faults() -> dict[str, str]:
        lines, gateway.got[:] = list(gateway.got), []
        for _, line in lines:
            log.read(line.decode(), utc_now())
        return log.faults(utc_now())

    wait_for(lambda: {"logins", "clones"} <= faults().keys(), "both", 60)
    assert "trap-01" in faults()["clones"]
    assert "127.0.0.1" in faults()["logins"]
    assert stranger.got == []


def test_a_sensor_cannot_end_anothers_session_by_its_client_id(join: Join) -> None:
    gateway, victim = join(GATEWAY).subscribe("#"), join("trap-01")
    join("trap-02", client_id="trap-01").publish("wildlife/v1/goto/trap-02/event")
    victim.publish("wildlife/v1/goto/trap-01/event")
    wait_for(lambda: len(gateway.got) == 2, "both sensors' messages")
    assert victim.losses == 0


def test_a_packet_over_the_limit_ends_the_connection_and_is_not_dropped_silently(
    join: Join,
) -> None:
    trap = join("trap-01")
    trap._client.publish("wildlife/v1/goto/trap-01/event", "x" * 1_100_000, qos=1)
    wait_for(lambda: trap.losses, "the end of the connection")


def test_messages_queued_for_the_gateway_survive_a_restart_of_the_broker(
    broker: Broker, join: Join
) -> None:
    def session() -> Paho:
        client = Paho(CallbackAPIVersion.VERSION2, client_id="shishigaki-goto", clean_session=False)
        client.username_pw_set(GATEWAY, PASSWORD.format(GATEWAY))
        return client

    away, ready = session(), threading.Event()
    away.on_subscribe = lambda *_: ready.set()
    away.connect("127.0.0.1", broker.port)
    away.loop_start()
    away.subscribe("wildlife/#", qos=1)
    assert ready.wait(10)
    away.disconnect()
    away.loop_stop()
    trap = join("trap-01")
    for number in range(1_500):  # above mosquitto's own limit of 1,000
        trap._client.publish("wildlife/v1/goto/trap-01/event", str(number), qos=1)
    trap.publish("wildlife/v1/goto/trap-01/event", "last")
    trap.close()
    broker.stop()
    broker.restart()
    got: list[bytes] = []
    back = session()
    back.on_message = lambda _c, _u, message: got.append(bytes(message.payload))
    back.connect("127.0.0.1", broker.port)
    back.loop_start()
    try:
        wait_for(lambda: b"last" in got, "the last message")
    finally:
        back.disconnect()
        back.loop_stop()
    assert [int(one) for one in got[:-1]] == list(range(1_500))

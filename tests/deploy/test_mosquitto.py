"""deploy/mosquitto: the real broker with our configuration; what its ACL forbids never arrives."""

import contextlib
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from gateway.broker.access import GATEWAY, acl
from gateway.broker.addresses import own_names
from gateway.broker.certificates import names_of
from gateway.clock import utc_now
from gateway.mqtt.losses.broker_log import REFUSED_LOGINS, TAKEOVERS_ONE_PLACE, BrokerLog
from gateway.mqtt.losses.connection_history import ConnectionHistory
from tests.deploy.folder import DEPLOY
from tests.support.servers import wait_for
from tests.support.shipped_broker import Client, ShippedBroker

Join = Callable[..., Client]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[ShippedBroker]:
    with ShippedBroker(tmp_path / "mosquitto") as server:
        yield server


@pytest.fixture
def join(broker: ShippedBroker) -> Iterator[Join]:
    """Connects somebody: the gateway on the inner listener, sensors over TLS."""
    clients: list[Client] = []

    def act(name: str, **more: Any) -> Client:
        clients.append(broker.join(name, **more))
        return clients[-1]

    yield act
    for client in clients:
        client.close()


def test_the_example_of_the_access_rules_is_what_setup_writes_for_a_new_site() -> None:
    assert (DEPLOY / "mosquitto" / "shishigaki.acl").read_text(encoding="utf-8") == acl("site", {})


def test_a_sensor_may_publish_only_under_its_own_name_and_this_site(join: Join) -> None:
    gateway, trap = join(GATEWAY).subscribe("#"), join("trap-01")
    for topic in (
        "wildlife/v1/goto/trap-02/event",
        "wildlife/v1/other/trap-01/event",
        "wildlife/v1/goto/trap-01/event/more",
        "shishigaki/v1/goto/trap-01/confirm",
        "wildlife/v1/goto/trap-01/else",
        "application/1/device/2/event/up",
        "tele/trap-01/SENSOR",
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


@pytest.mark.parametrize("name", ["trap-01", "trap-99"])
def test_a_connection_with_a_wrong_password_is_refused(join: Join, name: str) -> None:
    assert join(name, password="wrong").refused


def test_sensors_have_no_listener_without_tls(broker: ShippedBroker) -> None:
    """The only plain listener is this machine's own."""
    conf = (DEPLOY / "mosquitto" / "shishigaki.conf").read_text(encoding="utf-8")
    listeners = [line for line in conf.splitlines() if line.startswith("listener")]
    assert listeners == ["listener 1884 127.0.0.1", "listener 8883"]
    with socket.create_connection(("127.0.0.1", broker.sensors), timeout=20) as plain:
        plain.sendall(bytes.fromhex("100c00044d5154540402003c0000"))  # CONNECT of MQTT 3.1.1
        with contextlib.suppress(ConnectionResetError):
            assert not plain.recv(4).startswith(b"\x20")  # no CONNACK


def test_the_certificate_names_the_host_and_its_addresses(broker: ShippedBroker) -> None:
    files = broker.accounts.files
    assert set(names_of(files.identity.read_bytes())) == set(own_names())
    assert "127.0.0.1" in own_names()
    made = x509.load_pem_x509_certificate(files.identity.read_bytes())
    assert made.issuer == x509.load_pem_x509_certificate(files.authority.read_bytes()).subject


@pytest.mark.long
def test_the_gateway_learns_of_client_ids_used_twice_and_of_refused_passwords(
    join: Join,
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


def test_a_packet_over_16_kb_ends_the_connection_and_is_not_dropped_silently(
    join: Join,
) -> None:
    gateway, trap = join(GATEWAY).subscribe("#"), join("trap-01")
    trap.publish("wildlife/v1/goto/trap-01/event", "x" * 16_000)
    trap.send("wildlife/v1/goto/trap-01/event", "x" * 17_000)
    wait_for(lambda: trap.losses, "the end of the connection")
    assert [len(payload) for _, payload in gateway.got] == [16_000]


def test_messages_queued_for_the_gateway_survive_a_restart_of_the_broker(
    broker: ShippedBroker, join: Join
) -> None:
    away = broker.join(GATEWAY, client_id="shishigaki-goto", keeps=True).subscribe("wildlife/#")
    away.close()
    trap = join("trap-01")
    for number in range(1_500):  # above mosquitto's own limit of 1,000
        trap.send("wildlife/v1/goto/trap-01/event", str(number))
    trap.publish("wildlife/v1/goto/trap-01/event", "last")
    trap.close()
    broker.stop()
    broker.restart()
    back = broker.join(GATEWAY, client_id="shishigaki-goto", keeps=True)
    try:
        wait_for(lambda: back.got and back.got[-1][1] == b"last", "the last message")
    finally:
        back.close()
    assert [int(payload) for _, payload in back.got[:-1]] == list(range(1_500))

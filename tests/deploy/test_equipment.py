"""deploy/mosquitto/equipment.conf: large messages have a broker of their own; what tells of traps goes on."""

import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.broker.access import GATEWAY, Use
from gateway.mqtt.embedded_broker import find_mosquitto, tied_to_parent
from tests.deploy.folder import DEPLOY
from tests.support.servers import Server, need, speaks_mqtt, wait_for
from tests.support.shipped_broker import Client, ShippedBroker

pytestmark = pytest.mark.real
LIST = "zigbee2mqtt/bridge/devices"
STATE = "zigbee2mqtt/wana-01"


class Equipment(Server):
    """The second broker with the shipped configuration; only places and ports are changed."""

    name = "mosquitto"

    def __init__(self, directory: Path, main: ShippedBroker) -> None:
        super().__init__(directory)
        self._main = main

    def command(self) -> list[str]:
        main, folder = self._main, self.directory
        main.accounts.put_bridge()
        bridge = main.accounts.files.bridge
        bridge.write_text(bridge.read_text().replace("127.0.0.1:1884", f"127.0.0.1:{main.port}"))
        conf = (DEPLOY / "mosquitto" / "equipment.conf").read_text(encoding="utf-8")
        for before, after in (
            ("/etc/mosquitto", str(main.directory)),
            ("/var/lib/shishigaki-equipment/", f"{folder}/"),
            ("/run/shishigaki-equipment/", f"{folder}/"),
            ("listener 1885 127.0.0.1", f"listener {self.port} 127.0.0.1"),
        ):
            assert before in conf
            conf = conf.replace(before, after)
        (folder / "equipment.conf").write_text(f"user root\n{conf}", encoding="utf-8")
        program = need(find_mosquitto(), "mosquitto")
        return tied_to_parent([program, "-c", str(folder / "equipment.conf")])

    def answers(self) -> bool:
        return speaks_mqtt(self.port)

    def reload(self) -> None:
        """As `systemctl reload` does."""
        self._child.send(signal.SIGHUP)


@pytest.fixture
def brokers(tmp_path: Path) -> Iterator[tuple[ShippedBroker, Equipment]]:
    with (
        ShippedBroker(tmp_path / "mosquitto") as main,
        Equipment(tmp_path / "equipment", main) as second,
    ):
        yield main, second


def test_a_long_list_of_devices_breaks_nothing_and_a_state_arrives(
    brokers: tuple[ShippedBroker, Equipment],
) -> None:
    main, second = brokers
    gateway = main.join(GATEWAY).subscribe("zigbee2mqtt/#")
    given = main.accounts.enrol("zigbee2mqtt", Use.ZIGBEE2MQTT)
    second.reload()
    program = Client(second.port, given.name, given.password)
    program.publish(LIST, "x" * 200_000, retain=True)
    program.publish(STATE, '{"contact":false}', retain=True)
    wait_for(lambda: STATE in gateway.topics(), "the state of the trap")
    assert LIST not in gateway.topics()
    assert program.losses == 0
    for client in (program, gateway):
        client.close()


def test_control_at_the_sensors_broker_the_list_ends_the_connection(
    brokers: tuple[ShippedBroker, Equipment],
) -> None:
    main, _ = brokers
    given = main.accounts.enrol("zigbee2mqtt", Use.ZIGBEE2MQTT)
    program = Client(main.port, given.name, given.password)
    program.send(LIST, "x" * 200_000, retain=True)
    wait_for(lambda: program.losses, "the end of the connection")
    program.close()


def test_it_listens_on_this_machine_only() -> None:
    conf = (DEPLOY / "mosquitto" / "equipment.conf").read_text(encoding="utf-8")
    assert re.findall(r"^listener (.*)$", conf, re.MULTILINE) == ["1885 127.0.0.1"]

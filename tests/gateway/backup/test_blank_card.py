"""A board is lost: its backup on a blank card, and a sensor with its old password delivers to the broker."""

import shutil
import sys
from pathlib import Path

import msgspec
import pytest

from gateway.backup.keys import unwrapped
from gateway.backup.putting_back import places_of, put_all_back, stage
from gateway.backup.unpack import unpack, wrapped_key
from gateway.broker.access import GATEWAY
from gateway.domain.model import Kind
from gateway.store.reader import Reader
from tests.gateway.backup.whole import NOW, PASSPHRASE, WholeGateway
from tests.support.processes.child import Child
from tests.support.servers import free_port, wait_for
from tests.support.shipped_broker import SECRET, ShippedBroker

pytestmark = pytest.mark.real


def settings(broker: ShippedBroker) -> str:
    return f"""
            [mqtt]
            port = {broker.port}
            username = "{GATEWAY}"
            password = "{SECRET}"
            [dashboard]
            port = {free_port()}
            """


def restore_in_place(made: Path, scratch: Path) -> None:
    """Where everything was before."""
    identity = unwrapped(wrapped_key(made), PASSPHRASE)
    with stage(scratch, "staged") as folder:
        opened = unpack(made, folder, [identity])
        put_all_back(opened, places_of(opened, Path("/")), NOW)


def springs(database: Path) -> int:
    reader = Reader(database)
    try:
        return sum(event.kind is Kind.SPRUNG for event in reader.latest_events(10_000))
    finally:
        reader.close()


def test_a_sensor_with_its_old_password_delivers_to_the_restored_gateway(tmp_path: Path) -> None:
    site, usb = tmp_path / "site", tmp_path / "usb"
    broker = ShippedBroker(site / "mosquitto")
    with broker:
        password = broker.password("trap-01")
        authority = tmp_path / "ca-of-the-sensor.crt"  # on the sensor since it was enrolled
        shutil.copy(broker.authority, authority)
    gateway = WholeGateway(site, broker.directory, settings(broker))
    made = gateway.backup(usb)
    before = (broker.directory / "shishigaki.passwd").read_bytes()
    shutil.rmtree(site)  # the card is dead

    restore_in_place(made, tmp_path)
    assert (broker.directory / "shishigaki.passwd").read_bytes() == before
    assert authority.read_bytes() == broker.authority.read_bytes(), "sensors trust it still"
    child = Child(tmp_path / "gateway.log")
    with broker:
        child.start([sys.executable, "-m", "gateway.cli", "run", "-c", str(gateway.settings_file)])
        try:
            sensor = broker.join("trap-01", password=password)
            sensor.subscribe("shishigaki/v1/goto/trap-01/confirm")
            watcher = broker.join(GATEWAY)
            watcher.subscribe("shishigaki/v1/goto/gateway/status")
            wait_for(lambda: any(body == b"online" for _, body in watcher.got), "the gateway", 60)
            body = {"v": 1, "id": "after-the-loss", "boot": 9, "seq": 1, "kind": "trap.sprung"}
            sensor.publish("wildlife/v1/goto/trap-01/event", msgspec.json.encode(body))
            wait_for(
                lambda: any(b"after-the-loss" in confirm for _, confirm in sensor.got),
                "the confirm",
                30,
            )
        finally:
            child.end()
    assert springs(gateway.data / "gateway.db") == 1

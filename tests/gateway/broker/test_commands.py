"""`shishigaki broker` and `devices enrol|revoke`: files, output, and what the real broker makes of them."""

import json
import os
import ssl
import stat
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gateway.broker.files import BrokerFiles, BrokerFilesError
from gateway.broker.passwords import names
from gateway.cli import app
from gateway.domain.errors import ShishigakiError
from tests.support.servers import wait_for
from tests.support.shipped_broker import SECRET, Client, ShippedBroker

REVOKED_WITHIN_S = 2.0


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[ShippedBroker]:
    with ShippedBroker(tmp_path / "mosquitto") as server:
        write_settings(server)
        yield server


def write_settings(server: ShippedBroker, more: str = "") -> None:
    (server.directory / "site.toml").write_text(
        f"""
        [site]
        name = "goto"
        [mqtt]
        port = {server.port}
        username = "shishigaki.gateway"
        password = "{SECRET}"
        [broker]
        folder = "{server.directory}"
        pid_file = "{server.directory}/pid"
        port = {server.sensors}
        [store]
        path = "{server.directory}/s.db"
        {more}
        """
    )


def call(server: ShippedBroker, *arguments: str, typed: str = "") -> Result:
    config = ("-c", str(server.directory / "site.toml"))
    return CliRunner().invoke(app, [*arguments, *config], input=typed)


def done(result: Result) -> str:
    assert result.exit_code == 0, (result.output, result.exception)
    return result.stdout


def enrolled(server: ShippedBroker, name: str, *more: str) -> str:
    """The password that `devices enrol` printed."""
    shown = json.loads(done(call(server, "devices", "enrol", name, "--role", "trap", *more)))
    password: str = shown["mqtt"]["password"]
    assert shown["mqtt"]["ca"] == server.authority.read_text()
    return password


def test_an_enrolled_device_gets_in_over_tls_and_its_events_have_a_place(
    broker: ShippedBroker,
) -> None:
    password = enrolled(broker, "wana-07")
    device = Client(broker.sensors, "wana-07", password, broker.authority)
    gateway = broker.join("shishigaki.gateway").subscribe("wildlife/#")
    device.publish("wildlife/v1/goto/wana-07/event")
    wait_for(lambda: gateway.got, "the device's message")
    listed = json.loads(done(call(broker, "devices", "list", "--json")))
    assert [(one["id"], one["role"]) for one in listed] == [("wana-07", "trap")]
    for client in (device, gateway):
        client.close()


def test_revoke_ends_the_live_session_within_two_seconds_and_for_good(
    broker: ShippedBroker,
) -> None:
    password, other = enrolled(broker, "wana-07"), enrolled(broker, "wana-08")
    device = Client(broker.sensors, "wana-07", password, broker.authority)
    neighbour = Client(broker.sensors, "wana-08", other, broker.authority)
    began = time.monotonic()
    assert "its session at the broker has ended" in done(
        call(broker, "devices", "revoke", "wana-07")
    )
    told = time.monotonic()
    wait_for(lambda: device.losses, "the end of the session", REVOKED_WITHIN_S)
    gone = time.monotonic()
    print(f"\nrevoked: gone {gone - told:.2f} s after the command, {gone - began:.2f} s in all")
    wait_for(lambda: device.refused, "its return to be refused")
    assert neighbour.losses == 0
    for client in (device, neighbour):
        client.close()


def test_a_broker_that_could_not_be_told_is_named_and_nothing_is_claimed(
    broker: ShippedBroker,
) -> None:
    enrolled(broker, "wana-07")
    (broker.directory / "pid").unlink()
    result = call(broker, "devices", "revoke", "wana-07")
    assert "session at the broker has ended" not in done(result)
    assert "sudo systemctl reload mosquitto" in result.stderr


def test_control_a_revocation_in_the_registry_alone_leaves_the_session_open(
    broker: ShippedBroker,
) -> None:
    password = enrolled(broker, "wana-07")
    device = Client(broker.sensors, "wana-07", password, broker.authority)
    elsewhere = broker.directory / "elsewhere"
    elsewhere.mkdir()
    settings = broker.directory / "site.toml"
    settings.write_text(
        settings.read_text().replace(f'folder = "{broker.directory}"', f'folder = "{elsewhere}"')
    )
    done(call(broker, "devices", "revoke", "wana-07"))
    time.sleep(REVOKED_WITHIN_S)
    assert device.losses == 0
    write_settings(broker)
    assert "wana-07" in done(call(broker, "broker", "sync"))  # the timer of the service mends it
    wait_for(lambda: device.losses, "the end of the session", REVOKED_WITHIN_S)
    device.close()


def test_an_account_has_one_password_and_a_renewed_one_ends_the_session_of_the_old(
    broker: ShippedBroker,
) -> None:
    first = enrolled(broker, "wana-07")
    device = Client(broker.sensors, "wana-07", first, broker.authority)
    again = call(broker, "devices", "enrol", "wana-07")
    assert isinstance(again.exception, ShishigakiError)
    assert "--renew" in str(again.exception)
    second = enrolled(broker, "wana-07", "--renew")
    wait_for(lambda: device.losses, "the end of the old session")
    with_new = Client(broker.sensors, "wana-07", second, broker.authority)
    assert with_new.connections == 1
    for client in (device, with_new):
        client.close()


@pytest.mark.parametrize("name", ["Wana-07", "a/b", "+", "shishigaki.gateway", "x" * 33, ""])
def test_names_that_would_leave_the_patterns_are_refused(broker: ShippedBroker, name: str) -> None:
    result = call(broker, "devices", "enrol", name)
    assert isinstance(result.exception, ShishigakiError)
    assert "a-z, 0-9 and -" in str(result.exception)


def test_a_provisioning_file_is_readable_by_its_maker_only(broker: ShippedBroker) -> None:
    out = broker.directory / "secrets.yaml"
    shown = done(call(broker, "devices", "enrol", "wana-07", "--for", "esphome", "--out", str(out)))
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert 'mqtt_username: "wana-07"' in out.read_text()
    assert "mqtt_password" not in shown


def test_chirpstack_is_given_a_whole_file_of_settings(broker: ShippedBroker) -> None:
    text = done(call(broker, "devices", "enrol", "chirpstack", "--for", "chirpstack"))
    settings = tomllib.loads(text.partition("# shishigaki-ca.crt")[0])["integration"]["mqtt"]
    assert settings["username"] == "chirpstack.local"
    assert settings["server"].endswith(f":{broker.sensors}/")
    client = Client(broker.sensors, "chirpstack.local", settings["password"], broker.authority)
    gateway = broker.join("shishigaki.gateway").subscribe("application/#")
    client.publish("application/1/device/0102030405060708/event/up")
    wait_for(lambda: gateway.got, "the uplink")
    for one in (client, gateway):
        one.close()


def test_setup_changes_nothing_the_second_time_and_follows_the_sites_name(
    broker: ShippedBroker,
) -> None:
    done(call(broker, "broker", "setup"))
    before = {path: path.read_bytes() for path in (broker.directory / "certs").iterdir()}
    acl = broker.accounts.files.acl
    assert "passphrase" not in done(call(broker, "broker", "setup"))
    assert {path: path.read_bytes() for path in (broker.directory / "certs").iterdir()} == before
    settings = broker.directory / "site.toml"
    settings.write_text(settings.read_text().replace('name = "goto"', 'name = "fukue"'))
    done(call(broker, "broker", "setup"))
    assert "wildlife/v1/fukue/%u/event" in acl.read_text()
    assert "v1/goto/" not in acl.read_text()


def test_the_passphrase_is_shown_once_and_renews_the_certificate_that_the_broker_serves(
    broker: ShippedBroker,
) -> None:
    shown = done(call(broker, "broker", "setup", "--new-authority"))
    passphrase = shown.partition("write it down: ")[2].split()[0]
    wrong = call(broker, "broker", "renew", typed="wrong\n")
    assert isinstance(wrong.exception, ShishigakiError)
    before = ssl.get_server_certificate(("127.0.0.1", broker.sensors))
    device = broker.join("trap-01")
    done(call(broker, "broker", "renew", typed=f"{passphrase}\n"))
    wait_for(
        lambda: ssl.get_server_certificate(("127.0.0.1", broker.sensors)) != before, "the new one"
    )
    assert device.losses == 0  # who is connected stays
    again = Client(broker.sensors, "trap-01", broker.password("trap-01"), broker.authority)
    assert again.connections == 1  # who trusted the authority still does
    for client in (device, again):
        client.close()


def test_the_passphrase_is_shown_even_when_the_broker_cannot_be_told(
    broker: ShippedBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: BrokerFiles) -> bool:
        raise BrokerFilesError("not permitted")

    monkeypatch.setattr(BrokerFiles, "reload", refuse)
    result = call(broker, "broker", "setup", "--new-authority")
    assert isinstance(result.exception, BrokerFilesError)
    passphrase = result.stdout.partition("write it down: ")[2].split()[0]
    monkeypatch.undo()
    done(call(broker, "broker", "renew", typed=f"{passphrase}\n"))


def test_the_passphrase_is_no_option_that_other_users_could_see(broker: ShippedBroker) -> None:
    assert call(broker, "broker", "renew", "--passphrase", "x").exit_code == 2


@pytest.mark.parametrize("number", ["0", "-1", "1", ""])
def test_a_file_that_names_no_single_process_signals_nobody(
    broker: ShippedBroker, monkeypatch: pytest.MonkeyPatch, number: str
) -> None:
    """To 0 is to all of ours, to -1 to every process of the machine."""
    signalled: list[int] = []
    monkeypatch.setattr(os, "kill", lambda process, _: signalled.append(process))
    (broker.directory / "pid").write_text(number)
    assert not broker.accounts.files.reload()
    assert signalled == []
    (broker.directory / "pid").write_text("4321")
    assert broker.accounts.files.reload(), "control"
    assert signalled == [4321]


def test_a_lost_certificate_is_made_again_by_the_authority_that_sensors_trust(
    broker: ShippedBroker,
) -> None:
    """The control: --new-authority makes another one."""
    shown = done(call(broker, "broker", "setup", "--new-authority"))
    passphrase = shown.partition("write it down: ")[2].split()[0]
    files = broker.accounts.files
    authority = files.authority.read_bytes(), files.authority_key.read_bytes()
    files.identity.unlink()
    refused = call(broker, "broker", "setup")
    assert isinstance(refused.exception, ShishigakiError)
    assert "sudo shishigaki broker renew" in str(refused.exception)
    done(call(broker, "broker", "renew", typed=f"{passphrase}\n"))
    done(call(broker, "broker", "setup"))
    assert files.identity.exists()
    assert (files.authority.read_bytes(), files.authority_key.read_bytes()) == authority
    done(call(broker, "broker", "setup", "--new-authority"))
    assert files.authority.read_bytes() != authority[0]


def test_zigbee2mqtt_and_frigate_get_a_bridge_of_their_own(broker: ShippedBroker) -> None:
    write_settings(broker, '[[sources]]\ndialect = "zigbee2mqtt"')
    done(call(broker, "broker", "setup"))
    bridge = (broker.directory / "equipment.d" / "bridge.conf").read_text()
    assert "remote_username equipment.local" in bridge
    assert "equipment.local" in names(broker.accounts.files.passwords.read_text())
    done(call(broker, "broker", "setup"))
    assert (broker.directory / "equipment.d" / "bridge.conf").read_text() == bridge

"""install.sh for the broker: sensors of an installation from before keep their port, your changes stay."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.deploy.folder import DEPLOY
from tests.deploy.installation.installer import functions

BEFORE = "listener 1884 127.0.0.1\nlistener 1883\nuse_username_as_clientid true\n"
CONF, PLAIN = "conf.d/shishigaki.conf", "conf.d/shishigaki-plain.conf"


@pytest.fixture
def etc(tmp_path: Path) -> Path:
    """Where the broker's files lie here instead of /etc."""
    if os.geteuid() != 0:
        pytest.skip("files of root's need root: sudo make test")
    (tmp_path / "mosquitto" / "conf.d").mkdir(parents=True)
    (tmp_path / "systemd" / "system").mkdir(parents=True)
    program = tmp_path / "opt" / "current" / "bin" / "shishigaki"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\necho "$@" >>{tmp_path}/called\n')
    program.chmod(0o755)
    return tmp_path


def install(etc: Path) -> str:
    """Run the functions of install.sh that are about the broker; what they said."""
    text = functions("put", "keep", "configure_broker").replace("/etc/", f"{etc}/")
    text = text.replace("_etc_", str(etc).replace("/", "_") + "_")
    begin = f"set -eu; here={DEPLOY}; etc={etc}/shishigaki; opt={etc}/opt; changed=no"
    script = f'{begin}\nsay() {{ echo "$*"; }}\n{text}\nconfigure_broker\n'
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def shipped_before(etc: Path) -> None:
    """An installation from before, with the file as it was shipped."""
    (etc / "mosquitto" / CONF).write_text(BEFORE)
    stamp = (
        etc / "opt" / "shipped" / (str(etc).replace("/", "_") + "_mosquitto_conf.d_shishigaki.conf")
    )
    stamp.parent.mkdir(parents=True)
    stamp.write_text(BEFORE)


def test_a_fresh_installation_has_no_port_without_tls(etc: Path) -> None:
    install(etc)
    assert "listener 8883" in (etc / "mosquitto" / CONF).read_text()
    assert not (etc / "mosquitto" / PLAIN).exists()
    assert (etc / "systemd/system/mosquitto.service.d/shishigaki.conf").exists()
    assert (etc / "called").read_text().startswith("broker setup --config")


def test_sensors_of_an_installation_from_before_keep_their_port_beside_tls(etc: Path) -> None:
    shipped_before(etc)
    assert "may stay on port 1883" in install(etc)
    assert "listener 8883" in (etc / "mosquitto" / CONF).read_text()
    assert "listener 1883" in (etc / "mosquitto" / PLAIN).read_text()
    install(etc)
    assert (etc / "mosquitto" / PLAIN).exists()  # an upgrade later it is still there


def test_a_configuration_that_was_changed_stays_and_ports_are_not_opened_twice(etc: Path) -> None:
    shipped_before(etc)
    (etc / "mosquitto" / CONF).write_text(BEFORE + "# mine\n")
    assert "kept your" in install(etc)
    assert (etc / "mosquitto" / CONF).read_text() == BEFORE + "# mine\n"
    assert not (etc / "mosquitto" / PLAIN).exists()


def test_installing_again_changes_nothing(etc: Path) -> None:
    install(etc)
    files = sorted(path for path in (etc / "mosquitto").rglob("*") if path.is_file())
    before = [path.read_bytes() for path in files]
    install(etc)
    assert sorted(path for path in (etc / "mosquitto").rglob("*") if path.is_file()) == files
    assert [path.read_bytes() for path in files] == before

"""deploy/install.sh on a fresh Debian: one command, then it runs, survives and can be repeated.

Long: builds the release, a Debian and its environment (3 minutes and 1 GB).
"""

import json
import subprocess
from collections.abc import Iterator

import pytest

from tests.deploy.folder import ROOT
from tests.field.machine import Machine, debootstrap, need_tools, run_unbooted

pytestmark = pytest.mark.long
PYTHON = "/opt/shishigaki/current/bin/python"
INSTALL = "sh /root/shishigaki-*/install.sh"
CONFIG = "/etc/shishigaki/config.toml"
PUBLISH = """
import json, sys
from paho.mqtt.publish import single
made = json.load(open("/root/trap-01.json"))["mqtt"]
single(sys.argv[1], sys.argv[2], qos=1, hostname="127.0.0.1", port=made["port"],
       auth={"username": "trap-01", "password": made["password"]}, tls={"ca_certs": "/root/ca.crt"})
"""
LIVE = """
import json, sys, time
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
made = json.load(open(sys.argv[1]))["mqtt"]
client = paho.Client(CallbackAPIVersion.VERSION2, client_id=made["username"])
client.tls_set("/root/ca.crt")
client.username_pw_set(made["username"], made["password"])
client.on_disconnect = lambda *_: sys.exit()
client.connect("127.0.0.1", made["port"])
client.loop_forever()
"""
REVOKE_ON_A_PAGE = """
from pathlib import Path
from zoneinfo import ZoneInfo
import msgspec
from gateway.broker.requests import ask_for_sync
from gateway.domain.model import Standing
from gateway.store import Store
store = Store(Path("/var/lib/shishigaki/shishigaki.db"), ZoneInfo("Asia/Tokyo"))
def act(tx):
    tx.put_device(msgspec.structs.replace(tx.devices["trap-03"], standing=Standing.REVOKED))
store.write_now(act)
store.close()
ask_for_sync(Path("/var/lib/shishigaki/shishigaki.db"))
"""
KINDS = """
from pathlib import Path
from gateway.store import Reader
print(*sorted(e.kind.value for e in Reader(Path("/var/lib/shishigaki/shishigaki.db")).latest_events()))
"""


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A fresh Debian on which install.sh has run once, booted."""
    need_tools()
    folder = tmp_path_factory.mktemp("machine")
    root = folder / "root"
    debootstrap(root)
    subprocess.run(["sh", ROOT / "deploy/dist.sh", ROOT / ".venv/bin/pip"], check=True, timeout=600)
    release = max(
        (ROOT / "dist").glob("shishigaki-*-install.tar.gz"), key=lambda p: p.stat().st_mtime
    )
    run_unbooted(root, "mkdir -p /root")
    (root / "root" / release.name).write_bytes(release.read_bytes())
    shown = run_unbooted(root, f"cd /root && tar xf {release.name} && {INSTALL}")
    assert "everything starts at the next boot" in shown
    with Machine(root, folder / "log") as machine:
        machine.wait("systemctl is-active shishigaki", 60)
        register(machine)
        yield machine


def register(machine: Machine) -> None:
    """Enter a trap as INSTALL.md says."""
    machine.sh("printf 'id,role\\ntrap-01,trap\\n' >/root/list.csv; chmod 600 /root/list.csv")
    machine.sh("shishigaki devices import /root/list.csv")
    machine.sh("shishigaki devices enrol trap-01 >/root/trap-01.json")
    machine.sh("cp /etc/mosquitto/certs/shishigaki-ca.crt /root/ca.crt")
    machine.wait(f"{PYTHON} -c '{PUBLISH}' wildlife/v1/site/trap-01/event x")


def publish(machine: Machine, kind: str, number: int) -> None:
    text = json.dumps({"v": 1, "id": f"e{number}", "boot": 1, "seq": number, "kind": kind})
    machine.sh(f"{PYTHON} -c '{PUBLISH}' wildlife/v1/site/trap-01/event '{text}'")


def received_by_broker(machine: Machine, kind: str) -> None:
    machine.wait(f"{PYTHON} -c '{KINDS}' | grep -q {kind}")


def test_the_gateway_runs_after_one_command_and_a_boot(machine: Machine) -> None:
    assert "active" in machine.sh(
        "systemctl is-active shishigaki mosquitto shishigaki-backup.timer"
    )
    page = "import urllib.request as r; print(r.urlopen('http://127.0.0.1:8000/healthz').status)"
    assert machine.sh(f'{PYTHON} -c "{page}"').strip() == "200"
    assert not machine.sh("systemctl --failed --no-legend").strip()


def test_a_sensors_event_reaches_the_database(machine: Machine) -> None:
    publish(machine, "trap.set", 1)
    received_by_broker(machine, "trap.set")


def test_a_killed_gateway_is_restarted_and_loses_no_event(machine: Machine) -> None:
    machine.sh("systemctl kill -s KILL --kill-who=main shishigaki")
    publish(machine, "trap.sprung", 2)
    received_by_broker(machine, "trap.sprung")
    assert int(machine.sh("systemctl show -P NRestarts shishigaki")) >= 1


def test_the_watchdog_restarts_a_gateway_that_hangs(machine: Machine) -> None:
    folder = "/run/systemd/system/shishigaki.service.d"
    machine.sh(f"mkdir -p {folder}; printf '[Service]\\nWatchdogSec=15\\n' >{folder}/test.conf")
    machine.sh("systemctl daemon-reload; systemctl restart shishigaki")
    before = machine.sh("systemctl show -P MainPID shishigaki").strip()
    machine.sh(f"kill -STOP {before}")
    machine.wait("journalctl -u shishigaki | grep -qi 'watchdog timeout'", 60)
    machine.wait(
        f"test $(systemctl show -P MainPID shishigaki) -gt {before} && "
        "systemctl is-active shishigaki",
        60,
    )
    machine.sh(f"rm -r {folder}; systemctl daemon-reload")


def test_installing_again_changes_nothing_and_needs_no_network(machine: Machine) -> None:
    state = (
        "find /etc/shishigaki /etc/mosquitto /opt/shishigaki -type f -not -path '*/doc/*' -not -name '*.pyc' "
        "-printf '%p %u %g %m ' -exec md5sum {} \\; ; systemctl show -P MainPID shishigaki"
    )
    before = machine.sh(state)
    assert "running. Pages:" in machine.sh(INSTALL)
    assert machine.sh(state) == before


def test_files_changed_by_the_operator_are_kept_and_ours_are_written_as_new(
    machine: Machine,
) -> None:
    machine.sh(f"echo '# mine' >>{CONFIG}")
    machine.sh("echo '# a new setting' >>$(echo /root/shishigaki-*/config.example.toml)")
    shown = machine.sh(INSTALL)
    assert f"kept your {CONFIG}; ours is {CONFIG}.new" in shown
    assert machine.sh(f"tail -n 1 {CONFIG}") == "# mine\n"
    assert machine.sh(f"tail -n 1 {CONFIG}.new") == "# a new setting\n"


def test_an_error_in_the_settings_is_named_in_the_journal(machine: Machine) -> None:
    machine.sh(f"cp {CONFIG} /root/good; sed -i 's/^#max_batch.*/max_batch = 0/' {CONFIG}")
    machine.sh("systemctl restart shishigaki", check=False)
    machine.wait("journalctl -u shishigaki | grep -q 'store.max_batch = 0'")
    machine.sh(f"cat /root/good >{CONFIG}; systemctl restart shishigaki")


def test_secrets_are_readable_by_root_only_and_in_no_environment(machine: Machine) -> None:
    assert machine.sh(
        "stat -c '%U %a' /etc/shishigaki/secrets /etc/shishigaki/secrets/*"
    ).split() == [
        "root",
        "700",
        "root",
        "600",
        "root",
        "600",
    ]
    machine.sh(
        "grep -q SHISHIGAKI_MQTT__PASSWORD_FILE /proc/$(systemctl show -P MainPID shishigaki)/environ"
    )
    machine.sh(
        "! grep -rqF $(cat /etc/shishigaki/secrets/mqtt_password) /proc/[0-9]*/environ "
        "/proc/[0-9]*/cmdline /etc/mosquitto /etc/systemd"
    )


def live(machine: Machine, name: str) -> None:
    """A sensor that is enrolled and stays connected, as a unit of its own."""
    machine.sh(f"shishigaki devices enrol {name} --role trap >/root/{name}.json")
    machine.sh(f"systemd-run --quiet --unit=live-{name} {PYTHON} -c '{LIVE}' /root/{name}.json")
    machine.wait(
        f"journalctl -u mosquitto | grep -q 'as {name} ' || "
        f"grep -q 'as {name} ' /var/log/mosquitto/mosquitto.log"
    )
    machine.sh(f"systemctl is-active live-{name}")


def test_the_brokers_files_belong_to_root_and_its_own_group(machine: Machine) -> None:
    names = ("shishigaki.acl", "shishigaki.passwd", "certs/shishigaki.pem")
    files = " ".join(f"/etc/mosquitto/{name}" for name in names)
    assert set(machine.sh(f"stat -c '%U:%G %a' {files}").splitlines()) == {"root:mosquitto 640"}
    assert machine.sh("stat -c '%U %a' /etc/mosquitto/certs/shishigaki-ca.key").split() == [
        "root",
        "600",
    ]
    machine.sh("grep -q ENCRYPTED /etc/mosquitto/certs/shishigaki-ca.key")
    assert "201326592" in machine.sh("systemctl show -P MemoryMax mosquitto")


def test_a_revoked_sensor_loses_its_session_at_once(machine: Machine) -> None:
    live(machine, "trap-02")
    machine.sh("shishigaki devices revoke trap-02")
    machine.wait("! systemctl is-active live-trap-02", 2)


def test_a_sensor_that_is_revoked_on_a_page_loses_its_session_too(machine: Machine) -> None:
    live(machine, "trap-03")
    machine.sh(
        f"setpriv --reuid=shishigaki --regid=shishigaki --init-groups {PYTHON} -c '{REVOKE_ON_A_PAGE}'"
    )
    machine.wait("! systemctl is-active live-trap-03", 30)
    machine.wait("! grep -q trap-03 /etc/mosquitto/shishigaki.passwd")


def test_a_backup_is_made_by_its_service_and_restored_by_hand(machine: Machine) -> None:
    publish(machine, "tamper", 3)
    received_by_broker(machine, "tamper")
    machine.sh("systemctl start shishigaki-backup")
    copy = machine.sh("ls /var/lib/shishigaki/backup/*.db | tail -n 1").strip()
    refused = machine.sh(f"shishigaki restore {copy} --force 2>&1", check=False)
    assert "in use by another gateway" in refused
    machine.sh(
        f"systemctl stop shishigaki; shishigaki restore {copy} --force; systemctl start shishigaki"
    )
    received_by_broker(machine, "tamper")
    assert machine.sh("stat -c %U /var/lib/shishigaki/shishigaki.db").strip() == "shishigaki"

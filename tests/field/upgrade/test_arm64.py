"""The bundle for a Raspberry Pi, on an arm64 Debian under qemu: installed offline, started, its pages answer.

Long: every program of that system is translated; half an hour. systemd does not run in it, the gateway and
mosquitto are started by hand.
"""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.field.machine import need_tools, run_unbooted
from tests.field.upgrade.variants import make_bundle, make_key

pytestmark = pytest.mark.long
PACKAGES = "systemd,systemd-sysv,dbus,ca-certificates,python3,python3-venv,mosquitto,procps"
TRANSLATES = Path("/proc/sys/fs/binfmt_misc/qemu-aarch64")
START = """
install -d -o mosquitto -g mosquitto /run/mosquitto
mosquitto -d -c /etc/mosquitto/mosquitto.conf
export SHISHIGAKI_MQTT__PASSWORD_FILE=/root/mqtt_password
export SHISHIGAKI_DASHBOARD__SECRET_FILE=/root/dashboard_secret
cp /etc/shishigaki/secrets/* /root; chown -R shishigaki /root; chmod 755 /root
env -u NOTIFY_SOCKET setpriv --reuid=shishigaki --regid=shishigaki --init-groups \\
  /opt/shishigaki/current/bin/shishigaki run -c /etc/shishigaki/config.toml >/tmp/log 2>&1 &
for _ in $(seq 120); do sleep 2; /opt/shishigaki/current/bin/python -c "$ASK" && break; done
grep "connected to the broker" /tmp/log
uname -m
"""
ASK = (
    "import urllib.request as r; print(r.urlopen('http://127.0.0.1:8000/login').status, "
    "r.urlopen('http://127.0.0.1:8000/public').status)"
)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An arm64 Debian with the gateway installed from the bundle, without a network."""
    need_tools()
    if not TRANSLATES.exists():
        pytest.skip(
            "no arm64 programs run here: sudo apt-get install qemu-user-static binfmt-support"
        )
    folder = tmp_path_factory.mktemp("arm64")
    bundle = make_bundle(make_key(folder), "aarch64", "3.11")
    root = folder / "root"
    command = ["debootstrap", "--arch=arm64", "--variant=minbase", f"--include={PACKAGES}"]
    done = subprocess.run([*command, "bookworm", str(root)], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"debootstrap could not fetch arm64: {done.stdout[-300:]}")
    shutil.copy(bundle, root / "root")
    install = f"cd /root && tar xf {bundle.name} && sh shishigaki-*/install.sh"
    run_unbooted(root, install, network=False)
    yield root
    shutil.rmtree(root)


def test_it_starts_and_its_pages_answer(root: Path) -> None:
    said = run_unbooted(root, f'ASK="{ASK}"; export ASK\n{START}', network=False)
    assert "200 200" in said
    assert "connected to the broker" in said
    assert said.split()[-1] == "aarch64"

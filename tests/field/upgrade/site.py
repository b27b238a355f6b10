"""A machine with the gateway from a bundle and a sensor that reports twice a second, for tests of upgrades.

Owns the Debian with Python and mosquitto on a small disk of its own, the first installation without a
network, and the count of what was confirmed and is in the database.
"""

import platform
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from gateway.upgrade.phases import Ended, Phase, UpgradeState
from gateway.upgrade.state_file import StateFiles
from tests.field.machine import SUITE, Machine, debootstrap, need_tools, run_unbooted
from tests.field.upgrade.broken import BROKEN
from tests.field.upgrade.variants import ReleaseKey, make_bundle, make_key, unpack, variant

APT = "apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends"
PACKAGES = "python3 python3-venv mosquitto procps"
DISK = "4G"
SENSOR = """\
[Service]
ExecStart=/usr/bin/python3 /root/sensor.py {password} /root/sensor
Environment=PYTHONPATH=/root/libraries
Restart=always
RestartSec=1
[Install]
WantedBy=multi-user.target
"""
COUNT = """
import sqlite3
from pathlib import Path
confirmed = Path("/root/sensor/confirmed").read_text().split()
db = sqlite3.connect("file:/var/lib/shishigaki/shishigaki.db?mode=ro", uri=True, timeout=30)
kept = {row[0] for row in db.execute("SELECT id FROM event")}
db.close()
print(len(confirmed), *sorted(set(confirmed) - kept))
"""


class Site:
    """One machine, its sensor and the bundles that can be brought to it."""

    def __init__(self, folder: Path, key: ReleaseKey, unpacked: Path) -> None:
        self.root, self._folder = folder / "root", folder
        self._key, self._unpacked = key, unpacked
        self.machine = Machine(self.root, folder / "log")
        self.files = StateFiles(self.root / "opt/shishigaki/upgrade")

    def install(self, release: Path) -> None:
        """The first installation, from the bundle, without a network."""
        shutil.copy(release, self.root / "root")
        unpack_and_install = f"tar xf {release.name} && sh shishigaki-*/install.sh"
        run_unbooted(
            self.root,
            f"cd /root && {unpack_and_install} && rm -r shishigaki-*/ {release.name}",
            network=False,
        )

    def add_sensor(self) -> None:
        """A sensor with a memory of its own, which starts with the machine."""
        python = "/opt/shishigaki/current/bin/python"
        machine = self.machine
        given = machine.sh("shishigaki devices enrol trap-01 --role trap 2>/dev/null")
        password = msgspec.json.decode(given)["mqtt"]["password"]
        paho = machine.sh(f"{python} -c 'import paho; print(list(paho.__path__)[0])'").strip()
        machine.sh(f"mkdir -p /root/libraries && cp -r {paho} /root/libraries/")
        shutil.copy(Path(__file__).with_name("sensor.py"), self.root / "root/sensor.py")
        (self.root / "root/count.py").write_text(COUNT)
        unit = self.root / "etc/systemd/system/sensor.service"
        unit.write_text(SENSOR.format(password=password))
        machine.sh("systemctl daemon-reload && systemctl enable --now sensor")
        machine.wait("test $(wc -l </root/sensor/confirmed) -gt 5", 90)

    def bring(self, version: str, fault: str = "") -> str:
        """Carry a bundle of another version to the machine; its path there."""
        target = self._folder / f"{version}.tar"
        variant(self._unpacked, self._key, version, BROKEN[fault] if fault else {}, target)
        shutil.move(target, self.root / "root" / target.name)
        return f"/root/{target.name}"

    def confirmed(self) -> tuple[int, list[str]]:
        """(how many events the sensor was told are safe, those that are not in the database)."""
        number, *lost = self.machine.sh("python3 /root/count.py").split()
        return int(number), lost

    def wait_for_captures(self) -> None:
        """New events are confirmed."""
        before, _ = self.confirmed()
        self.machine.wait(f"test $(wc -l </root/sensor/confirmed) -gt {before + 3}", 120)

    def wait_until_judged(self) -> None:
        """What the sensor was told is safe is in the events, or is missing for good."""
        end_s = time.monotonic() + 90
        while self.confirmed()[1] and time.monotonic() < end_s:
            time.sleep(1)

    def phase(self) -> Phase | None:
        """The step that the disk names."""
        state: UpgradeState | None = self.files.load()
        return state.phase if state else None

    def wait_for_end(self, limit_s: float) -> None:
        """No upgrade is under way any more."""
        end_s = time.monotonic() + limit_s
        while self.phase() is not None:
            assert time.monotonic() < end_s, f"still {self.phase()}: {self.journal()}"
            time.sleep(0.5)

    def last(self) -> Ended:
        """How the last upgrade ended."""
        return self.files.history()[-1]

    def version(self) -> str:
        """Of the program that runs."""
        return self.machine.sh("shishigaki --version").split()[-1]

    def journal(self) -> str:
        """For a failed test."""
        return self.machine.sh(
            "journalctl -n 60 --no-pager -u shishigaki-upgrade -u shishigaki", check=False
        )


@contextmanager
def site(folder: Path) -> Iterator[Site]:
    """A running machine with its sensor; its disk is an image of DISK."""
    need_tools()
    if not shutil.which("minisign"):
        pytest.skip("minisign is not installed: sudo apt-get install minisign")
    key = make_key(folder)
    release = make_bundle(key, platform.machine(), "3.13" if SUITE == "trixie" else "3.11")
    (folder / "unpacked").mkdir()
    here = Site(folder, key, unpack(release, folder / "unpacked"))
    with _disk(here.root):
        debootstrap(here.root)
        run_unbooted(here.root, f"{APT} {PACKAGES} >/dev/null && apt-get clean")
        here.install(release)
        with here.machine:
            here.machine.wait("systemctl is-active shishigaki", 120)
            here.add_sensor()
            yield here


@contextmanager
def _disk(root: Path) -> Iterator[None]:
    image = root.with_suffix(".img")
    subprocess.run(["truncate", "-s", DISK, str(image)], check=True)
    subprocess.run(["mkfs.ext4", "-q", "-F", str(image)], check=True)
    root.mkdir()
    if subprocess.run(["mount", "-o", "loop", str(image), str(root)], check=False).returncode:
        pytest.skip("may not mount a loop device here: run as root, with loop devices")
    try:
        yield
    finally:
        subprocess.run(["umount", "-R", str(root)], check=False)
        image.unlink()

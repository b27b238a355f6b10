"""Machines on which somebody follows deploy/region/INSTALL.md, and one where a town's gateway runs.

Owns what belongs to this person: the user's name, the names and addresses of the machines, the mounted folder
of the backup. The commands are the document's.
"""

import subprocess
from pathlib import Path

from tests.deploy.folder import DEPLOY, ROOT
from tests.field.internet import Downloads, connect, copy_root, fetch, fresh_root
from tests.field.machine import Machine, need_tools, run_unbooted

SUITE = "bookworm"
USER = "taro"
HOME = f"/home/{USER}"
TOWN, TOWN_ADDRESS = "town", "10.0.0.9"
BACKUP = "/srv/region-backup"
STEP_S = 900.0  # installing takes minutes
REGION = Downloads(  # those of setup.sh for one machine and for three, and of install.sh for the town
    "fetched-region",
    "ca-certificates openssl postgresql-15 postgresql-15-postgis-3 pgbackrest haproxy python3 python3-venv "
    "procps mosquitto patroni etcd-server python3-etcd python3-idna",
    DEPLOY / "region/requirements.txt",
)
# The person's editor: names the machines, and leaves the rest as the example has it.
NANO = """#!/bin/sh
sed -i 's/^NODES=.*/NODES="{nodes}"/' "$1"
"""
PREPARE = f"""
useradd --create-home --shell /bin/bash {USER}
echo '{USER} ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/{USER}
mkdir -p {BACKUP}
"""


def base(folder: Path, nodes: dict[str, str]) -> Path:
    """A fresh root with its own Internet and the release in the user's home."""
    need_tools()
    root = folder / "base"
    fresh_root(SUITE, root)
    connect(root, fetch(SUITE, root, folder, REGION))
    run_unbooted(root, PREPARE)
    subprocess.run(["sh", ROOT / "deploy/dist.sh", ROOT / ".venv/bin/pip"], check=True, timeout=600)
    release = max((ROOT / "dist").glob("*-install.tar.gz"), key=lambda one: one.stat().st_mtime)
    (root / HOME[1:] / release.name).write_bytes(release.read_bytes())
    nano = root / "usr/local/bin/nano"
    nano.write_text(NANO.format(nodes=" ".join(f"{key}={value}" for key, value in nodes.items())))
    nano.chmod(0o755)
    return root


def named(root: Path, folder: Path, name: str, door: str) -> Path:
    """A copy of the root under a name; the region's two names lead to `door`."""
    copy = folder / name
    copy_root(root, copy)
    (copy / "etc/hostname").write_text(f"{name}\n")
    names = "uplink.region.example.jp region.example.jp"
    (copy / "etc/hosts").write_text(f"127.0.0.1 localhost\n127.0.1.1 {name}\n{door} {names}\n")
    return copy


def typed(machine: Machine, command: str) -> tuple[int, str]:
    """What the user types at home: the exit code, and what was shown."""
    done = subprocess.run(
        machine.inside(f"set -e; cd {HOME}\n{command}\n", USER),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=STEP_S,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def follow(machine: Machine, command: str) -> str:
    """Type a command that must succeed; what was shown."""
    code, shown = typed(machine, command)
    assert code == 0, f"{command}\n{shown}"
    return shown


def hand_over(name: str, giver: Path, taker: Path) -> None:
    """The user's file, carried from one machine to another."""
    (taker / HOME[1:] / name).write_bytes((giver / HOME[1:] / name).read_bytes())

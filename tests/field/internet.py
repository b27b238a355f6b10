"""What a fresh Debian fetches while installing, fetched once: Debian's packages and Python's.

Owns a folder with both and how a machine without a network takes them from there. The machine is otherwise as
fresh as debootstrap leaves it.
"""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.deploy.folder import ROOT
from tests.field.machine import debootstrap, run_unbooted

ROOTS = os.environ.get(
    "FIELD_ROOTS", ""
)  # a folder of roots by suite that debootstrap has made before
PYTHON = "sudo,systemd-timesyncd"
FETCH = """
set -e
apt-get update -q
apt-get install -y -q --no-install-recommends --download-only $packages
cp -R /var/cache/apt/archives /var/lib/apt/lists /fetched/
apt-get install -y -q --no-install-recommends ca-certificates python3 python3-venv
python3 -m venv /venv
/venv/bin/pip download -q --require-hashes -r /fetched/requirements.txt -d /fetched/wheels
/venv/bin/pip download -q setuptools wheel -d /fetched/wheels
"""
OFFLINE = "[global]\nno-index = true\nfind-links = /fetched/wheels\n"


@dataclass(frozen=True)
class Downloads:
    """What an installation takes from outside; `name`: that of the folder with it, before the release's."""

    name: str
    packages: str
    requirements: Path


GATEWAY = Downloads(  # those of install.sh
    "fetched", "ca-certificates procps python3 python3-venv mosquitto", ROOT / "requirements.txt"
)


def fresh_root(suite: str, root: Path) -> None:
    """The smallest Debian with systemd and sudo."""
    known = Path(ROOTS) / suite
    if ROOTS and known.is_dir():
        copy_root(known, root)
        return
    debootstrap(root, suite, PYTHON)


def copy_root(source: Path, target: Path) -> None:
    """A copy of a root, its devices too, sharing blocks where the file system can."""
    subprocess.run(["cp", "-a", "--reflink=auto", source, target], check=True, timeout=600)


def fetch(suite: str, base: Path, folder: Path, wanted: Downloads = GATEWAY) -> Path:
    """A folder with everything, fetched by a copy of the base that is thrown away."""
    known = Path(ROOTS) / f"{wanted.name}-{suite}"
    if ROOTS and known.is_dir():
        return known
    scratch, fetched = folder / "scratch", folder / "fetched"
    copy_root(base, scratch)
    (scratch / "fetched").mkdir()
    shutil.copy(wanted.requirements, scratch / "fetched/requirements.txt")
    run_unbooted(scratch, f"packages='{wanted.packages}'\n{FETCH}")
    shutil.copytree(scratch / "fetched", fetched, symlinks=True)
    shutil.rmtree(scratch)
    return fetched


def connect(root: Path, fetched: Path) -> None:
    """Let a root take everything from the folder, as if it had a network."""
    shutil.copytree(fetched / "wheels", root / "fetched" / "wheels")
    for name in ("archives", "lists"):
        target = root / "var" / ("cache/apt/archives" if name == "archives" else "lib/apt/lists")
        shutil.copytree(fetched / name, target, dirs_exist_ok=True)
    (root / "etc" / "pip.conf").write_text(OFFLINE)

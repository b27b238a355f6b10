"""A machine on which somebody follows INSTALL.md, with what stands beside it: where messages go, and a phone.

Owns what belongs to this person: the user's name, where messages go. Everything else is the document's.
"""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.deploy.folder import ROOT
from tests.field.guide import Guide
from tests.field.internet import connect, copy_root, fetch, fresh_root
from tests.field.machine import Machine, need_tools, run_unbooted
from tests.field.terminal import converse
from tests.support.processes.child import Child

PORT = 2586
CHANNEL = f"ntfy://127.0.0.1:{PORT}/goto"
USER = "taro"
BLOCK_S = 900.0  # one block of commands; the installation takes minutes
PREPARE = f"""
useradd --create-home --shell /bin/bash {USER}
echo '{USER} ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/{USER}
echo shishigaki >/etc/hostname
printf '127.0.0.1 localhost\\n127.0.1.1 shishigaki\\n' >/etc/hosts
"""
CLOCK = "mkdir -p /run/systemd/timesync; touch /run/systemd/timesync/synchronized"
LINK = re.compile(r"http://\S+/in/\S+")


@dataclass
class Site:
    """The machine, the messages that left it (one a line), and what the person saw."""

    machine: Machine
    told: Path
    shown: list[str] = field(default_factory=list)

    def follow(self, guide: Guide, *, blocks: slice = slice(None)) -> None:
        """Type each block of commands as the user; the examples answer what is asked."""
        replies = {key: CHANNEL if "://" in one else one for key, one in guide.questions.items()}
        for block in guide.blocks[blocks]:
            command = self.machine.inside(f"set -e; cd /home/{USER}\n{block}\n", USER)
            code, shown = converse(command, replies, BLOCK_S)
            self.shown.append(shown)
            assert code == 0, f"{block}\n{shown}"

    def pages(self, *paths: str) -> dict[str, str]:
        """What the first administrator's phone shows."""
        link = LINK.findall("\n".join(self.shown))[-1].strip()
        run = [sys.executable, "-m", "tests.field.outside", "phone", link, *paths]
        done = subprocess.run(
            self.machine.beside(run),
            capture_output=True,
            text=True,
            cwd=ROOT,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        found: dict[str, str] = json.loads(done.stdout)
        return found

    def messages(self) -> str:
        """Every message that left the machine."""
        return self.told.read_text() if self.told.exists() else ""


def prepared(suite: str, folder: Path) -> Path:
    """A fresh root of a release with its own Internet, and the file to install in the user's home."""
    need_tools()
    root = folder / "base"
    fresh_root(suite, root)
    connect(root, fetch(suite, root, folder))
    run_unbooted(root, PREPARE)
    subprocess.run(["sh", ROOT / "deploy/dist.sh", ROOT / ".venv/bin/pip"], check=True, timeout=600)
    release = max((ROOT / "dist").glob("*-install.tar.gz"), key=lambda one: one.stat().st_mtime)
    shutil.copy(release, root / "home" / USER)
    return root


@contextmanager
def booted(root: Path, folder: Path) -> Iterator[Site]:
    """The root, booted without a network; a server beside it takes its messages."""
    server, told = Child(folder / "server.log"), folder / "told"
    with Machine(root, folder / "log") as machine:
        machine.sh(CLOCK)
        run = [sys.executable, "-m", "tests.field.outside", "serve", str(PORT), str(told)]
        server.start(machine.beside(run), PYTHONPATH=str(ROOT))
        try:
            yield Site(machine, told)
        finally:
            server.end()


@contextmanager
def copied(base: Path, folder: Path) -> Iterator[Site]:
    """A copy of a root, booted; it is deleted afterwards."""
    root = folder / "root"
    copy_root(base, root)
    try:
        with booted(root, folder) as site:
            yield site
    finally:
        shutil.rmtree(root)

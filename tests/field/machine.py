"""A fresh Debian in a container: installed over the network, then booted with systemd and no network.

Owns debootstrap and systemd-nspawn. Needs root; whoever lacks it or them sees a skip with the reason.
"""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from tests.support.processes.child import Child
from tests.support.servers import wait_for

MIRROR = os.environ.get("DEBIAN_MIRROR", "")  # empty: what debootstrap knows for the suite
SUITE = os.environ.get("DEBIAN_SUITE", "bookworm")
READY = os.environ.get("DEBIAN_ROOT", "")  # a folder with such a Debian: it is copied instead
BOOT_S = 90.0
COMMAND_S = 900.0  # an upgrade in a machine beside other work takes more than five minutes
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"


def need_tools() -> None:
    """Skip where no container can be made."""
    missing = [
        name for name in ("debootstrap", "systemd-nspawn", "nsenter") if not shutil.which(name)
    ]
    if missing:
        pytest.skip(
            f"{missing[0]} is not installed: sudo apt-get install debootstrap systemd-container"
        )
    if os.geteuid() != 0:
        pytest.skip("a container needs root: sudo make test-field")


def debootstrap(root: Path, suite: str = SUITE, more: str = "") -> None:
    """The smallest Debian with systemd. `more`: further packages, with commas."""
    if READY and not more and suite == SUITE:
        subprocess.run(["cp", "-a", "--reflink=auto", f"{READY}/.", str(root)], check=True)
        return
    packages = ",".join(filter(None, ("systemd,systemd-sysv,dbus,ca-certificates", more)))
    command = [
        "debootstrap",
        "--variant=minbase",
        f"--include={packages}",
        suite,
        str(root),
        *([MIRROR] if MIRROR else []),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1_200)
    if done.returncode:
        pytest.skip(f"debootstrap could not fetch {suite}: {done.stdout[-300:]}")


def _nspawn(root: Path, *options: str) -> list[str]:
    common = ("--quiet", "--register=no", "--keep-unit", "--link-journal=no", "-D", str(root))
    return ["systemd-nspawn", *common, *options]


def run_unbooted(root: Path, script: str, *, network: bool = True) -> str:
    """Run `script` in the unbooted system, with the host's network and its settings for pip, or with none."""
    pip = {key: value for key, value in os.environ.items() if key.startswith("PIP_")}
    places = {value for value in pip.values() if value.startswith("/") and Path(value).exists()}
    options = [f"--setenv={key}={value}" for key, value in pip.items()]
    options += [f"--bind-ro={place}" for place in sorted(places | {CERTIFICATES})]
    options = options if network else ["--private-network"]
    done = subprocess.run(
        [*_nspawn(root, *options), "/bin/sh", "-c", script],
        capture_output=True,
        text=True,
        timeout=1_800,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


class Machine:
    """The booted system, cut off from every network; a context manager.

    `network`: the path of a network namespace that it is in instead; `shared`: a folder that it sees too.
    """

    def __init__(self, root: Path, log: Path, network: str = "", shared: str = "") -> None:
        self._root, self._child = root, Child(log)
        self._options = (
            f"--network-namespace-path={network}" if network else "--private-network",
            *([f"--bind={shared}"] if shared else []),
            "--boot",
        )

    def __enter__(self) -> Self:
        self._child.start(_nspawn(self._root, *self._options))
        self.wait("systemctl is-system-running | grep -qE 'running|degraded'", BOOT_S)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._child.end(signal.SIGTERM)

    def cut(self) -> None:
        """The power fails: every process of the system ends at once."""
        leader = self._leader()
        if leader is not None:
            os.kill(int(leader), signal.SIGKILL)
        self._child.end(signal.SIGKILL)

    def boot(self) -> None:
        """Start the system again; returns when commands run in it, before all services are up."""
        self._child.start(_nspawn(self._root, *self._options))
        self.wait("test -S /run/systemd/private", BOOT_S)

    def reboot(self) -> None:
        """As a person does it: every service is stopped, and the system starts again."""
        self.sh("systemctl --no-block reboot")
        wait_for(self._child.has_ended, "the system to go down", BOOT_S)
        self.boot()

    def sh(self, script: str, *, check: bool = True) -> str:
        """Run `script` inside as root; what it printed."""
        done = self._run(script)
        assert not check or done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
        return done.stdout

    def wait(self, script: str, deadline_s: float = 30.0) -> None:
        """Return when `script` succeeds inside."""
        end = time.monotonic() + deadline_s
        while self._run(script).returncode:
            assert time.monotonic() < end, f"in vain for {deadline_s} s: {script}"
            time.sleep(0.3)

    def inside(self, script: str, user: str = "") -> list[str]:
        """The command that runs `script` inside, as root or as a user with a login of their own."""
        path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        run = ["/bin/sh", "-c", script]
        if user:
            run = ["/sbin/runuser", "-u", user, "--", "/usr/bin/env", f"HOME=/home/{user}", *run]
        spaces = ("-m", "-u", "-i", "-n", "-p", "-C")
        enter = ["nsenter", "-t", self.leader(), *spaces, "/usr/bin/env", "-i"]
        return [*enter, f"PATH={path}", "HOME=/root", "LANG=C.UTF-8", *run]

    def beside(self, command: list[str]) -> list[str]:
        """A command of this side that uses the machine's network."""
        return ["nsenter", "-t", self.leader(), "-n", *command]

    def leader(self) -> str:
        """The number of the machine's first process. Raises AssertionError before its start."""
        leader = self._leader()
        assert leader, "the machine is not started"
        return leader

    def _run(self, script: str) -> subprocess.CompletedProcess[str]:
        if self._leader() is None:
            return subprocess.CompletedProcess(script, 1, "", "not started")
        return subprocess.run(
            self.inside(script), capture_output=True, text=True, timeout=COMMAND_S, check=False
        )

    def _leader(self) -> str | None:
        """The container's first process: the child of nspawn, however many wrappers there are."""
        pid = str(self._child.pid)
        children = Path(f"/proc/{pid}/task/{pid}/children")
        found = children.read_text().split() if children.exists() else []
        return found[-1] if found else None

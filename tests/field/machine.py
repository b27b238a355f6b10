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

MIRROR = os.environ.get("DEBIAN_MIRROR", "")  # empty: what debootstrap knows for the suite
SUITE = os.environ.get("DEBIAN_SUITE", "bookworm")
BOOT_S = 90.0
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


def debootstrap(root: Path) -> None:
    """The smallest Debian with systemd."""
    packages = "systemd,systemd-sysv,dbus,ca-certificates"
    command = [
        "debootstrap",
        "--variant=minbase",
        f"--include={packages}",
        SUITE,
        str(root),
        *([MIRROR] if MIRROR else []),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1_200)
    if done.returncode:
        pytest.skip(f"debootstrap could not fetch {SUITE}: {done.stdout[-300:]}")


def _nspawn(root: Path, *options: str) -> list[str]:
    common = ("--quiet", "--register=no", "--keep-unit", "--link-journal=no", "-D", str(root))
    return ["systemd-nspawn", *common, *options]


def run_unbooted(root: Path, script: str) -> str:
    """Run `script` in the unbooted system, with the host's network and its settings for pip."""
    pip = {key: value for key, value in os.environ.items() if key.startswith("PIP_")}
    places = {value for value in pip.values() if value.startswith("/") and Path(value).exists()}
    options = [f"--setenv={key}={value}" for key, value in pip.items()]
    options += [f"--bind-ro={place}" for place in sorted(places | {CERTIFICATES})]
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
    """The booted system, cut off from every network; a context manager."""

    def __init__(self, root: Path, log: Path) -> None:
        self._root, self._child = root, Child(log)

    def __enter__(self) -> Self:
        self._child.start(_nspawn(self._root, "--private-network", "--boot"))
        self.wait("systemctl is-system-running | grep -qE 'running|degraded'", BOOT_S)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._child.end(signal.SIGTERM)

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

    def _run(self, script: str) -> subprocess.CompletedProcess[str]:
        leader = self._leader()
        if leader is None:
            return subprocess.CompletedProcess(script, 1, "", "not started")
        path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        return subprocess.run(
            [
                "nsenter",
                "-t",
                leader,
                "-m",
                "-u",
                "-i",
                "-n",
                "-p",
                "-C",
                "/usr/bin/env",
                "-i",
                f"PATH={path}",
                "HOME=/root",
                "/bin/sh",
                "-c",
                script,
            ],
            capture_output=True,
            text=True,
            timeout=300,
        )

    def _leader(self) -> str | None:
        """The container's first process: the child of nspawn, however many wrappers there are."""
        pid = str(self._child.pid)
        children = Path(f"/proc/{pid}/task/{pid}/children")
        found = children.read_text().split() if children.exists() else []
        return found[-1] if found else None

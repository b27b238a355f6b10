"""One machine of a region's cluster on an address of its own: etcd, Patroni and PostgreSQL.

Owns its processes and their ends. Must not know who leads.
"""

import contextlib
import os
import shutil
import signal
from pathlib import Path

from tests.support.processes.child import Child
from tests.support.region.servers.private import as_server
from tests.support.region.servers.running import processes_in
from tests.support.servers import need


class Member:
    """A node that is configured in `folder`. `prefix`: runs its commands elsewhere (a namespace)."""

    def __init__(self, name: str, folder: Path, prefix: tuple[str, ...] = ()) -> None:
        self.name, self.folder, self._prefix = name, folder, prefix
        self.etc, self.data = folder / "etc", folder / "data"
        for log in ("etcd.log", "patroni.log"):
            (folder / log).touch()
        self.etcd, self.patroni = Child(folder / "etcd.log"), Child(folder / "patroni.log")

    def start_etcd(self) -> None:
        """Start etcd; it waits for the others by itself."""
        program = need(shutil.which("etcd"), "etcd-server")
        lines = (self.etc / "etcd.conf").read_text().splitlines()
        pairs = (line.split("=", 1) for line in lines if line.startswith("ETCD_"))
        environment = {key: value.strip('"') for key, value in pairs}
        self.etcd.start(self._run(program, death="KILL"), **environment)

    def start_patroni(self) -> None:
        """Start Patroni, which starts PostgreSQL."""
        program = need(shutil.which("patroni"), "patroni")
        self.patroni.start(self._run(program, str(self.etc / "patroni.yml")))

    def start(self) -> None:
        """Start what does not run."""
        if self.etcd.has_ended():
            self.start_etcd()
        if self.patroni.has_ended():
            self.start_patroni()

    def kill_postgres(self, number: signal.Signals = signal.SIGKILL) -> int:
        """kill -9 of PostgreSQL with all its workers; gives how many there were. Patroni lives on."""
        workers = processes_in(self.data)
        for worker in workers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker, number)
        return len(workers)

    def freeze_postgres(self, *, frozen: bool = True) -> None:
        """Suspend PostgreSQL with all its connections open, or resume it."""
        self.kill_postgres(signal.SIGSTOP if frozen else signal.SIGCONT)

    def freeze(self, *, frozen: bool = True) -> None:
        """Suspend the whole node, as a machine that hangs, or resume it."""
        for child in (self.patroni, self.etcd):
            child.send(signal.SIGSTOP if frozen else signal.SIGCONT)
        self.freeze_postgres(frozen=frozen)

    def kill_patroni(self) -> None:
        """kill -9: PostgreSQL goes on without it."""
        self.patroni.end(signal.SIGKILL)

    def kill_etcd(self) -> None:
        """kill -9."""
        self.etcd.end(signal.SIGKILL)

    def kill(self) -> None:
        """kill -9 of everything on it, as if its power were cut."""
        self.kill_patroni()
        self.kill_etcd()
        self.kill_postgres()

    @property
    def log(self) -> str:
        """The end of its logs."""
        return f"{self.name}: {self.etcd.log[-2_000:]}\n{self.patroni.log[-4_000:]}"

    def _run(self, *command: str, death: str = "TERM") -> list[str]:
        return [*self._prefix, *as_server([*command], death)]

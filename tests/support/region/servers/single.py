"""One PostgreSQL as `deploy/region` sets it up on a single machine, with HAProxy before the receivers.

Owns its start, kill and end; the same verbs as `Cluster`, so that a hub stands on either. Must not know the
hub's tables.
"""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Self

from tests.support.processes.child import Child
from tests.support.region.installation import Installation
from tests.support.region.servers.lifetime import Lifetime
from tests.support.region.servers.private import account, as_server, program
from tests.support.region.servers.running import processes_in
from tests.support.servers import free_port, need, wait_for


class Single(Lifetime):
    """A hub's only machine. `data`: where the database lies instead, in a folder of its own."""

    def __init__(self, site: Installation | None = None, data: Path | None = None) -> None:
        program("postgres")
        need(shutil.which("haproxy", path="/usr/sbin:/usr/bin"), "haproxy")
        self.site = site or Installation("node1", addresses={"node1": "127.0.0.1"})
        self.port = free_port()
        self.folder = self.site.folder / "node1"
        self.data = data or self.folder / "data"
        self.server = Child(self.site.folder / "postgres.log")

    def url(self, database: str = "postgres", user: str = "postgres", password: str = "") -> str:
        """The database; the superuser's password is that of the prepared folder."""
        word = password or self.site.secret("SUPERUSER_PASSWORD")
        return f"postgresql://{user}:{word}@127.0.0.1:{self.port}/{database}?sslmode=require"

    def start(self) -> Self:
        """Start PostgreSQL and the door."""
        self.site.configure("node1", DATABASE_PORT=self.port)
        self._initialise()
        self.start_server()
        self.site.start_haproxy()
        return self

    def start_server(self) -> None:
        """Start PostgreSQL; returns when it takes connections."""
        self.server.start(as_server([program("postgres"), "-D", str(self.data)]))
        wait_for(lambda: self.server.has_ended() or self.answers(), "PostgreSQL to answer", 60)
        assert not self.server.has_ended(), self.log

    def answers(self) -> bool:
        """Whether it takes connections."""
        ask = [program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(ask, check=False, timeout=20).returncode == 0

    def kill_server(self) -> None:
        """kill -9 of PostgreSQL and its workers."""
        workers = processes_in(self.data)
        self.server.end(signal.SIGKILL)
        for worker in workers:
            try:
                os.kill(worker, signal.SIGKILL)
            except ProcessLookupError:
                continue
        while processes_in(self.data):
            time.sleep(0.01)

    def mend(self) -> None:
        """Start again whatever ended, as systemd would."""
        if self.server.has_ended():
            self.start_server()
        if self.site.haproxy.has_ended():
            self.site.start_haproxy()

    @property
    def log(self) -> str:
        """The end of PostgreSQL's log."""
        return self.server.log[-4_000:]

    def remove(self) -> None:
        """End everything and remove the folder."""
        self.kill_server()
        self.site.remove()

    def _initialise(self) -> None:
        os.chown(self.data.parent, *account())
        secret = self.folder / "superuser"
        secret.write_text(self.site.secret("SUPERUSER_PASSWORD"))
        os.chown(secret, *account())
        wanted = ["--auth-local=peer", "--auth-host=scram-sha-256", f"--pwfile={secret}"]
        wanted += ["--no-sync", "--encoding=UTF8", "--locale=C.UTF-8", "--data-checksums"]
        run = [program("initdb"), "-D", str(self.data), "-U", "postgres", *wanted]
        subprocess.run(
            as_server(run), check=True, capture_output=True, timeout=120, cwd=self.folder
        )
        with (self.data / "postgresql.conf").open("a") as stream:
            stream.write(f"include '{self.site.etc('node1')}/postgresql.conf'\n")

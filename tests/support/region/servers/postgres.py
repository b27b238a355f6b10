"""One private PostgreSQL 15 with PostGIS: the hub of a small region, and the quick rig of the tests.

Owns its cluster, start, kill and databases. Must not know the hub's tables.
"""

import asyncio
import os
import shutil
import signal
import subprocess
from collections.abc import Iterable
from types import TracebackType

import asyncpg

from tests.support.region.servers.private import account, as_server, private_folder, program
from tests.support.region.servers.running import processes_in
from tests.support.servers import Server

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "60",
    "shared_buffers": "64MB",
    "log_checkpoints": "off",
    "timezone": "UTC",
}
SUPERUSER = "postgres"


class Postgres(Server):
    """A fresh cluster in a folder of its own. `settings` stand beside the usual ones.

    Everybody on loopback may log in as every role: tests try roles out. Leaving it removes the folder,
    `kill` and `restart` keep it.
    """

    name = "postgres"

    def __init__(self, settings: dict[str, str] | None = None) -> None:
        super().__init__(private_folder("postgres"))
        self.settings = SETTINGS | (settings or {})
        self.data = self.directory / "data"

    def url(self, database: str = "postgres", user: str = SUPERUSER) -> str:
        """How programs reach a database as a role."""
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def command(self) -> list[str]:
        if not self.data.exists():
            self._initialise()
        options = (f"-c{key}={value}" for key, value in self.settings.items())
        run = [program("postgres"), "-D", str(self.data), "-p", str(self.port), *options]
        return as_server(run)

    def answers(self) -> bool:
        ready = [program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(ready, check=False, timeout=20).returncode == 0

    def create_database(self, name: str) -> str:
        """An empty database; gives its address."""
        self.execute(f'CREATE DATABASE "{name}"')
        return self.url(name)

    def execute(self, *statements: str, database: str = "postgres") -> None:
        """Run statements, each in a transaction of its own, as the superuser."""
        asyncio.run(_execute(self.url(database), statements))

    def kill(self) -> None:
        """kill -9 of the server and of its workers, so that nothing of it holds a port."""
        workers = processes_in(self.data)
        super().kill()
        for worker in workers:
            try:
                os.kill(worker, signal.SIGKILL)
            except ProcessLookupError:
                continue

    def remove(self) -> None:
        """End it and remove its files."""
        self._child.end(signal.SIGQUIT)
        shutil.rmtree(self.directory, ignore_errors=True)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.remove()

    def _initialise(self) -> None:
        wanted = ["--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8"]
        command = [program("initdb"), "-D", str(self.data), "-U", SUPERUSER, *wanted]
        subprocess.run(
            as_server(command), check=True, capture_output=True, timeout=120, cwd=self.directory
        )
        os.chown(self.directory, *account())


async def _execute(url: str, statements: Iterable[str]) -> None:
    connection = await asyncpg.connect(url, timeout=20)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()

"""A whole hub on loopback: database, receivers and HAProxy as shipped, and towns that may send to it.

Owns the making of the database, the receivers' processes and the enrolment of towns. The database is a
cluster of three members, or one server. Must not know what a test promises.
"""

import asyncio
import os
import signal
import ssl
import subprocess
import sys
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Generic, Self, TypeAlias, TypeVar

import asyncpg

from gateway.cli.region.join import with_section
from gateway.region.enrolment import Enrolment
from gateway.region.hub.authority import Authority, IssuedCertificate
from gateway.region.hub.enrolled import EnrolledCertificate, EnrolledList
from gateway.region.hub.enrolment import enrol
from tests.support.processes.child import Child
from tests.support.region.servers.cluster import Cluster
from tests.support.region.servers.lifetime import Lifetime
from tests.support.region.servers.single import Single
from tests.support.servers import wait_for

ROLES = Path(__file__).parents[3] / "deploy/region/roles.sql"
RECEIVERS = ("receiver1", "receiver2")
PROGRAM = ("gateway.cli", "region", "hub")
T = TypeVar("T")
D = TypeVar("D", bound=Cluster | Single)


class HubSite(Lifetime, Generic[D]):
    """Receivers and towns of a database; a context manager that leaves nothing.

    `program`: the module of the receivers' processes and its words.
    """

    def __init__(self, database: D, program: Sequence[str] = PROGRAM) -> None:
        self.database, self._program = database, program
        self.site = database.site
        self.receivers = {name: Child(self.site.folder / f"{name}.log") for name in RECEIVERS}

    @property
    def url(self) -> str:
        """Where towns send."""
        return f"https://{self.site.door}:{self.site.ports['UPLINK']}"

    def start(self) -> Self:
        """Start everything; the tables are made by the command."""
        self.database.start()
        self.make_database()
        for name in RECEIVERS:
            self.start_receiver(name)
        wait_for(self.receivers_answer, f"receivers: {self.log}", 60)
        return self

    def make_database(self) -> None:
        """Roles, database and tables: `roles.sql` and `region migrate`, as the installer does it."""
        text = ROLES.read_text()
        for word in ("OWNER", "HUB"):
            text = text.replace(
                f":'{word.lower()}_password'", f"'{self.site.secret(f'{word}_PASSWORD')}'"
            )
        run = ["psql", "-qX", "-v", "ON_ERROR_STOP=1", "-f", "-", self.database.url()]
        subprocess.run(run, input=text.encode(), check=True, capture_output=True, timeout=120)
        self.command("migrate")

    def drop_database(self) -> None:
        """The database is gone, with all that was in it."""
        drop = "DROP DATABASE region WITH (FORCE)"
        run = ["psql", "-qX", "-v", "ON_ERROR_STOP=1", "-c", drop, self.database.url()]
        subprocess.run(run, check=True, capture_output=True, timeout=120)

    def command(self, *words: str, told: str = "", accepted: tuple[int, ...] = (0,)) -> str:
        """`shishigaki-region ...` of the first machine, `told` at its standard input; its output."""
        run = [sys.executable, "-m", "gateway.cli", "region", *words]
        done = subprocess.run(
            run, input=told, capture_output=True, text=True, timeout=300, env=self._owner()
        )
        assert done.returncode in accepted, done.stdout + done.stderr
        return done.stdout

    def start_receiver(self, name: str) -> None:
        """Start one; it waits for the database by itself."""
        config = self.site.first / f"{name}.toml"
        if name not in self.receivers:
            self.receivers[name] = Child(self.site.folder / f"{name}.log")
        run = [sys.executable, "-m", *self._program, "-c", str(config)]
        self.receivers[name].start(run, PGPASSFILE=str(self.site.first / "hub.pgpass"))

    def kill_receiver(self, name: str) -> None:
        """kill -9."""
        self.receivers[name].end(signal.SIGKILL)

    def receivers_answer(self) -> bool:
        """Whether all have opened their sockets."""
        return all((self.site.sockets / f"{name}.sock").exists() for name in RECEIVERS)

    def mend(self) -> None:
        """Start again whatever ended, as systemd would."""
        self.database.mend()
        for name, receiver in self.receivers.items():
            if receiver.has_ended():
                self.start_receiver(name)

    def enrol(self, town: str, folder: Path, site: str = "") -> Path:
        """Let a town in and write its configuration into `folder`; the file. `site`: its section."""
        authority = Authority(self.site.first / "towns.ca", self.site.first / "towns.ca.key")
        issued = authority.issue(town, datetime.now(UTC), 400)
        self.run(lambda link: enrol(link, town, issued.serial, issued.expires_at))
        EnrolledList(self.site.first).note(
            EnrolledCertificate(town=town, serial=issued.serial, expires_at=issued.expires_at)
        )
        return configure_town(folder, town, self.url, issued, site or f'name = "{town}"')

    def run(self, work: Callable[["asyncpg.Connection[Any]"], Awaitable[T]]) -> T:
        """Do something as the owner of the tables, at the member that leads."""
        return asyncio.run(self._run(work))

    def value(self, query: str, *values: object) -> Any:
        """One value, as the owner of the tables reads it."""
        return self.run(lambda link: link.fetchval(query, *values))

    @property
    def log(self) -> str:
        """The ends of the receivers' logs."""
        return "\n".join(one.log[-3_000:] for one in self.receivers.values())

    def remove(self) -> None:
        """End everything and remove the folder."""
        for receiver in self.receivers.values():
            receiver.end(signal.SIGKILL)
        self.database.remove()

    def _owner(self) -> dict[str, str]:
        first = self.site.first
        return os.environ | {
            "SHISHIGAKI_HUB_DATABASE": (first / "owner.url").read_text().strip(),
            "SHISHIGAKI_HUB": str(first / "receiver1.toml"),
            "PGPASSFILE": str(first / "owner.pgpass"),
        }

    async def _run(self, work: Callable[["asyncpg.Connection[Any]"], Awaitable[T]]) -> T:
        link = await asyncpg.connect(self.database.url("region"), timeout=20, command_timeout=300)
        try:
            return await work(link)
        finally:
            await link.close(timeout=10)


AnyHub: TypeAlias = HubSite[Any]


def configure_town(folder: Path, town: str, url: str, issued: IssuedCertificate, site: str) -> Path:
    """A town's settings file with its key and certificates beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    kinds = {"town.pem": issued.certificate, "town.key": issued.key, "region.pem": issued.ca}
    for name, der in kinds.items():
        text = ssl.DER_cert_to_PEM_cert(der)
        if name == "town.key":
            text = text.replace("CERTIFICATE", "PRIVATE KEY")
        (folder / name).write_text(text)
    config = folder / "town.toml"
    enrolment = Enrolment(town, url, issued.certificate, issued.key, issued.ca)
    own = f'[site]\n{site}\n[store]\npath = "{folder}/gateway.db"\ndisk_reserve_mb = 0\n'
    config.write_text(with_section(own, "region", enrolment, folder))
    return config

"""What `deploy/region/setup.sh` makes, in a private folder: secrets, certificates, settings; and HAProxy.

Owns folder, addresses and ports. Must not start a database.
"""

import os
import secrets
import shutil
import signal
import subprocess
from pathlib import Path

from tests.support.processes.child import Child
from tests.support.region.servers.private import account, as_server, private_folder
from tests.support.servers import free_port, need, wait_for

SETUP = Path(__file__).parents[3] / "deploy/region/setup.sh"
PAGES_NAME = "region.test"
PORTS = ("PRIMARY", "FIGURES", "UPLINK", "PAGES")


class Installation:
    """Prepared nodes and their door. `addresses`: where each node is; on loopback when none are given."""

    def __init__(
        self, *nodes: str, addresses: dict[str, str] | None = None, door: str = "127.0.0.1"
    ) -> None:
        self.folder = private_folder("region")
        first = f"127.{10 + secrets.randbelow(240)}.{secrets.randbelow(250)}"
        self.addresses = addresses or {name: f"{first}.{10 + no}" for no, name in enumerate(nodes)}
        self.ports = {name: free_port() for name in PORTS}
        self.door, self.prepared = door, self.folder / "prepared"  # towns know the door's address
        self.sockets, self.backup = self.folder / "sockets", self.folder / "backup"
        for folder in (self.prepared, self.sockets, self.backup):
            folder.mkdir()
            os.chown(folder, *account())
        self.sockets.chmod(
            0o2770
        )  # as tmpfiles.conf: a receiver's socket belongs to HAProxy's group
        self.haproxy = Child(self.folder / "haproxy.log")
        self._prepare()

    @property
    def first(self) -> Path:
        """The configuration of the first node: HAProxy's, the hub's and the authority of towns."""
        return self.etc(next(iter(self.addresses)))

    def etc(self, node: str) -> Path:
        """The configuration of a node."""
        return self.folder / node / "etc"

    def secret(self, name: str) -> str:
        """A secret of the prepared folder, such as `SUPERUSER_PASSWORD`."""
        lines = (self.prepared / "secrets.env").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)[name]

    def configure(self, node: str, **settings: object) -> None:
        """Write a node's configuration from the shipped templates."""
        folder = self.folder / node
        folder.mkdir(exist_ok=True)
        own: dict[str, object] = {f"{name}_PORT": port for name, port in self.ports.items()}
        own |= {"ETC": self.etc(node), "RUN": folder, "DATA": folder / "data"}
        own |= {"ETCD_DATA": folder / "etcd", "PUBLIC_ADDRESS": self.door, "SOCKETS": self.sockets}
        own |= {"HAPROXY_AS": "# as whoever starts it"}
        words = [f"{key}={value}" for key, value in (own | settings).items()]
        run = ["sh", str(SETUP), "render", str(self.prepared / node), str(self.etc(node)), *words]
        subprocess.run(run, check=True, capture_output=True, timeout=60)
        for path in (folder, *folder.rglob("*")):
            os.chown(path, *account())

    def start_haproxy(self) -> None:
        """Start the door, and wait until it listens."""
        program = need(shutil.which("haproxy", path="/usr/sbin:/usr/bin"), "haproxy")
        self.haproxy.start(as_server([program, "-db", "-f", str(self.first / "haproxy.cfg")]))
        wait_for(lambda: (self.first.parent / "haproxy.sock").exists(), "HAProxy to listen")

    def kill_haproxy(self) -> None:
        """kill -9 of the door."""
        self.haproxy.end(signal.SIGKILL)
        (self.first.parent / "haproxy.sock").unlink(missing_ok=True)

    def remove(self) -> None:
        """End HAProxy and remove the folder."""
        self.haproxy.end(signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _prepare(self) -> None:
        nodes = " ".join(f"{name}={address}" for name, address in self.addresses.items())
        lines = {"NODES": nodes, "UPLINK_NAME": self.door, "PAGES_NAME": PAGES_NAME}
        text = "".join(f'{key}="{value}"\n' for key, value in lines.items())
        (self.prepared / "region.env").write_text(f'{text}BACKUP="{self.backup}"\n')
        run = ["sh", str(SETUP), "prepare", str(self.prepared)]
        subprocess.run(run, check=True, capture_output=True, timeout=60)

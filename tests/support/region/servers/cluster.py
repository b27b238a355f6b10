"""A region's cluster on loopback: three members with etcd, Patroni and PostgreSQL, and HAProxy as their door.

Owns who leads, and the start and end of everything. The configuration is the shipped one of `deploy/region`.
Must not know the hub's tables.
"""

import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Self

from tests.support.region.installation import Installation
from tests.support.region.servers.lifetime import Lifetime
from tests.support.region.servers.member import Member
from tests.support.region.servers.private import need_programs
from tests.support.servers import wait_for

NODES = ("node1", "node2", "node3")
START_S = 60.0  # of a quiet machine
PATRONI_PORT = 8008


class Cluster(Lifetime):
    """Three members and HAProxy; a context manager that leaves nothing."""

    def __init__(
        self,
        installation: Installation | None = None,
        prefixes: dict[str, tuple[str, ...]] | None = None,
    ) -> None:
        need_programs()
        self.site = installation or Installation(*NODES)
        self._prefixes = prefixes or {}
        self.members: dict[str, Member] = {}

    def url(self, database: str = "postgres", user: str = "postgres", password: str = "") -> str:
        """The leader, by way of HAProxy."""
        word = password or self.site.secret("SUPERUSER_PASSWORD")
        port = self.site.ports["PRIMARY"]
        return f"postgresql://{user}:{word}@127.0.0.1:{port}/{database}?sslmode=require"

    def start(self) -> Self:
        """Start everything and wait until there is a leader with a synchronous standby."""
        for name in self.site.addresses:
            self.site.configure(name)
            self.members[name] = Member(name, self.site.folder / name, self._prefixes.get(name, ()))
            self.members[name].start_etcd()
        self._wait(self._etcd_agrees, "etcd to agree")
        for member in self.members.values():
            member.start_patroni()
        self.site.start_haproxy()
        self.wait_whole()
        return self

    def roles(self) -> dict[str, str]:
        """Each member that runs with its role: `leader`, `sync_standby` or `replica`."""
        for name in self.site.addresses:
            found = self._ask(name, "/cluster")
            if found:
                members = found["members"]
                return {one["name"]: one["role"] for one in members if one["state"] == "running"}
        return {}

    def leader(self) -> Member:
        """Who leads now. Raises AssertionError when nobody does."""
        return self._with_role("leader")

    def standby(self) -> Member:
        """The synchronous standby. Raises AssertionError when there is none."""
        return self._with_role("sync_standby")

    def is_whole(self) -> bool:
        """Whether all members run, one of them leads and one is its synchronous standby."""
        roles = self.roles()
        return len(roles) == len(self.members) and {"leader", "sync_standby"} <= set(roles.values())

    def wait_whole(self, deadline_s: float = START_S) -> None:
        """Wait for `is_whole`."""
        self._wait(self.is_whole, "the cluster to be whole", deadline_s)

    def mend(self) -> None:
        """Start again whatever ended, as systemd would."""
        for member in self.members.values():
            member.start()
        if self.site.haproxy.has_ended():
            self.site.start_haproxy()

    @property
    def log(self) -> str:
        """The ends of the members' logs."""
        return "\n".join(member.log for member in self.members.values())

    def remove(self) -> None:
        """End everything at once and remove the folder."""
        for member in self.members.values():
            member.kill()
        self.site.remove()

    def _wait(self, condition: Callable[[], bool], what: str, deadline_s: float = START_S) -> None:
        try:
            wait_for(condition, what, deadline_s)
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.roles()}\n{self.log}") from None

    def _with_role(self, role: str) -> Member:
        roles = self.roles()
        name = next((name for name, now in roles.items() if now == role), None)
        assert name, f"nobody is {role}: {roles}; {self.log}"
        return self.members[name]

    def _etcd_agrees(self) -> bool:
        return any(self._get(f"https://{one}:2379/health") for one in self.site.addresses.values())

    def _ask(self, name: str, path: str) -> dict[str, list[dict[str, str]]]:
        text = self._get(f"https://{self.site.addresses[name]}:{PATRONI_PORT}{path}")
        return dict(json.loads(text)) if text else {}

    def _get(self, url: str) -> bytes:
        """What a node answers to another one; empty when it does not."""
        node = self.site.first
        context = ssl.create_default_context(cafile=str(node / "nodes.ca"))
        context.load_cert_chain(node / "node.crt", node / "node.key")
        try:
            with urllib.request.urlopen(url, timeout=3, context=context) as reply:
                return bytes(reply.read())
        except (urllib.error.URLError, OSError):
            return b""

"""A network of its own for a town, whose packets can be lost in one direction or in both, silently.

Owns the namespace and its pair of interfaces. A direction is cut by a wrong hardware address: packets go out
and reach nobody, as behind a broken line. Needs root.
"""

import os
import secrets
import shutil
import subprocess
from types import TracebackType
from typing import Self

import pytest

NOBODY = "02:00:00:00:00:99"


class Namespace:
    """`hub` is the hub's address on this side, `town` the town's on the other."""

    def __init__(self) -> None:
        number = secrets.randbelow(250)
        self.name = f"shishi{number}"
        self._near, self._far = f"shi{number}h", f"shi{number}t"
        self.hub, self.town = f"10.213.{number}.1", f"10.213.{number}.2"

    @property
    def prefix(self) -> list[str]:
        """Before a command that runs there."""
        return ["ip", "netns", "exec", self.name]

    def cut(self, *, to_hub: bool = False, to_town: bool = False) -> None:
        """Lose what goes in these directions."""
        if to_hub:
            self._ip("-n", self.name, "neigh", "replace", self.hub, *self._nobody(self._far))
        if to_town:
            self._ip("neigh", "replace", self.town, *self._nobody(self._near))

    def mend(self) -> None:
        """Let everything through again."""
        for words in (("-n", self.name, "neigh"), ("neigh",)):
            for address, device in ((self.hub, self._far), (self.town, self._near)):
                self._try(*words, "del", address, "dev", device)

    def __enter__(self) -> Self:
        if os.geteuid() or shutil.which("ip") is None:
            pytest.skip("network namespaces need root and iproute2: sudo apt-get install iproute2")
        if not self._try("netns", "add", self.name):
            pytest.skip("no network namespace can be made here: run as root of a whole machine")
        self._ip("link", "add", self._near, "type", "veth", "peer", self._far, "netns", self.name)
        self._ip("addr", "add", f"{self.hub}/30", "dev", self._near)
        self._ip("link", "set", self._near, "up")
        self._ip("-n", self.name, "addr", "add", f"{self.town}/30", "dev", self._far)
        for device in (self._far, "lo"):
            self._ip("-n", self.name, "link", "set", device, "up")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._try("link", "del", self._near)
        self._try("netns", "del", self.name)

    def _nobody(self, device: str) -> list[str]:
        return ["lladdr", NOBODY, "dev", device, "nud", "permanent"]

    def _ip(self, *words: str) -> None:
        subprocess.run(["ip", *words], check=True, capture_output=True, timeout=20)

    def _try(self, *words: str) -> bool:
        done = subprocess.run(["ip", *words], capture_output=True, timeout=20, check=False)
        return done.returncode == 0

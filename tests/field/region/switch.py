"""A network of their own for several machines: one cable each to a switch, and no way out.

Owns the network namespaces, which outlive a reboot of a machine. Needs root and iproute2.
"""

import secrets
import shutil
import subprocess
from types import TracebackType
from typing import Self

import pytest


class Switch:
    """`addresses`: the name of each machine and its address in a /24. A context manager."""

    def __init__(self, addresses: dict[str, str]) -> None:
        self._mark = f"shi{secrets.token_hex(2)}"
        self._addresses = addresses

    def network(self, machine: str) -> str:
        """The path of a machine's network namespace."""
        return f"/run/netns/{self._name(machine)}"

    def cable(self, machine: str, state: str) -> None:
        """Pull a machine's cable ("down") or put it back ("up")."""
        self._ip("-n", self._mark, "link", "set", machine, state)

    def __enter__(self) -> Self:
        if shutil.which("ip") is None:
            pytest.skip("iproute2 is not installed: sudo apt-get install iproute2")
        try:
            self._ip("netns", "add", self._mark)
            self._ip("-n", self._mark, "link", "add", "switch", "type", "bridge")
        except subprocess.CalledProcessError as error:
            self.__exit__(None, None, None)
            pytest.skip(f"no switch can be made here: {error.stderr!r}")
        self._ip("-n", self._mark, "link", "set", "switch", "up")
        for machine, address in self._addresses.items():
            self._plug(machine, address)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for name in (self._mark, *map(self._name, self._addresses)):
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)

    def _plug(self, machine: str, address: str) -> None:
        own = self._name(machine)
        self._ip("netns", "add", own)
        cable = ("link", "add", machine, "type", "veth", "peer", "eth0", "netns", own)
        self._ip("-n", self._mark, *cable)
        self._ip("-n", self._mark, "link", "set", machine, "master", "switch", "up")
        self._ip("-n", own, "addr", "add", f"{address}/24", "dev", "eth0")
        for device in ("lo", "eth0"):
            self._ip("-n", own, "link", "set", device, "up")

    def _name(self, machine: str) -> str:
        return f"{self._mark}-{machine}"

    def _ip(self, *words: str) -> None:
        subprocess.run(["ip", *words], check=True, capture_output=True, timeout=20)

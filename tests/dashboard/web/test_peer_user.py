"""The user at the other end of a connection: told by the kernel, the quick way and the slow one."""

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from dashboard.web import peer_user

CONNECT = """
import encodings.idna, os, socket, sys  # all that is needed, while it may still be read
host, port, user = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
if os.getuid() != user:
    os.setuid(user)
socket.create_connection((host, port)).recv(1)
"""


@contextlib.contextmanager
def connected(host: str, user: int) -> Iterator[tuple[peer_user.End, peer_user.End]]:
    """A connection from a process of that user: its two ends."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as listener:
        port = listener.getsockname()[1]
        asking = subprocess.Popen(
            [sys.executable, "-ISc", CONNECT, host, str(port), str(user)],
        )
        try:
            listener.settimeout(30)
            taken, client = listener.accept()
            with taken:
                yield client[:2], (host, port)
        finally:
            asking.kill()
            asking.wait()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("way", ["by the kernel's answer", "by the table"])
def test_the_owner_of_a_socket_is_found(
    monkeypatch: pytest.MonkeyPatch, host: str, way: str
) -> None:
    if way == "by the table":
        monkeypatch.setattr(peer_user, "SOCK_DIAG", 999)
    user = 33 if os.geteuid() == 0 else os.geteuid()
    with connected(host, user) as (client, server):
        assert peer_user.uid_of(client, server) == user


def test_an_unknown_socket_has_no_owner() -> None:
    with connected("127.0.0.1", os.geteuid()) as (client, server):
        assert peer_user.uid_of((client[0], 1), server) is None

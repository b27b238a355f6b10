"""Which user's socket is at the other end of a connection within this machine, on Linux.

Owns the question to the kernel: sock_diag(7), and /proc/net/tcp where that is not allowed. The table has
a line for each connection of the machine and takes 40 ms to read under load, so it is only the second way.
"""

import os
import socket
import struct
from pathlib import Path

TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))

SOCK_DIAG = 4  # netlink family
BY_FAMILY, REQUEST = 20, 1  # message type and flag
ALL_STATES = 0xFFFFFFFF
HEADER = struct.Struct("=LHHLL")  # length, type, flags, sequence, port
ASKED = struct.Struct("=BBBBL")  # family, protocol, extensions, padding, states
ENDS = struct.Struct("!HH16s16s")  # ports and addresses of both ends
ANY_SOCKET = struct.pack("=LLL", 0, 0xFFFFFFFF, 0xFFFFFFFF)  # interface, no cookie
UID = struct.Struct("=L")
UID_AT = HEADER.size + 4 + ENDS.size + len(ANY_SOCKET) + 12  # behind expires, rqueue, wqueue

End = tuple[str, int]  # address and port


def uid_of(client: End, server: End) -> int | None:
    """The user who owns the client's socket; None where it cannot be found."""
    try:
        return _by_diag(client, server)
    except OSError:
        return _by_table(client, server[1])


def _by_diag(client: End, server: End) -> int | None:
    """Ask the kernel for one socket. Raises OSError if it does not answer such questions."""
    family = _family(client[0])
    ends = ENDS.pack(client[1], server[1], _packed(client[0]), _packed(server[0]))
    body = ASKED.pack(family, socket.IPPROTO_TCP, 0, 0, ALL_STATES) + ends + ANY_SOCKET
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, SOCK_DIAG) as ask:
        ask.settimeout(1)
        ask.send(HEADER.pack(HEADER.size + len(body), BY_FAMILY, REQUEST, 0, 0) + body)
        answer = ask.recv(4_096)
    if HEADER.unpack_from(answer)[1] != BY_FAMILY:
        (error,) = struct.unpack_from("=l", answer, HEADER.size)
        raise OSError(-error, os.strerror(-error))
    uid: int = UID.unpack_from(answer, UID_AT)[0]
    return uid


def _by_table(client: End, server_port: int) -> int | None:
    wanted, to = f" {_written(client[0])}:{client[1]:04X} ", f":{server_port:04X}"
    for table in TABLES:
        try:
            text = table.read_text(encoding="ascii")
        except OSError:
            continue
        at = text.find(wanted)
        while at >= 0:
            fields = text[at : text.find("\n", at)].split()
            if fields[1].endswith(to):
                return int(fields[6])
            at = text.find(wanted, at + 1)
    return None


def _family(host: str) -> int:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _packed(host: str) -> bytes:
    return socket.inet_pton(_family(host), host).ljust(16, b"\0")


def _written(host: str) -> str:
    """An address as the kernel's tables write it: words of four bytes in the machine's order."""
    packed = socket.inet_pton(_family(host), host)
    return "".join(packed[at : at + 4][::-1].hex() for at in range(0, len(packed), 4)).upper()

"""The names and IP addresses by which sensors reach this machine. Reads the kernel's own table."""

import re
import socket
from ipaddress import ip_address
from pathlib import Path

TABLE = Path("/proc/net/fib_trie")
_LOCAL = re.compile(r"\|-- (\d+\.\d+\.\d+\.\d+)\n +/32 host LOCAL")


def own_addresses(table: Path = TABLE) -> list[str]:
    """The machine's IPv4 addresses, without loopback; none where the table cannot be read."""
    try:
        found = _LOCAL.findall(table.read_text(encoding="ascii"))
    except OSError:
        return []
    return sorted({one for one in found if not ip_address(one).is_loopback})


def own_names(more: tuple[str, ...] = ()) -> list[str]:
    """Names and addresses for a certificate: those of the settings, the host's, and loopback's."""
    host = socket.gethostname().partition(".")[0].lower()
    plain = host if re.fullmatch(r"[a-z0-9-]+", host) else "shishigaki"
    named = [*more, f"{plain}.local", plain, "localhost", "127.0.0.1"]
    return list(dict.fromkeys([*named, *own_addresses()]))

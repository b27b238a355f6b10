"""Whether a request was sent by a page of ours.

Owns which origins are ours: that of the public address, this machine's names, and the address that was
reached. Must not answer a request.
"""

import socket
from urllib.parse import urlsplit

from starlette.requests import Request

DEFAULT_PORTS = {"http": 80, "https": 443}

Origin = tuple[str, str, int]  # scheme, host, port


def is_ours(request: Request, public: Origin | None, names: set[str]) -> bool:
    """Whether a request was sent by a page of ours, or by a program that is no browser."""
    headers = request.headers
    if headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return False
    said = headers.get("origin") or headers.get("referer")
    if said is None:
        return not is_browser(request)
    origin = parse_origin(said)
    return origin is not None and (origin == public or origin in reached(request, names))


def reached(request: Request, names: set[str]) -> set[Origin]:
    """The origins under which this machine itself answers at the port that was reached."""
    server = request.scope.get("server")
    if not server or server[1] is None:
        return set()
    return {("http", name, server[1]) for name in names | {str(server[0]).lower()}}


def is_browser(request: Request) -> bool:
    """Whether a browser asks: every one of them names itself so."""
    says = request.headers.get("user-agent", "").lower()
    return "mozilla" in says or any(name.startswith("sec-fetch-") for name in request.headers)


def parse_origin(url: str) -> Origin | None:
    """Scheme, host and port of an address; None: it has none."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port or DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return None
    if parts.hostname is None or port is None or parts.username is not None:
        return None
    return parts.scheme, parts.hostname, port


def machine_names() -> set[str]:
    """The names that this machine has in its own network."""
    name = socket.gethostname().lower()
    return {name, f"{name.partition('.')[0]}.local"}

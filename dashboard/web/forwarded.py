"""Whether a request was handed on by another program: a reverse proxy, a tunnel, a relay.

Owns the signs of it. Whoever sits at the machine asks by a browser of their own; a request that was
handed on can come from anywhere, although it arrives from a loopback address.
Limit: a proxy that runs as a person, speaks HTTP/1.1 and adds no header leaves no sign; `public_url` tells.
"""

import os
from ipaddress import ip_address

from starlette.requests import Request

from dashboard.web import peer_user

ROOT, PEOPLE = 0, range(1_000, 60_000)  # user ids of persons: login.defs(5), systemd's uids-gids
PEER_UID = "shishigaki.peer_uid"  # in the scope of a request

# Headers that no browser sends by itself. Every name that begins with "X-" is one too, except BROWSERS'.
SIGNS = (
    "forwarded",
    "via",
    "client-ip",
    "true-client-ip",
    "remote-",
    "proxy-",
    "max-forwards",
    "cdn-",
    "cf-",
    "fastly-",
    "fly-",
    "akamai-",
    "tailscale-",
    "ngrok-",
    "front-end-https",
    "ssl-client-",
    "surrogate-",
    "traceparent",
    "tracestate",
    "b3",
)
BROWSERS = {"x-requested-with", "x-purpose", "x-moz"}


def is_forwarded(request: Request) -> bool:
    """Whether anything says that another program handed this request on."""
    names = {name.lower() for name in request.headers}
    return (
        request.scope.get("http_version") == "1.0"  # nginx's own choice; no browser speaks it
        or "upgrade" in request.headers.get("connection", "").lower()
        or any(is_sign(name) for name in names)
        or is_service(peer_uid(request))
    )


def is_at_machine(request: Request) -> bool:
    """Whether a program on this machine asks for itself, as a monitoring agent does.

    A request without an address came over no network: the pages listen on TCP only.
    """
    is_own = request.client is None or is_loopback(request.client.host)
    return is_own and not is_forwarded(request)


def source(request: Request) -> str:
    """The address that a request comes from, for limits only: never a reason to trust somebody.

    Behind a proxy on this machine it is the last address of X-Forwarded-For, which that proxy added itself.
    """
    peer = request.client.host if request.client else ""
    told = request.headers.getlist("x-forwarded-for")
    if told and is_loopback(peer):
        return told[-1].rpartition(",")[2].strip() or peer
    return peer


def is_loopback(address: str) -> bool:
    """Whether a peer's address is this machine's own."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    return (getattr(found, "ipv4_mapped", None) or found).is_loopback


def is_sign(name: str) -> bool:
    """Whether a header (in lower case) is added on the way."""
    return name.startswith(SIGNS) or (name.startswith("x-") and name not in BROWSERS)


def is_service(uid: int | None) -> bool:
    """Whether the user id is that of a service, as nginx has one; None: not known."""
    return uid is not None and uid not in PEOPLE and uid not in {ROOT, os.geteuid()}


def peer_uid(request: Request) -> int | None:
    """The user whose socket asks; None where it cannot be found. Looked up once for a request."""
    if PEER_UID not in request.scope:
        client, server = request.scope.get("client"), request.scope.get("server")
        if client and server and server[1] is not None:
            request.scope[PEER_UID] = peer_user.uid_of(client, server)
        else:
            request.scope[PEER_UID] = None
    found: int | None = request.scope[PEER_UID]
    return found

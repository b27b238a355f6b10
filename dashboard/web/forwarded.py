"""Whether a request was handed on by another program: a reverse proxy, a tunnel, a relay.

Owns the signs of it. Whoever sits at the machine asks by a browser of their own; a request that was
handed on can come from anywhere, although it arrives from a loopback address.
Limit: a proxy that runs as a person, speaks HTTP/1.1 and adds no header leaves no sign; `public_url` tells.
"""

import os
from collections.abc import Callable, Iterable
from ipaddress import ip_address

from starlette.requests import Request

from dashboard.web import peer_user

ROOT, PEOPLE = 0, range(1_000, 60_000)  # user ids of persons: login.defs(5), systemd's uids-gids
PEER_UID, SOURCE = "shishigaki.peer_uid", "shishigaki.source"  # in the scope of a request
MOST_HOPS = 20  # of X-Forwarded-For that are read

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

    Behind a trusted proxy it is what that proxy says (`entry.proxies`).
    """
    if SOURCE not in request.scope:
        peer = request.client.host if request.client else ""
        forwarded = request.headers.getlist("x-forwarded-for")
        request.scope[SOURCE] = client_address(peer, forwarded)
    found: str = request.scope[SOURCE]
    return found


def client_address(
    peer: str, told: Iterable[str], is_proxy: Callable[[str], bool] = lambda _: False
) -> str:
    """The nearest address that no trusted proxy has: each proxy adds the one that it was asked by.

    Trusted are the proxies that the settings name, and one on this machine that asks us itself.
    """
    hops = [one.strip() for header in told for one in header.split(",")]
    address, is_trusted = peer, is_loopback(peer) or is_proxy(peer)
    for hop in reversed(hops[-MOST_HOPS:]):
        if not is_trusted or not (asked_by := _without_port(hop)):
            break
        address, is_trusted = asked_by, is_proxy(asked_by)
    return address


def _without_port(hop: str) -> str:
    """The address of one entry of X-Forwarded-For; "" if it has none."""
    host = hop[1:].partition("]")[0] if hop.startswith("[") else hop
    host = host.partition(":")[0] if host.count(":") == 1 else host
    try:
        return str(ip_address(host.partition("%")[0]))
    except ValueError:
        return ""


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

"""Proxies that are trusted to say who asks: this machine itself, and those that the settings name.

Owns which they are, and writes the address that counts for limits into each request. Must not trust anybody
because of an address: reading and acting need an account.
"""

from collections.abc import Sequence
from ipaddress import ip_address, ip_network

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboard.web.forwarded import SOURCE, client_address


class Proxies:
    """The trusted proxies of one site."""

    def __init__(self, networks: Sequence[str] = ()) -> None:
        self._networks = [ip_network(one) for one in networks]

    def are_named(self, address: str) -> bool:
        """Whether the settings name it."""
        try:
            found = ip_address(address.partition("%")[0])
        except ValueError:
            return False
        found = getattr(found, "ipv4_mapped", None) or found
        return any(found in network for network in self._networks)


class ClientAddress:
    """Passes every request on with the address that asks, see `forwarded.source`."""

    def __init__(self, app: ASGIApp, proxies: Proxies) -> None:
        self._app, self._proxies = app, proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            request = Request(scope)
            peer = request.client.host if request.client else ""
            forwarded = request.headers.getlist("x-forwarded-for")
            scope[SOURCE] = client_address(peer, forwarded, self._proxies.are_named)
        await self._app(scope, receive, send)

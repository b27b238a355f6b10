"""The settings of the web pages: where they listen, how people and proxies reach them, what maps show. PURE.

Owns names, defaults and limits. Must not open a socket.
"""

from ipaddress import ip_network
from typing import Annotated, Literal

from msgspec import Meta, Struct

LOOPBACK_NAMES = {"127.0.0.1", "localhost", "::1"}
Port = Annotated[int, Meta(ge=1, le=65_535)]
Latitude = Annotated[float, Meta(ge=-90, le=90)]
Longitude = Annotated[float, Meta(ge=-180, le=180)]


class Dashboard(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The web pages."""

    host: str = "127.0.0.1"
    port: Port = 8000
    public_url: Annotated[
        str,
        Meta(
            pattern=r"^(https?://[^\s/?#@\\]+/?)?\Z",
            description="https://NAME or http://NAME:PORT without a path: a name of its own",
        ),
    ] = ""  # how phones reach the pages; needed for links in alerts
    trusted_proxies: tuple[str, ...] = ()  # addresses or networks, besides this machine itself
    secret: str = ""  # signs sessions and links; empty: made once and kept beside the database
    security_contact: Annotated[
        str,
        Meta(
            pattern=r"^((mailto:|https://)[^\s]+)?\Z", description="mailto:NAME@HOST or https://…"
        ),
    ] = ""  # in /.well-known/security.txt; empty: there is none
    tiles: Literal["gsi", "none"] = "gsi"
    centre: tuple[Latitude, Longitude] | None = None  # empty: the middle of the devices
    map_pack: str = ""  # a file made by `shishigaki map pack`; empty: only the coast
    history: Literal["embedded", "influx"] = "embedded"  # where pages read the past from

    def problem(self) -> str:
        """What is wrong with the values together; "" if nothing is."""
        for one in self.trusted_proxies:
            try:
                ip_network(one)
            except ValueError as error:
                return (
                    f"dashboard.trusted_proxies = {one!r}: {error}; allowed: an address or a network, "
                    'such as "192.168.1.2" or "10.0.3.0/24"'
                )
        return ""


def is_local(settings: Dashboard) -> bool:
    """Whether the settings let only this machine reach the pages."""
    is_behind = bool(settings.public_url or settings.trusted_proxies)
    return settings.host in LOOPBACK_NAMES and not is_behind

"""Links to a place for the map applications of a phone. PURE.

Owns their form. The place is in the link itself, so only a page whose reader may know it shows one; a
person who follows the https link tells the place to that service.
"""

from msgspec import Struct

DECIMALS = 5  # a metre


class RouteLinks(Struct, frozen=True):
    """Links to one place."""

    geo: str  # opens whatever map application an Android phone has, with a mark at the place
    https: str  # opens a route in any browser, on iPhones too


def links_to(lat: float | None, lon: float | None) -> RouteLinks | None:
    """The links; None without a place."""
    if lat is None or lon is None:
        return None
    at = f"{lat:.{DECIMALS}f},{lon:.{DECIMALS}f}"
    return RouteLinks(f"geo:0,0?q={at}", f"https://www.google.com/maps/dir/?api=1&destination={at}")

"""The link of a message, and what it opened."""

from typing import Any

from gateway.alerts.links import Links
from gateway.domain.model import TrapAction
from tests.gateway.alerts.site import Site

LINKS = Links("s" * 32, "https://wall.example", days=3)


def link(site: Site, person: str = "tanaka") -> str:
    [alert] = site.open().values()
    return LINKS.url(alert.id, person, site.now)


def alert_of(site: Site) -> Any:
    return site.store.read_now(lambda r: r.latest_alerts())[0]


def acts_of(site: Site) -> list[TrapAction]:
    return site.store.read_now(lambda r: r.acts())

"""Every address of a gateway's pages, those of the calculating process included."""

import re
from collections.abc import Iterable
from importlib import import_module

from starlette.applications import Starlette
from starlette.routing import BaseRoute, Route

from dashboard.web.process.pages import PAGES
from dashboard.web.responses import Reply
from gateway.app import Gateway

VALUES = {
    "name": "nobody",
    "device": "trap-01",
    "token": "x",
    "no": "1",
    "sha256": "0" * 64,
    "id": "ab" * 8,
    "form": "json",
    "reader": "official",
    "version": "x",
}


def addresses(app: Starlette, gateway: Gateway, method: str) -> list[str]:
    """The paths that answer `method`, parameters filled in."""
    found = {
        re.sub(r"\{(\w+)(:\w+)?\}", lambda match: VALUES[match[1]], route.path)
        for route in _routes(all_routes(app, gateway))
        if method in (route.methods or ())
    }
    return sorted(found)


def all_routes(app: Starlette, gateway: Gateway) -> list[BaseRoute]:
    """The routes of the pages, those of the calculating process included."""
    return [*app.routes, *_calculating(gateway)]


def _routes(routes: Iterable[BaseRoute]) -> list[Route]:
    return [route for route in routes if isinstance(route, Route)]


def _calculating(gateway: Gateway) -> list[BaseRoute]:
    found: list[BaseRoute] = []
    for name in PAGES.values():
        module, _, page = name.partition(":")
        config = gateway.config
        made = getattr(import_module(module), page)(
            gateway.store, Reply(config), config, gateway.clock
        )
        found += made.routes()
    return found

"""Pages that stay on the shelf until somebody asks for one: what they load would fill a small board.

Owns the table of those pages and how they are taken down: in a thread, so that intake and live pages go on
meanwhile. Nothing else imports these modules while the gateway runs.
"""

import asyncio
from collections.abc import Callable
from importlib import import_module

from starlette.routing import BaseRoute, Match, Router
from starlette.types import Receive, Scope, Send

LAZY_PAGES = {  # path -> the class that answers there and below
    "/officials": "dashboard.office.pages:Officials",
    "/public": "dashboard.public.pages:PublicPages",
}

Build = Callable[[type], Router]


class LazyRoutes(BaseRoute):
    """The routes under a path; `build` makes a Router of the named class at the first request."""

    def __init__(self, path: str, name: str, build: Build) -> None:
        self._path, self._name, self._build = path, name, build
        self._router: Router | None = None
        self._taking = asyncio.Lock()

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether the path is ours; the routes themselves are not known yet."""
        path = str(scope.get("path", ""))
        ours = path == self._path or path.startswith(f"{self._path}/")
        return (Match.FULL if ours else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, after taking the pages down if nobody has yet."""
        async with self._taking:
            if self._router is None:
                self._router = await asyncio.to_thread(self._take)
        await self._router(scope, receive, send)

    def _take(self) -> Router:
        module, _, name = self._name.partition(":")
        return self._build(getattr(import_module(module), name))


def shelved(build: Build) -> list[BaseRoute]:
    """A route for each row of the table."""
    return [LazyRoutes(path, name, build) for path, name in LAZY_PAGES.items()]

"""The installable application: its manifest, its service worker, and the page about this phone.

Owns the list of files that the service worker keeps and their common version: a changed file makes another
worker, which replaces the old one and deletes what that had kept. The pages that it keeps: `offline_pages`.
"""

from datetime import datetime
from functools import cache
from hashlib import blake2b
from typing import Any

from msgspec import json
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dashboard.web import assets
from dashboard.web.browser.versions import PHONE_FILES, address_of
from dashboard.web.responses import Reply
from gateway.clock import Clock

WORKER, MANIFEST, PHONE, NOW = "/sw.js", "/manifest.webmanifest", "/phone", "/phone/now"
SCRIPTS = ("phone/store.js", "phone/send.js")
ICONS = ((192, "any"), (512, "any"), (512, "maskable"))
POLICY = "default-src 'none'; script-src 'self'; connect-src 'self'; frame-ancestors 'none'"
WALL = "#123524"  # the colour of the header


class PhonePages:
    """Handlers of the application's own addresses."""

    def __init__(self, reply: Reply, site: str, clock: Clock) -> None:
        self._reply, self._site, self._clock = reply, site, clock

    def routes(self) -> list[Route]:
        """Manifest, service worker, the page about this phone, and the gateway's time."""
        return [
            Route(WORKER, self.worker),
            Route(MANIFEST, self.manifest),
            Route(PHONE, self.show),
            Route(NOW, self.now),
        ]

    async def worker(self, request: Request) -> Response:
        """The service worker; a browser asks for it again at each visit."""
        policy = {"Content-Security-Policy": POLICY}
        return Response(script(), media_type="text/javascript", headers=policy)

    async def manifest(self, request: Request) -> Response:
        """What the application is called, how it looks and where it begins."""
        words = self._reply.text(request)
        name = self._site or words("site.name")
        told: dict[str, Any] = {
            "id": "/traps",
            "name": name,
            "short_name": words("site.name"),
            "lang": words.language,
            "start_url": "/traps",
            "scope": "/",
            "display": "standalone",
            "background_color": "#f5f4ee",
            "theme_color": WALL,
            "icons": [
                {
                    "src": address_of(f"phone/icon-{purpose}-{px}.png"),
                    "sizes": f"{px}x{px}",
                    "type": "image/png",
                    "purpose": purpose,
                }
                for px, purpose in ICONS
            ],
        }
        return Response(json.encode(told), media_type="application/manifest+json")

    async def show(self, request: Request) -> Response:
        """What waits to be sent, what needs a decision, and what this phone can do."""
        return self._reply.page(
            request, "phone_page.html", self._clock(), account=request.state.account
        )

    async def now(self, request: Request) -> Response:
        """A sign of life for pages that are not live."""
        told: datetime = self._clock()
        return JSONResponse({"now": told.isoformat()})


@cache
def script() -> str:
    """The service worker with its version and its files."""
    addresses = [address_of(name) for name in PHONE_FILES]
    imported = [address_of(name) for name in SCRIPTS]
    body = (assets.STATIC / "phone/worker.js").read_text(encoding="utf-8")
    version = blake2b("\n".join([*addresses, body]).encode(), digest_size=6).hexdigest()
    return (
        f'const VERSION = "{version}";\n'
        f"const ASSETS = {json.encode(addresses).decode()};\n"
        f'const ICON = "{address_of("phone/icon-any-192.png")}";\n'
        f"importScripts({', '.join(json.encode(one).decode() for one in imported)});\n{body}"
    )

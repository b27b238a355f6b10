"""/report/sw.js: what keeps the form in a resident's browser and sends what waits there.

Owns the list of its files and their common version. It is responsible for addresses below /report alone, so
that it never meets the trappers' application.
"""

from functools import cache
from hashlib import blake2b

from msgspec import json
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.public.report.form import PAGE, SCRIPTS, STYLE
from dashboard.web import assets
from dashboard.web.browser.versions import address_of
from gateway.config.residents.reports import Reports

WORKER = "/report/sw.js"
POLICY = "default-src 'none'; script-src 'self'; connect-src 'self'; frame-ancestors 'none'"


class ReportWorker:
    """The handler of the service worker."""

    def __init__(self, settings: Reports) -> None:
        self._settings = settings

    def routes(self) -> list[Route]:
        """Its route."""
        return [Route(WORKER, self.send)]

    async def send(self, _request: Request) -> Response:
        """The service worker; a browser asks for it again at each visit."""
        if not self._settings.enabled:
            raise HTTPException(404)
        headers = {"Content-Security-Policy": POLICY, "Service-Worker-Allowed": PAGE}
        return Response(script(), media_type="text/javascript", headers=headers)


@cache
def script() -> str:
    """The service worker with its version and its files."""
    addresses = [address_of(name) for name in (*SCRIPTS, STYLE)]
    body = (assets.STATIC / "report/worker.js").read_text(encoding="utf-8")
    version = blake2b("\n".join([*addresses, body]).encode(), digest_size=6).hexdigest()
    return (
        f'const VERSION = "{version}";\n'
        f"const ASSETS = {json.encode(addresses).decode()};\n"
        f"importScripts({json.encode(address_of(SCRIPTS[0])).decode()});\n{body}"
    )

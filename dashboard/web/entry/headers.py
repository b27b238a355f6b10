"""Security headers of every answer, whoever made it: pages, files, errors, redirects and streams.

Owns the table. What an answer says itself stays, so a page keeps its own content security policy.
"""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), payment=(), usb=(), geolocation=(self)",
}
DATA = {  # of everything except the browser's own files
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
}
# 30 days: a town whose certificate lapses is not locked out for a year.
HTTPS = {
    "Strict-Transport-Security": "max-age=2592000",
    "Cross-Origin-Opener-Policy": "same-origin",  # over HTTP browsers ignore it and complain
}


class SecurityHeaders:
    """Adds what an answer does not say itself. `https`: people reach the pages by HTTPS only."""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self._app = app
        self._all = HEADERS | (HTTPS if https else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        wanted = self._all if scope["path"].startswith("/static/") else self._all | DATA

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in wanted.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, sending)

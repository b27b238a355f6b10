"""`/.well-known/security.txt` (RFC 9116): to whom somebody tells a weakness of this gateway.

Owns the page. It is for everybody, before any log-in, and tells nothing else.
"""

from datetime import timedelta

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from gateway.clock import Clock
from gateway.config import Dashboard

PATH = "/.well-known/security.txt"
VALID = timedelta(days=180)  # RFC 9116 advises less than a year


class SecurityTxt:
    """The page of one gateway."""

    def __init__(self, settings: Dashboard, clock: Clock) -> None:
        self._settings, self._clock = settings, clock

    def routes(self) -> list[BaseRoute]:
        """Its route."""
        return [Route(PATH, self._show)]

    async def _show(self, _request: Request) -> Response:
        settings = self._settings
        if not settings.security_contact:
            return PlainTextResponse("no contact is set: dashboard.security_contact\n", 404)
        expires = (self._clock() + VALID).replace(microsecond=0)
        lines = [
            f"Contact: {settings.security_contact}",
            f"Expires: {expires.isoformat().replace('+00:00', 'Z')}",
            "Preferred-Languages: ja, en",
        ]
        if settings.public_url:
            lines.append(f"Canonical: {settings.public_url.rstrip('/')}{PATH}")
        return PlainTextResponse("\n".join(lines) + "\n")

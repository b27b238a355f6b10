"""Browsers that were in before: a signed cookie that lives long and opens nothing.

Owns that cookie. It only says under which names this browser has logged in, so that its guesses are counted
by themselves (`guesses`). Must not open a session.
"""

import secrets

import msgspec
from itsdangerous import BadSignature, URLSafeSerializer
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from gateway.domain.people.signing import Keys

COOKIE = "shishigaki_browser"
COOKIE_S = 400 * 24 * 3600  # the longest that browsers keep one
MOST_NAMES = 5  # the last ones: an office shares its computer


class Browser(Struct, frozen=True, array_like=True):
    """What the cookie says."""

    id: str
    names: tuple[str, ...] = ()

    def with_name(self, name: str) -> "Browser":
        """The browser after somebody has logged in with it."""
        others = (one for one in self.names if one != name)
        return Browser(self.id, (name, *others)[:MOST_NAMES])


class Browsers:
    """Makes and reads the cookies."""

    def __init__(self, keys: Keys, *, secure: bool) -> None:
        self._keys, self._secure = keys, secure

    def of(self, request: Request) -> Browser | None:
        """What the request's cookie says; None: it was never in."""
        try:
            said = self._signer().loads(request.cookies.get(COOKIE, ""))
            return msgspec.convert(said, Browser)
        except (BadSignature, msgspec.ValidationError):
            return None

    def known(self, request: Request, name: str) -> str:
        """The id of a browser that was in before under this name; "" of any other."""
        browser = self.of(request)
        return browser.id if browser and name in browser.names else ""

    def remember(self, request: Request, response: Response, name: str) -> None:
        """Somebody has logged in with this browser."""
        browser = (self.of(request) or Browser(secrets.token_urlsafe(12))).with_name(name)
        token = str(self._signer().dumps([browser.id, browser.names]))
        response.set_cookie(
            COOKIE, token, max_age=COOKIE_S, httponly=True, samesite="lax", secure=self._secure
        )

    def _signer(self) -> URLSafeSerializer:
        """Signs with the newest secret, reads what any accepted one has signed."""
        return URLSafeSerializer(list(self._keys()), salt="browser")

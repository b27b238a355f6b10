"""The hub's pages as HTML: templates, the reader's language, the title of the region.

Owns what every template of the hub is given. How templates are filled: `dashboard.web.browser.templating`.
"""

import secrets
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from dashboard.office.region.hub.entry.accounts import HubUser
from dashboard.web.browser import templating
from dashboard.web.i18n import choose, clock, text
from gateway.words.catalogue import Language, Translations

LANGUAGE_COOKIE = "lang"
YEAR_S = 365 * 24 * 3600


class PageSettings(Struct, frozen=True, kw_only=True):
    """What the pages must know of this hub."""

    title: str = ""
    public_url: str = ""  # where people reach the pages; "": loopback only
    language: Language = "ja"
    timezone: str = "Asia/Tokyo"
    tiles: bool = False  # offer the base maps of 国土地理院
    silent_after_s: int = 3_600  # a town that was not heard for longer is shown as silent


class HubReply:
    """Makes the pages of one hub."""

    def __init__(self, settings: PageSettings) -> None:
        self.settings = settings
        self.zone = ZoneInfo(settings.timezone)
        self._jinja = templating.environment()
        self._jinja.globals.update(site=settings.title)

    def text(self, request: Request) -> Translations:
        """The texts in the reader's language."""
        wanted = request.query_params.get("lang") or request.cookies.get(LANGUAGE_COOKIE)
        accept = request.headers.get("accept-language", "")
        return text(choose(wanted, accept, self.settings.language))

    def page(
        self, request: Request, template: str, now: datetime, *, status: int = 200, **values: Any
    ) -> Response:
        """A whole page; `values` are passed to the template."""
        words, nonce = self.text(request), secrets.token_urlsafe(16)
        html = self._jinja.get_template(f"region/{template}").render(
            t=words,
            now=now,
            nonce=nonce,
            path=request.url.path,
            user=user_of(request),
            clock=lambda at: clock(at, self.zone, now),
            **values,
        )
        headers = templating.headers(nonce if nonce in html else "", self.settings.tiles)
        response = HTMLResponse(html, status, headers)
        if request.query_params.get("lang") == words.language:
            response.set_cookie(LANGUAGE_COOKIE, words.language, max_age=YEAR_S, samesite="lax")
        return response


def user_of(request: Request) -> HubUser | None:
    """Who asks; None: nobody has logged in."""
    user: HubUser | None = getattr(request.state, "user", None)
    return user


def reader(request: Request) -> HubUser:
    """Who asks, on a page behind the gate."""
    user = user_of(request)
    assert user is not None, "the gate lets nobody in without an account"  # noqa: S101
    return user

"""HTML responses: templates, security headers, the reader's language.

Owns what every template of the gateway's pages is given. How templates are filled: `templating`. Must not
read the store.
"""

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from dashboard.web.browser import templating
from dashboard.web.browser.phone_words import phone_words
from dashboard.web.browser.versions import phone_version
from dashboard.web.guide import handbook
from dashboard.web.i18n import choose, clock, text
from gateway.alerts import texts
from gateway.alerts.rules import TABLE
from gateway.config import Config
from gateway.domain.model import Alert
from gateway.domain.people.permissions import Access
from gateway.domain.people.person import Person
from gateway.words.catalogue import Translations

LANGUAGE_COOKIE = "lang"
PERSON_HEADER = "Shishigaki-Person"
YEAR_S = 365 * 24 * 3600


class Reply:
    """Makes the responses of one site."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self.zone = ZoneInfo(config.site.timezone)
        self.asked = config.paperwork.asked  # what the municipality asks about a capture
        self._jinja = templating.environment()
        self._jinja.globals.update(
            site=config.site.title,
            zone=self.zone,
            tiles=config.dashboard.tiles,
            takes_reports=config.reports.enabled,
            rule=rule_title,
            about=about,
            phone_words=phone_words,
            phone_version=phone_version,
            guide_at=handbook.reader_at,
        )

    def text(self, request: Request) -> Translations:
        """The texts in the reader's language."""
        wanted = request.query_params.get("lang") or request.cookies.get(LANGUAGE_COOKIE)
        accept = request.headers.get("accept-language", "")
        return text(choose(wanted, accept, self._config.site.language))

    def fragment(self, template: str, words: Translations, now: datetime, **values: Any) -> str:
        """A part of a page."""
        return self._jinja.get_template(template).render(
            t=words, now=now, clock=lambda at: clock(at, self.zone, now), **values
        )

    def page(
        self,
        request: Request,
        template: str,
        now: datetime,
        *,
        account: Person | None = None,
        status: int = 200,
        **values: Any,
    ) -> Response:
        """A whole page; `values` are passed to the template."""
        words = self.text(request)
        nonce = secrets.token_urlsafe(16)
        html = self.fragment(
            template,
            words,
            now,
            nonce=nonce,
            path=request.url.path,
            account=account,
            access=getattr(request.state, "access", Access()),
            **values,
        )
        response = HTMLResponse(
            html,
            status,
            templating.headers(
                nonce if nonce in html else "", self._config.dashboard.tiles != "none"
            ),
        )
        if hasattr(request.state, "account"):  # the service worker keeps one person's pages only
            person = request.state.account
            response.headers[PERSON_HEADER] = quote(person.name) if person else ""
        if request.query_params.get("lang") == words.language:
            response.set_cookie(LANGUAGE_COOKIE, words.language, max_age=YEAR_S, samesite="lax")
        return response


def rule_title(alert: Alert, words: Translations) -> str:
    """The title of an alert; the name of the rule if this version does not know the rule."""
    return texts.title(alert, words.language) if alert.rule in TABLE else alert.rule


def about(alert: Alert, names: Mapping[str, str], words: Translations) -> tuple[str, str | None]:
    """The display name of an alert's subject, and the device to show on the map, if any."""
    if alert.subject in names:
        return names[alert.subject], alert.subject
    place, _, species = alert.subject.rpartition("/")
    if not place:
        return alert.subject, None
    named = f"{names.get(place, place)} {words.name('species', species)}"
    return named, place if place in names else None

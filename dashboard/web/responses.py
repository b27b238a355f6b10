"""HTML responses: templates, security headers, the reader's language.

Owns the Jinja environment (all values escaped) and the security headers. All HTML is made here. Must not
read the store.
"""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import jinja2
import msgspec
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from dashboard.web import assets
from dashboard.web.browser.phone_words import phone_words
from dashboard.web.browser.versions import address_of, phone_version
from dashboard.web.i18n import choose, clock, text
from gateway.alerts import texts
from gateway.alerts.rules import TABLE
from gateway.config import Config
from gateway.domain.model import Alert
from gateway.domain.people.permissions import Access
from gateway.domain.people.person import Person
from gateway.words.catalogue import Translations
from gateway.words.visible import isolated, shown

LANGUAGE_COOKIE = "lang"
PERSON_HEADER = "Shishigaki-Person"
if TYPE_CHECKING:  # numpy is loaded by the first page of rates
    from dashboard.analysis.rate import RateInterval

YEAR_S = 365 * 24 * 3600
MOST_PLACES = 20  # of a list in a sentence


class Reply:
    """Makes the responses of one site."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self.zone = ZoneInfo(config.site.timezone)
        self.asked = config.paperwork.fields  # what the municipality asks about a capture
        loader = jinja2.FileSystemLoader(Path(__file__).parents[1] / "templates")
        self._jinja = jinja2.Environment(
            loader=loader,
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            finalize=_finalized,
        )
        self._jinja.filters |= {"exact": _exact, "names": _names, "places": _places}
        self._jinja.filters["short"] = _short
        self._jinja.policies |= {"json.dumps_function": _json, "json.dumps_kwargs": {}}
        self._jinja.globals.update(
            site=config.site.title,
            zone=self.zone,
            tiles=config.dashboard.tiles,
            rule=rule_title,
            about=about,
            asset=address_of,
            phone_words=phone_words,
            phone_version=phone_version,
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
            _headers(nonce if nonce in html else "", self._config.dashboard.tiles != "none"),
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


def _short(rate: "RateInterval") -> Markup:
    """A rate with its interval for a table's cell."""
    if rate.per100 is None:
        return Markup("—")
    return Markup("{:.1f} <small>({:.1f}–{:.1f})</small>").format(rate.per100, rate.low, rate.high)


def _finalized(value: object) -> object:
    """What a template shows: nothing that cannot be seen or that turns round the text beside it."""
    return shown(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _names(names: Iterable[str], words: Translations) -> str:
    """Names one after the other, none of which moves its neighbour."""
    return words("office.comma").join(isolated(one) for one in names)


def _places(devices: Sequence[Any], words: Translations) -> str:
    """Devices with where they are said to be; of many the first."""
    comma = words("office.comma")
    named = [f"{isolated(one.name)} ({one.lat}, {one.lon})" for one in devices[:MOST_PLACES]]
    return comma.join([*named, "…"] if len(devices) > MOST_PLACES else named)


def _exact(value: str) -> Markup:
    """An id for a form that sends it back, with every character that it has."""
    return escape(value)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _headers(nonce: str, tiles: bool) -> dict[str, str]:
    return {
        "Content-Security-Policy": assets.policy(nonce, tiles=tiles),
        "Cache-Control": "no-store",
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "X-Content-Type-Options": "nosniff",
    }

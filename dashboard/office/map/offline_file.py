"""The officials' map as one file: own scripts, styles, pictures and coastline inside, no request.

Owns the inlining. Must not read the store.
"""

import base64
import re
import secrets
from datetime import datetime
from pathlib import Path

from markupsafe import Markup

from dashboard.maps import coastline, raster
from dashboard.office.land_files import Lands
from dashboard.office.map import drawing, report_density
from dashboard.office.map.overview import MapInput
from dashboard.web import assets
from dashboard.web.i18n import Translations
from dashboard.web.responses import Reply

_URL = re.compile(r"url\(([^)\"']+)\)")
TYPES = {".png": "image/png", ".svg": "image/svg+xml", ".gif": "image/gif"}


def render(
    reply: Reply,
    facts: list[MapInput],
    owned: Lands,
    words: Translations,
    now: datetime,
    centre: tuple[float, float] | None = None,
) -> str:
    """The file's HTML; whoever opens it needs neither network nor server."""
    limits = drawing.limits_of(facts, centre)
    drawn = drawing.draw(
        facts, owned, limits, words, tiles=False, source=coastline.features(limits)
    )
    return reply.fragment(
        "officials_file.html",
        words,
        now,
        nonce=secrets.token_urlsafe(16),
        drawn=drawn,
        wish=facts[0].wish,
        legend=raster.legend(),
        reports_legend=report_density.legend(),
        bounded=owned.boundary is not None,
        script=drawing.script_values(words, *(one.map for one in drawn)),
        styles=[_style(url) for url in (*drawn[0].map.styles, *_OWN_STYLES)],
        scripts=[_script(url) for url in (*drawn[0].map.scripts, "/static/officials.js")],
    )


_OWN_STYLES = ("/static/app.css", "/static/officials.css")


def _path(url: str) -> Path:
    return assets.STATIC.parent / url.lstrip("/")


def _script(url: str) -> Markup:
    """A script's text; it must not be able to end its own element."""
    text = _path(url).read_text(encoding="utf-8")
    return Markup(re.sub(r"</(script)", r"<\\/\1", text, flags=re.IGNORECASE))  # noqa: S704 - own files


def _style(url: str) -> Markup:
    """A style sheet's text with its pictures inside."""
    path = _path(url)
    text = path.read_text(encoding="utf-8")
    return Markup(_URL.sub(lambda match: _inside(path.parent / match[1], match[0]), text))  # noqa: S704


def _inside(path: Path, otherwise: str) -> str:
    kind = TYPES.get(path.suffix)
    if kind is None or not path.is_file():
        return "none" if kind else otherwise
    return f"url(data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()})"

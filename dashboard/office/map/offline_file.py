"""The officials' map as one HTML file with scripts, styles, pictures and coastline inside.

Owns the inlining. Must not read the store. The file makes no network request.
"""

import base64
import re
import secrets
from datetime import datetime
from pathlib import Path

from markupsafe import Markup

from dashboard.maps import coastline
from dashboard.maps.base_layers import Ground
from dashboard.maps.pack.inside import inside
from dashboard.office.land_files import OfficeLand
from dashboard.office.map import drawing
from dashboard.office.map.overview import MapInput
from dashboard.web import assets
from dashboard.web.responses import Reply
from gateway.config import Dashboard
from gateway.words.catalogue import Translations

_URL = re.compile(r"url\(([^)\"']+)\)")
TYPES = {".png": "image/png", ".svg": "image/svg+xml", ".gif": "image/gif"}


def render(
    reply: Reply,
    inputs: list[MapInput],
    land: OfficeLand,
    words: Translations,
    now: datetime,
    settings: Dashboard,
) -> str:
    """The file's HTML; it opens without network and server."""
    limits = drawing.map_limits(inputs, settings.centre)
    ground = Ground(coast=coastline.features(limits), pack=inside(settings.map_pack))
    drawn = drawing.draw(inputs, land, limits, words, ground)
    return reply.fragment(
        "officials_file.html",
        words,
        now,
        nonce=secrets.token_urlsafe(16),
        drawn=drawn,
        map_filter=inputs[0].map_filter,
        **drawing.legends(words),
        bounded=land.boundary is not None,
        script=drawing.script_values(words, *(one.map for one in drawn)),
        styles=[_style(url) for url in (*drawn[0].map.styles, *_OWN_STYLES)],
        scripts=[_script(url) for url in (*drawn[0].map.scripts, "/static/officials.js")],
    )


_OWN_STYLES = ("/static/app.css", "/static/map.css", "/static/officials.css")


def _path(url: str) -> Path:
    return assets.STATIC.parent / url.lstrip("/")


def _script(url: str) -> Markup:
    """A script's text, escaped so that it cannot end its own element."""
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

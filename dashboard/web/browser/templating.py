"""How templates become HTML: all values escaped, nothing unseen, the policy of what a page may load.

Owns the Jinja environment and the headers of a page. Must not know a site, a reader or the store: the
gateway's pages and those of a region's hub use it alike.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
import msgspec
from markupsafe import Markup, escape

from dashboard.documents import rate_text
from dashboard.web import assets
from dashboard.web.browser.versions import address_of
from gateway.words.catalogue import Translations
from gateway.words.visible import isolated, shown

if TYPE_CHECKING:  # a page without rates does not load them
    from dashboard.analysis.rate import RateInterval

MOST_PLACES = 20  # of a list in a sentence


def environment() -> jinja2.Environment:
    """An environment with the filters that every template may use."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parents[2] / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        finalize=_finalized,
    )
    made.filters |= {"exact": _exact, "names": _names, "places": _places, "short": _short}
    made.filters |= {"basis": rate_text.basis, "told": rate_text.told, "metres": _metres}
    made.policies |= {"json.dumps_function": _json, "json.dumps_kwargs": {}}
    made.globals["asset"] = address_of
    return made


def headers(nonce: str, tiles: bool) -> dict[str, str]:
    """The headers of a page; `nonce`: of its inline script, "": it has none."""
    return {
        "Content-Security-Policy": assets.policy(nonce, tiles=tiles),
        "Cache-Control": "no-store",
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "X-Content-Type-Options": "nosniff",
    }


def _short(rate: "RateInterval", words: Translations) -> Markup:
    """A rate with its interval for a table's cell; no rate where the effort is too little for one."""
    if rate.per100 is None:
        return Markup("—")
    if rate.n == 0:
        return Markup("<small>{}</small>").format(rate_text.zero(rate, words))
    shown = f"{rate.per100:.1f}" if rate.enough else "—"
    return Markup("{} <small>({:.1f}–{:.1f})</small>").format(shown, rate.low, rate.high)


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


def _metres(values: Iterable[float], words: Translations) -> str:
    """Distances one after the other, in whole metres."""
    return words("office.comma").join(f"{value:,.0f}" for value in values)


def _exact(value: str) -> Markup:
    """An id for a form that sends it back, with every character that it has."""
    return escape(value)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()

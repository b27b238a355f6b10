"""The texts of the pages: their catalogue (`locale/`) beside the service's (`gateway/words`).

Owns the choice of the reader's language and the format of times. Must not know pages.
"""

from datetime import datetime, tzinfo
from functools import cache
from importlib.resources import files

from gateway.words.catalogue import LANGUAGES, Language, Translations, read, translations


@cache
def text(language: Language) -> Translations:
    """The texts of a language: those of the service, and those of the pages."""
    pages = read(files("dashboard") / "locale", language)
    return Translations(language, {**translations(language).words, **pages})


def choose(wanted: str | None, accept: str, default: Language) -> Language:
    """The language: the explicit choice, else the browser's Accept-Language, else the site's."""
    if wanted in LANGUAGES:
        return wanted
    ranked = sorted(map(_rank, accept.split(",")), reverse=True)
    for quality, tag in ranked:
        if quality > 0 and tag in LANGUAGES:
            return tag
    return default


def _rank(part: str) -> tuple[float, str]:
    tag, _, parameter = part.strip().partition(";")
    try:
        quality = float(parameter.strip().removeprefix("q=")) if parameter else 1.0
    except ValueError:
        quality = 0.0
    return quality, tag.split("-")[0].lower()


def clock(at: datetime, zone: tzinfo, now: datetime) -> str:
    """A local time, with the year only if it is not the current year."""
    local = at.astimezone(zone)
    same_year = local.year == now.astimezone(zone).year
    shown = f"{local.month}/{local.day} {local:%H:%M}"
    return shown if same_year else f"{local.year}/{shown}"

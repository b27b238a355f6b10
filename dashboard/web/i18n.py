"""The texts of the pages in Japanese and English, from `locale/` (`ja.json`, `ja-office.json` ...).

Owns the choice of the reader's language and the format of times. Must not know pages.
"""

import json
from collections.abc import Mapping
from datetime import datetime, tzinfo
from functools import cache
from pathlib import Path
from typing import Literal

from gateway.domain import trap_lifecycle

Language = Literal["ja", "en"]
LANGUAGES: tuple[Language, ...] = ("ja", "en")


class Translations:
    """The texts of one language; call it with a key to get the text."""

    def __init__(self, language: Language, words: Mapping[str, str]) -> None:
        self.language = language
        self.words = words

    def __call__(self, key: str, **values: object) -> str:
        """The text of `key` with its {placeholders} filled. Raises KeyError for an unknown key."""
        return self.words[key].format_map(values)

    def name(self, group: str, value: str) -> str:
        """The text for a value of an open set (`species`, `rule` ...), or the value itself."""
        return self.words.get(f"{group}.{value}", value)

    def group(self, *prefixes: str) -> dict[str, str]:
        """The texts whose keys begin with one of `prefixes`, for the page's script."""
        return {key: word for key, word in self.words.items() if key.startswith(prefixes)}


@cache
def text(language: Language) -> Translations:
    """The texts of a language."""
    words = _names_of_the_domain(language)
    for path in sorted((Path(__file__).parents[1] / "locale").glob(f"{language}*.json")):
        words |= json.loads(path.read_text(encoding="utf-8"))
    return Translations(language, words)


def _names_of_the_domain(language: Language) -> dict[str, str]:
    """Names of trap states and actions: documents and notifications use the same table."""
    side = LANGUAGES.index(language)
    states = {f"trap_state.{one.value}": n[side] for one, n in trap_lifecycle.STATE_NAMES.items()}
    actions = {f"action.{one.value}": n[side] for one, n in trap_lifecycle.ACTION_NAMES.items()}
    return states | actions


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

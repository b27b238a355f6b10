"""Texts by key, in one language. PURE.

Owns reading a catalogue and filling its placeholders. Must not know who reads.
"""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Literal

import msgspec

from gateway.words.visible import isolated

Language = Literal["ja", "en"]
LANGUAGES: tuple[Language, ...] = ("ja", "en")


class Translations:
    """The texts of one language; call it with a key to get the text."""

    def __init__(self, language: Language, words: Mapping[str, str]) -> None:
        self.language = language
        self.words = words

    def __call__(self, key: str, **values: object) -> str:
        """The text of `key` with its {placeholders} filled. Raises KeyError for an unknown key.

        A name that runs from right to left is isolated, so that it moves nothing else of the sentence.
        """
        return self.words[key].format_map(
            {name: isolated(one) if isinstance(one, str) else one for name, one in values.items()}
        )

    def name(self, group: str, value: str) -> str:
        """The text for a value of an open set (`animal`, `rule` ...), or the value itself."""
        return self.words.get(f"{group}.{value}", value)

    def group(self, *prefixes: str) -> dict[str, str]:
        """The texts whose keys begin with one of `prefixes`, for a page's script."""
        return {key: word for key, word in self.words.items() if key.startswith(prefixes)}


def read(folder: Traversable, language: Language) -> dict[str, str]:
    """The texts of the files `ja.json`, `ja-office.json` ... of a folder, by their key."""
    found: dict[str, str] = {}
    for file in sorted(folder.iterdir(), key=lambda one: one.name):
        if file.name.startswith(language) and file.name.endswith(".json"):
            found |= msgspec.json.decode(file.read_bytes(), type=dict[str, str])
    return found


@cache
def translations(language: Language) -> Translations:
    """The service's texts in a language."""
    return Translations(language, read(files("gateway.words"), language))


def language_of(given: str | None) -> Language | None:
    """The language of a code such as `ja`; None when there are no texts in it."""
    return next((one for one in LANGUAGES if one == given), None)


def both(key: str, **values: object) -> str:
    """A text in both languages, for whoever reads it: a message that is stored, a command's error."""
    return " / ".join(translations(language)(key, **values) for language in LANGUAGES)

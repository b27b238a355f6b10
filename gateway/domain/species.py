"""Species: the codes stored and counted, and the names that sources use for them. PURE.

Owns the table; the names that people read are in `gateway/words` (`animal.*`). Must not decide which
species alert anybody.
"""

import re
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from msgspec import Struct

from gateway.words.catalogue import LANGUAGES, Language, translations

UNKNOWN: Final = "unknown"
PERSON: Final = "person"
UNTOLD: Final = ("", UNKNOWN)  # in sums: an animal of unknown species


class Species(Struct, frozen=True):
    """A row: the scientific name of a species, and other words for it than its names in `gateway/words`."""

    code: str
    scientific: str = ""
    also: tuple[str, ...] = ()


TABLE: Final = (
    Species(
        "boar",
        "Sus scrofa",
        (
            "猪",
            "いのしし",
            "ｲﾉｼｼ",
            "wildboar",
            "wild pig",
            "wild hog",
            "feral pig",
            "hog",
            "pig",
            "piglet",
            "sus",
            "ウリ坊",
            "うりぼう",
            "リュウキュウイノシシ",
            "ニホンイノシシ",
            "sus scrofa leucomystax",
            "sus scrofa riukiuanus",
        ),
    ),
    Species(
        "deer",
        "Cervus nippon",
        (
            "シカ",
            "しか",
            "鹿",
            "sika",
            "sika_deer",
            "ホンシュウジカ",
            "キュウシュウジカ",
            "ヤクシカ",
            "エゾシカ",
            "cervus",
            "cervidae",
            "fawn",
            "doe",
            "stag",
        ),
    ),
    Species(
        "monkey",
        "Macaca fuscata",
        ("サル", "さる", "猿", "macaque", "japanese monkey", "snow monkey", "macaca"),
    ),
    Species(
        "bear",
        "Ursus thibetanus",
        ("クマ", "くま", "熊", "black bear", "asiatic black bear", "moon bear", "ursus", "ursidae"),
    ),
    Species(
        "brown_bear",
        "Ursus arctos",
        ("ひぐま", "羆", "エゾヒグマ", "grizzly", "ursus arctos yesoensis"),
    ),
    Species(
        "raccoon",
        "Procyon lotor",
        ("あらいぐま", "洗熊", "racoon", "procyon"),
    ),
    Species(
        "civet",
        "Paguma larvata",
        ("はくびしん", "白鼻芯", "palm civet", "masked civet", "paguma"),
    ),
    Species(
        "raccoon_dog",
        "Nyctereutes procyonoides",
        (
            "たぬき",
            "狸",
            "tanuki",
            "ホンドタヌキ",
            "エゾタヌキ",
            "nyctereutes",
            "nyctereutes viverrinus",
        ),
    ),
    Species(
        "badger",
        "Meles anakuma",
        ("あなぐま", "穴熊", "ニホンアナグマ", "meles", "meles meles"),
    ),
    Species(
        "fox",
        "Vulpes vulpes",
        ("きつね", "狐", "ホンドギツネ", "キタキツネ", "vulpes"),
    ),
    Species("marten", "Martes melampus", ("貂", "ホンドテン", "martes")),
    Species(
        "hare",
        "Lepus brachyurus",
        ("うさぎ", "ウサギ", "兎", "野兎", "ニホンノウサギ", "rabbit", "lepus", "lepus timidus"),
    ),
    Species("nutria", "Myocastor coypus", ("coypu", "沼狸", "myocastor")),
    Species(
        "dog",
        "Canis familiaris",
        ("イヌ", "いぬ", "canis lupus familiaris", "domestic dog"),
    ),
    Species(
        "cat",
        "Felis catus",
        ("ネコ", "ねこ", "ノネコ", "domestic cat", "felis silvestris catus"),
    ),
    Species(
        PERSON,
        "Homo sapiens",
        (
            "ヒト",
            "ひと",
            "人物",
            "人間",
            "human",
            "people",
            "man",
            "woman",
            "child",
            "pedestrian",
            "hunter",
            "homo",
        ),
    ),
    Species(
        UNKNOWN,
        "",
        (
            "animal",
            "wildlife",
            "mammal",
            "動物",
            "野生動物",
            "獣",
            "unidentified",
            "unclassified",
            "不明種",
            "none",
            "other",
            "その他",
        ),
    ),
)

BY_CODE: Final = MappingProxyType({row.code: row for row in TABLE})

# Terms whose last word is an animal's name but that mean no animal.
_NOT_ANIMALS: Final = frozenset({"hot dog", "teddy bear", "guinea pig", "sea lion", "no person"})
# Words of cameras and classifiers for a picture without an animal. "none" may also mean: not classified.
_NOTHING: Final = frozenset(
    {"empty", "blank", "nothing", "absent", "なし", "無し", "無", "空", "空撮り"}
)
_SEPARATORS: Final = re.compile(r"[\s_\-./]+")


def label(species: str, language: Language = "ja") -> str:
    """The name of a species that people read; a code outside the table is shown as it is."""
    return translations(language).name("animal", species)


def names(species: str) -> tuple[str, ...]:
    """The names that people read, in every language."""
    return tuple(label(species, language) for language in LANGUAGES)


def _plain(word: str) -> str:
    return _SEPARATORS.sub(" ", word).strip().casefold()


_WORDS: Final = MappingProxyType(
    {
        _plain(word): row.code
        for row in reversed(TABLE)
        for word in (row.code, *names(row.code), row.scientific, *row.also)
        if word
    }
)


def exact(word: str) -> str | None:
    """The code of a word that the table has as it stands, in any of the languages, else None."""
    return _WORDS.get(_plain(word[:128]))


@lru_cache(maxsize=1_024)
def code(word: str) -> str | None:
    """The code that `word` means (any of the languages, any spelling in the table), else None.

    The last part decides when the whole is not in the table: ``adult_boar`` is a boar.
    """
    plain = _plain(word[:128])
    if found := _WORDS.get(plain):
        return found
    if plain in _NOT_ANIMALS or " " not in plain or is_nothing(word):
        return None
    return _WORDS.get(plain.rsplit(" ", 1)[1])


def is_nothing(word: str) -> bool:
    """Whether a label says that there is no animal: ``empty``, ``no_boar``."""
    plain = _plain(word[:128])
    return plain in _NOTHING or plain.startswith("no ")

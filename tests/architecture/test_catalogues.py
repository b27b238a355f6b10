"""Every text that people read in their language stands in a catalogue, in both languages, and is used."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from string import Formatter

import pytest

from dashboard.live.device_view import Condition
from dashboard.web.i18n import text
from gateway.alerts.texts import ASKED
from gateway.dialects.table import TABLE as DIALECTS
from gateway.domain.alerts.lifecycle import Duty
from gateway.domain.alerts.rule_name import RuleName
from gateway.domain.model import ActionKind, RefusalReason, Role, TrapState
from gateway.domain.people.person import UserRole
from gateway.domain.species import BY_CODE
from gateway.words.catalogue import LANGUAGES, Language, read

ROOT = Path(__file__).parents[2]
FOLDERS = ("gateway/words", "dashboard/locale")
SOURCES = {
    path: path.read_text(encoding="utf-8")
    for room in ("gateway", "dashboard")
    for path in sorted((ROOT / room).rglob("*"))
    if path.suffix in {".py", ".html", ".js"}
}
CODE = "\n".join(SOURCES.values())
BARE_WORDS = set(re.findall(r"""["']([\w ]+)["']""", CODE))
WHOLE = set(re.findall(r"""["']([\w.]+)["']""", CODE))
BEGINNINGS = set(re.findall(r"""["'](\w+(?:\.\w+)*)[."']""", CODE))
GROUPS = {
    ".".join(words[:count])
    for words in (beginning.split(".") for beginning in BEGINNINGS)
    for count in range(1, len(words) + 1)
}  # what may stand before the last part of a key that is put together

DIALECT_NAMES = [row.name for row in DIALECTS]
VALUES: Mapping[
    str, Iterable[str]
] = {  # the end of a key is a value of one of the code's own tables
    "action": ActionKind,
    "alert.again": ASKED,
    "animal": BY_CODE,
    "condition": [*Condition, "silent", "unconfirmed", "unread"],
    "people.duty": Duty,
    "people.role": UserRole,
    "qos_hint": DIALECT_NAMES,
    "reason": RefusalReason,
    "refusal": set(RefusalReason) - {RefusalReason.IRRELEVANT},
    "role": Role,
    "rule": RuleName,
    "setup": DIALECT_NAMES,
    "species": BY_CODE,
    "trap_state": [*TrapState, "unknown"],
    "user_role": UserRole,
}


def catalogue(folder: str, language: Language) -> dict[str, str]:
    """The texts of one folder."""
    return read(ROOT / folder, language)


def placeholders(sentence: str) -> set[str]:
    """The names of the values that a text shows."""
    fields = (name for _, name, _, _ in Formatter().parse(sentence) if name)
    return {re.split(r"[.\[]", name)[0] for name in fields}


def differences(one: Mapping[str, str], other: Mapping[str, str]) -> set[str]:
    """Keys that only one of two languages has, or whose placeholders differ."""
    shared = one.keys() & other.keys()
    return (one.keys() ^ other.keys()) | {
        key for key in shared if placeholders(one[key]) != placeholders(other[key])
    }


def unused(keys: Iterable[str]) -> list[str]:
    """Keys that no code asks for, neither whole nor put together of a group and a bare word."""
    ends = {group: {str(value) for value in values} for group, values in VALUES.items()}
    found = []
    for key in keys:
        group, _, last = key.rpartition(".")
        composed = group in GROUPS or group.split(".")[0] in GROUPS
        known = last in ends[group] if group in ends else BARE_WORDS & {last, *parts(last)}
        if key not in WHOLE and not (composed and known):
            found.append(key)
    return found


def parts(last: str) -> set[str]:
    """`events_from` is put together of `events` and `from`: one of the two is a word of the code."""
    first, _, rest = last.partition("_")
    return {first, rest} if rest else set()


@pytest.mark.parametrize("folder", FOLDERS)
def test_both_languages_have_the_same_keys_and_placeholders(folder: str) -> None:
    ja, en = (catalogue(folder, language) for language in LANGUAGES)
    assert len(ja) > 100
    assert differences(ja, en) == set()


def test_control_a_missing_key_and_another_placeholder_are_found() -> None:
    assert differences({"a": "{n}", "b": ""}, {"a": "{m}"}) == {"a", "b"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_key_stands_in_two_catalogues(language: Language) -> None:
    service, pages = (catalogue(folder, language) for folder in FOLDERS)
    assert service.keys() & pages.keys() == set()
    assert text(language).words == service | pages


def test_every_text_that_the_code_asks_for_exists() -> None:
    asked = {
        key
        for call in (
            r"""\b(?:t|text|words|both|english)\(["']([a-z_]+\.[a-z_.]+)["'][,)]""",
            r"""words\["([a-z_.]+)"\]""",
            r"""(?:IllegalActionError|PersonError)\("([a-z_.]+)"[,)]""",
            r'= "(remedy\.[a-z0-9_]+)"',
        )
        for key in re.findall(call, CODE)
    }
    assert len(asked) > 300
    assert asked - text("ja").words.keys() == set()


@pytest.mark.parametrize("group", VALUES)
def test_every_value_of_a_table_has_its_text(group: str) -> None:
    wanted = {f"{group}.{value}" for value in VALUES[group]}
    assert wanted - text("ja").words.keys() == set()


def test_every_text_is_used() -> None:
    assert unused(text("ja").words) == []


def test_control_a_text_that_nobody_asks_for_is_found() -> None:
    keys = ["nav.zzz", "rule.no_such_rule", "zzz.captured"]
    assert unused(keys) == keys


CHOICES = re.compile(r"""(?:[!=]=|\bin) *\(?["'](?:ja|en)["']|\[["'](?:ja|en)["']\]""")
OTHER_CHOICES = {
    "gateway/config/office.py": "the words that a municipality sets for its own field",
    "dashboard/people/form.py": "reads the field of a form",
    "dashboard/templates/base.html": "the address of the page in the other language",
    "dashboard/templates/region/base.html": "the address of the page in the other language",
    "dashboard/templates/person.html": "shows the field of a form",
}


def test_no_code_chooses_between_two_languages_by_itself() -> None:
    found = {str(path.relative_to(ROOT)) for path, code in SOURCES.items() if CHOICES.search(code)}
    assert found == set(OTHER_CHOICES)


@pytest.mark.parametrize(
    "line", ['x if language == "ja" else y', "TEXT['en']", '{% if t.language != "en" %}']
)
def test_control_a_choice_between_two_languages_is_found(line: str) -> None:
    assert CHOICES.search(line)

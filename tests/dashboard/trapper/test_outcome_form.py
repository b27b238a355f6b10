"""The door from a form to an action: every field within its limits, and words for what is not."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.trapper.asked_fields import FieldError
from dashboard.trapper.form_view import FIRST_SPECIES, form_words, ordered
from dashboard.trapper.outcome_form import FormRules, action_of
from dashboard.web.i18n import text
from gateway.config import ConfigError, check
from gateway.domain import species
from gateway.domain.model import TrapAction
from gateway.domain.traps.trap_action import Position
from gateway.words.catalogue import LANGUAGES

NOW = datetime(2026, 11, 29, 0, 30, tzinfo=UTC)
TOKYO = ZoneInfo("Asia/Tokyo")
FIELDS = [
    {
        "key": "part",
        "ja": "部位",
        "en": "Part",
        "kind": "choice",
        "choices": ["尾", "耳"],
        "required": True,
    },
    {"key": "teats", "ja": "乳頭", "kind": "number"},
    {"key": "buried", "ja": "埋設", "en": "Buried", "kind": "yes-no"},
    {"key": "by", "ja": "確認者"},
]
RULES = FormRules(TOKYO, check({"paperwork": {"fields": FIELDS}}).paperwork.fields)
SUM = "ab" * 32


LOCAL = FormRules(TOKYO)
NAMES = ["do", "species", "count", "at", "weight_kg", "photos", "replaces", "field.part"]
NAMES += ["position_lat", "position_lon", "position_accuracy_m"]


def act(rules: FormRules = LOCAL, /, **fields: str) -> TrapAction:
    named = {name.replace("__", "."): value for name, value in fields.items()}
    return action_of("trap-01", "tanaka", "id-1", "page", {"do": "captured", **named}, NOW, rules)


def test_every_field_of_the_form_arrives_in_the_action() -> None:
    found = act(
        RULES,
        species="boar",
        count="2",
        sex="female",
        age="young",
        weight_kg="12,34",
        note="北側",
        at="2026-11-29T06:10",
        position_lat="32.7",
        position_lon="128.8",
        position_accuracy_m="12.5",
        photos=f"{SUM} {'cd' * 32} {SUM}",
        replaces="older-1",
        field__part="尾",
        field__buried="yes",
        field__nobody_asked="x",
    )
    assert (found.species, found.count, found.sex, found.age) == ("boar", 2, "female", "young")
    assert (found.weight_kg, found.note, found.replaces) == (12.3, "北側", "older-1")
    assert found.at == datetime(2026, 11, 28, 21, 10, tzinfo=UTC), "local time of the site"
    assert found.recorded_at == NOW
    assert found.position == Position(32.7, 128.8, 12.5)
    assert found.photos == (SUM, "cd" * 32), "each picture once"
    assert found.fields == {"part": "尾", "buried": "yes"}


def test_what_was_not_filled_in_is_not_known_and_the_time_is_now() -> None:
    found = act(sex="", age="", weight_kg="", at="", position_lat="32.7")
    assert (found.species, found.count, found.sex, found.age) == ("unknown", 1, None, None)
    assert (found.weight_kg, found.position, found.photos, found.at) == (None, None, (), NOW)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("do", "nonsense"),
        ("species", "dragon"),
        ("count", "0"),
        ("count", "51"),
        ("count", "2.5"),
        ("count", "two"),
        ("sex", "?"),
        ("age", "old"),
        ("weight", "heavy"),
        ("weight_kg", "-3"),
        ("weight_kg", "0"),
        ("weight_kg", "nan"),
        ("weight_kg", "inf"),
        ("weight_kg", "9999"),
        ("at", "yesterday"),
        ("at", "2024-01-01T06:00"),
        ("at", "0001-01-01T00:00"),
        ("position_lat", "91"),
        ("position_lon", "x"),
        ("position_accuracy_m", "-1"),
        ("photos", "../../etc/passwd"),
        ("photos", "AB" * 32),
        ("photos", f"{SUM}0"),
        ("photos", " ".join(f"{no:064x}" for no in range(9))),
        ("replaces", "a b"),
        ("replaces", "x" * 81),
    ],
)
def test_a_value_outside_the_limits_is_refused_in_words_of_both_languages(
    name: str, value: str
) -> None:
    with pytest.raises(FieldError) as refused:
        act(**{name: value})
    assert refused.value.field == name
    assert len({refused.value.text(text(language)) for language in LANGUAGES}) == 2


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ({}, "「部位」を入れてください"),
        ({"part": "足"}, "「部位」の値は使えません"),
        ({"part": "尾", "teats": "many"}, "「乳頭」"),
        ({"part": "尾", "teats": "inf"}, "「乳頭」"),
        ({"part": "尾", "buried": "maybe"}, "「埋設」"),
        ({"part": "尾", "by": "x" * 201}, "「確認者」"),
    ],
)
def test_what_the_municipality_asks_is_checked_by_its_kind(
    fields: dict[str, str], shown: str
) -> None:
    with pytest.raises(FieldError) as refused:
        act(RULES, **{f"field__{key}": value for key, value in fields.items()})
    assert shown in refused.value.text(text("ja"))


def test_a_required_answer_is_not_asked_of_a_visit() -> None:
    assert act(RULES, do="visited").fields == {}


@given(st.dictionaries(st.sampled_from(NAMES), st.text()))
def test_any_text_gives_an_action_or_a_refusal_with_words(fields: dict[str, str]) -> None:
    shown = outcome = None
    try:
        outcome = action_of("trap-01", "tanaka", "id-1", "page", fields, NOW, RULES)
    except FieldError as refused:
        shown = refused.text(text("ja"))
    assert (shown is None) is (outcome is not None)


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ([{"key": "a", "ja": "あ"}, {"key": "a", "ja": "い"}], "each key once"),
        ([{"key": "a", "ja": "あ", "kind": "choice"}], "a choice needs them"),
        ([{"key": "a", "ja": "あ", "choices": ["x"]}], "choices belong to"),
        ([{"key": "A b", "ja": "あ"}], "a-z, 0-9 and _"),
        ([{"key": "a", "ja": "あ", "kind": "date"}], "text, choice, number, yes-no"),
    ],
)
def test_a_wrong_setting_of_a_field_is_named(fields: list[dict[str, Any]], shown: str) -> None:
    with pytest.raises(ConfigError) as refused:
        check({"paperwork": {"fields": fields}})
    assert shown in str(refused.value)
    assert "fields[" in str(refused.value)


def test_species_that_are_caught_here_come_first_and_all_are_offered_once() -> None:
    order = ordered(["nutria", "deer", "kappa", "deer"])
    assert order[:2] == ["nutria", "deer"]
    assert sorted(order) == sorted(row.code for row in species.TABLE)
    offered = form_words(text("ja"), caught=["nutria"])
    assert offered["animals"][0] == ("nutria", "ヌートリア")
    assert len(offered["animals"]) == FIRST_SPECIES
    assert len(offered["animals"]) + len(offered["other_animals"]) == len(species.TABLE)


def test_a_time_with_its_offset_is_taken_as_it_says() -> None:
    shown = (NOW - timedelta(hours=5)).astimezone(ZoneInfo("America/Lima"))
    assert act(at=shown.isoformat()).at == NOW - timedelta(hours=5)

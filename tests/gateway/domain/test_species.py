"""Words for animals map to codes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.species import BY_CODE, TABLE, UNKNOWN, code, is_nothing, label, names


@pytest.mark.parametrize(
    ("word", "species"),
    [
        ("boar", "boar"),
        ("Wild_Boar", "boar"),
        ("sus scrofa", "boar"),
        ("イノシシ", "boar"),
        ("ニホンイノシシ", "boar"),
        ("adult_boar", "boar"),
        ("delivery_person", "person"),
        ("シカ", "deer"),
        ("Macaca fuscata", "monkey"),
        ("raccoon dog", "raccoon_dog"),
        ("raccoon", "raccoon"),
        ("brown bear", "brown_bear"),
        ("animal", UNKNOWN),
        ("hot dog", None),
        ("teddy bear", None),
        ("car", None),
        ("", None),
    ],
)
def test_any_spelling_of_the_table_means_its_code(word: str, species: str | None) -> None:
    assert code(word) == species


def test_every_name_in_the_table_means_its_own_row() -> None:
    for row in TABLE:
        for word in filter(None, (row.code, *names(row.code), row.scientific, *row.also)):
            assert code(word) == row.code, word


def test_every_row_has_a_name_in_both_languages() -> None:
    for species in BY_CODE:
        assert names(species) == (label(species, "ja"), label(species, "en"))
        assert species not in (label(species), "")
    assert label("boar") == "イノシシ"
    assert label("boar", "en") == "wild boar"
    assert label("yeti") == "yeti"


@given(st.text(max_size=300))
def test_any_text_gives_a_species_code_of_the_table_or_none(word: str) -> None:
    assert code(word) is None or code(word) in BY_CODE


@pytest.mark.parametrize(
    "word", ["empty", "Blank", "no_animal", "no boar", "NO-PERSON", "なし", "空"]
)
def test_a_word_for_no_animal_is_no_species(word: str) -> None:
    assert is_nothing(word)
    assert code(word) is None


@pytest.mark.parametrize("word", ["none", "unknown", "boar", "", "nocturnal", "animal", "不明"])
def test_a_word_for_an_animal_that_nobody_named_is_not_nothing(word: str) -> None:
    assert not is_nothing(word)

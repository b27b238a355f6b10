"""Ids in cells: what a spreadsheet destroyed is known by its marks; ids that are right stay as they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ingest.tables import ids


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        *(
            (text, "rounded this number")
            for text in ("4.2512E+12", "4E+12", "４．２５Ｅ＋１２", "4.25e12", "-4.2E+9")
        ),
        ("1234567890123450", "over 15 digits"),
        ("1001.0", "decimals"),
        *((text, "mark of an error") for text in ("#N/A", "#REF!", "#NAME?", "########")),
        *((text, "truth value") for text in ("TRUE", "false")),
        ("=A1+1", "a formula"),
        *(
            (text, "made a date")
            for text in (
                "2025-01-02",
                "2025/1/2",
                "2025-01-02 00:00:00",
                "1月2日",
                "2025年1月",
                "2-Jan",
                "Jan-02",
                "2-Jan-25",
            )
        ),
    ],
)
def test_a_destroyed_id_is_named_with_what_happened_and_what_to_do(text: str, cause: str) -> None:
    found = ids.why_destroyed(text)
    assert cause in found
    assert "format the column as text" in found
    assert "文字列" in found


@pytest.mark.parametrize(
    "text",
    [
        "wana-01",
        "24e124136b502217",
        "0013205011223344",
        "!a1b2c3d4",
        "0x00158d000227a73c",
        "5E8",
        "42512",
        "860000000000001",
        "わな１",
        "Hako 1",
        "2025-A",
        "jan-trap",
        "12-34-56",
    ],
)
def test_an_id_that_may_be_right_stays(text: str) -> None:
    assert ids.why_destroyed(text) == ""
    assert ids.unguarded(text) == text


@pytest.mark.parametrize(
    ("text", "id_"),
    [('="0012"', "0012"), ("'0012", "0012"), ("ＷＡＮＡ－０１", "WANA-01"), ("it's", "it's")],
)
def test_what_guards_an_id_against_the_spreadsheet_is_taken_off(text: str, id_: str) -> None:
    assert ids.unguarded(text) == id_


def test_ids_that_people_take_for_one_device_are_alike() -> None:
    assert ids.likeness("Wana 01") == ids.likeness("ｗａｎａ01")
    assert ids.without_zeros("0012") == ids.without_zeros("12") == "12"
    assert ids.without_zeros("trap-0") == ""


@given(st.integers(10**15, 10**20))
def test_a_large_number_that_a_spreadsheet_keeps_15_digits_of_is_known(number: int) -> None:
    kept = f"{number:.14e}"
    as_shown = f"{float(kept):.0f}"
    rounded = as_shown[:15] + "0" * (len(as_shown) - 15)
    assert ids.why_destroyed(rounded)

"""Years of the Japanese eras, with their first days and first years."""

from datetime import date

import pytest

from gateway.words import japanese_era


@pytest.mark.parametrize(
    ("day", "text"),
    [
        (date(2026, 10, 6), "令和8年10月6日"),
        (date(2019, 5, 1), "令和元年5月1日"),
        (date(2019, 4, 30), "平成31年4月30日"),
        (date(1989, 1, 8), "平成元年1月8日"),
        (date(1989, 1, 7), "昭和64年1月7日"),
        (date(1900, 1, 1), "1900年1月1日"),
    ],
)
def test_a_day_is_written_in_its_era(day: date, text: str) -> None:
    assert japanese_era.day_text(day) == text


def test_a_fiscal_year_has_the_name_of_its_april() -> None:
    assert japanese_era.fiscal_year_text(2026) == "令和8年度"
    assert japanese_era.fiscal_year_text(2019) == "令和元年度"

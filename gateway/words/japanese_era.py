"""Years as forms of offices want them: 令和8年. PURE.

Owns the table of eras. A day before the first of them is written with its western year.
"""

from datetime import date

ERAS = (  # first day, name; the newest first
    (date(2019, 5, 1), "令和"),
    (date(1989, 1, 8), "平成"),
    (date(1926, 12, 25), "昭和"),
)


def year_of_era(day: date) -> tuple[str, int]:
    """The era and the year in it; "" and the western year before the first era of the table."""
    for first, name in ERAS:
        if day >= first:
            return name, day.year - first.year + 1
    return "", day.year


def year_text(day: date) -> str:
    """令和8年; the first year of an era is 元年."""
    name, year = year_of_era(day)
    return f"{name}{'元' if name and year == 1 else year}年"


def day_text(day: date) -> str:
    """令和8年10月6日."""
    return f"{year_text(day)}{day.month}月{day.day}日"


def fiscal_year_text(first_year: int) -> str:
    """The fiscal year that begins in April of a western year: 令和8年度."""
    return f"{year_text(date(first_year, 5, 1))}度"

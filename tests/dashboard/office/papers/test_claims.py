"""What is missing, what is paid, what a season's report says: refused captures are in none of the sums."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from dashboard.office.papers import bounty, capture_columns, permits
from dashboard.web.i18n import text
from gateway.config import ConfigError, check
from gateway.config.office import Tariff
from tests.dashboard.office.papers.filed import PAPERWORK, SETTINGS, filed
from tests.support.samples import TOKYO

JA = text("ja")


def test_what_is_missing_is_named_and_what_the_counter_completed_counts() -> None:
    first, second, third, fourth, _ = filed()
    assert first.missing == ("photo",)
    assert second.facts["permit"] == "第99号", "the counter's word goes before the settings"
    assert second.facts["capture_kind"] == "有害鳥獣捕獲"
    assert second.facts["body_part"] == "尾", "the trapper's answer"
    assert third.missing == ("sex", "age", "photo")
    assert (second.is_confirmed, fourth.is_refused) == (True, True)


def test_the_rows_say_how_each_was_confirmed() -> None:
    table = capture_columns.table(filed(), PAPERWORK, JA, TOKYO, {})
    second = dict(zip(table.columns, table.rows[1], strict=True))
    assert second["確認の結果"] == "認める"
    assert (second["確認者"], second["確認の方法"]) == ("役場 花子", "持ち込みを確認")
    assert second["確認日"] == date(2026, 10, 7)
    assert (second["確認に出した部位"], second["処理の方法"]) == ("尾", "埋設")
    third = dict(zip(table.columns, table.rows[2], strict=True))
    assert third["足りないもの"] == "性別、成獣・幼獣、写真"


def test_a_bounty_is_that_of_its_day_and_age_and_a_refused_capture_is_not_paid() -> None:
    found = bounty.lines(filed(), PAPERWORK.tariff, TOKYO)
    paid = {(one.species, one.age): (one.yen, one.animals, one.sum) for one in found}
    assert paid == {
        ("boar", "young"): (1000, 2, 2000),
        ("boar", "adult"): (9000, 1, 9000),
        ("boar", "unknown"): (2000, 1, 2000),
        ("deer", "unknown"): (None, 1, None),
    }
    table = bounty.table(found, JA)
    assert dict(zip(table.columns, table.rows[-1], strict=True))["金額（円）"] == 13_000
    assert "単価が決まっていない捕獲が1頭" in table.note
    assert sum(one.open for one in found) == 4, "only one was looked at"


def test_the_day_of_a_bounty_is_the_local_one() -> None:
    first = filed()[0]
    evening, night = (
        replace(first, capture=replace(first.capture, action=replace(first.capture.action, at=at)))
        for at in (datetime(2026, 9, 30, 14, 59, tzinfo=UTC), datetime(2026, 9, 30, 15, tzinfo=UTC))
    )
    tariff = [
        Tariff(species="boar", yen=1_000, since=date(2026, 4, 1), until=date(2026, 9, 30)),
        Tariff(species="boar", yen=2_000, since=date(2026, 10, 1)),
    ]
    assert [bounty.rate(one, tariff, TOKYO) for one in (evening, night)] == [1_000, 2_000]


def test_a_row_for_the_kind_goes_before_one_for_the_age_in_any_order() -> None:
    second, since = filed()[1], date(2026, 4, 1)
    assert (second.capture.action.age, second.facts["capture_kind"]) == ("adult", "有害鳥獣捕獲")
    rows = [
        Tariff(species="boar", yen=10_000, since=since, age="adult"),
        Tariff(species="boar", yen=15_000, since=since, kind="有害鳥獣捕獲"),
    ]
    assert [bounty.rate(second, one, TOKYO) for one in (rows, rows[::-1])] == [15_000, 15_000]


def test_the_seasons_report_counts_by_permit_and_says_until_when_it_is_due() -> None:
    found = permits.lines(filed(), PAPERWORK.terms, TOKYO)
    lines = {(one.permit, one.species): one for one in found}
    boar = lines["第12号", "boar"]
    assert (boar.animals, boar.kinds["male"], boar.kinds["young"]) == (3, 3, 2)
    assert (boar.first, boar.last, boar.due) == (
        date(2026, 9, 30),
        date(2026, 10, 8),
        date(2027, 4, 30),
    )
    assert lines["第99号", "boar"].due is None, "no term of this permit is known"
    assert sum(one.animals for one in found) == 5


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            {"tariff": [{"species": "boar", "yen": 1, "since": date(2026, 4, 1)}] * 2},
            r"tariff\[1\]",
        ),
        (
            {"terms": [{"permit": "1", "since": date(2026, 4, 2), "until": date(2026, 4, 1)}]},
            "until 2026-04-01 is before since 2026-04-02",
        ),
        ({"fields": [{"key": "disposal", "ja": "処理"}]}, "two fields have this key"),
    ],
)
def test_settings_that_contradict_themselves_are_refused(
    changed: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        check({"paperwork": SETTINGS | changed})

"""The words: short, local, without coordinates, and saying how late."""

import re
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.alerts import texts
from gateway.alerts.rules import RULES
from gateway.domain.alerts.lifecycle import Duty
from gateway.domain.model import URGENT, Alert, Device, Role, TimeQuality
from gateway.domain.species import BY_CODE
from gateway.words.catalogue import LANGUAGES, Language, translations
from tests.support.samples import T0, TOKYO, TRAP, at

NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=60)


def alert(
    rule: str = "trap_sprung", subject: str = "trap-01", note: str = "", **more: Any
) -> Alert:
    level = next(one.level for one in RULES if one.name == rule)
    return Alert(
        id="x",
        rule=rule,
        subject=subject,
        level=level,
        observed_at=T0,
        opened_at=T0,
        note=note,
        **more,
    )


@given(
    st.sampled_from([rule.name for rule in RULES]),
    NAMES,
    NAMES,
    st.sampled_from(["ja", "en"]),
    st.integers(0, 100 * 1440),
    st.sampled_from(["", *Duty]),
    st.sampled_from(sorted(BY_CODE)),
)
def test_title_and_text_stay_under_70_characters(
    rule: str, name: str, note: str, language: Language, late: int, asked: str, animal: str
) -> None:
    device = Device(id="d", role=Role.TRAP, name=name) if late % 2 else None
    one = alert(rule, f"{name}/{animal}", note)
    shown = texts.text(one, device, language, TOKYO, at(late))
    is_said_again = one.level in URGENT  # the others are told once, and when they are over
    titles = [texts.title(one, language, asked if is_said_again else "")]
    titles.append(texts.title(one, language, over=True))
    assert max(len(f"{title} {shown}") for title in titles) < 70
    assert "\n" not in shown


@pytest.mark.parametrize(
    ("minutes", "ja", "en"),
    [
        (0, "三井楽-01 11月1日09:00", "三井楽-01 01 Nov 09:00"),
        (7, "三井楽-01 11月1日09:00(7分前)", "三井楽-01 01 Nov 09:00 (7 min ago)"),
        (180, "三井楽-01 11月1日09:00(3時間前)", "三井楽-01 01 Nov 09:00 (3 h ago)"),
        (4320, "三井楽-01 11月1日09:00(3日前)", "三井楽-01 01 Nov 09:00 (3 days ago)"),
    ],
)
def test_the_text_says_which_when_and_how_late(minutes: int, ja: str, en: str) -> None:
    assert texts.text(alert(), TRAP, "ja", TOKYO, at(minutes)) == ja
    assert texts.text(alert(), TRAP, "en", TOKYO, at(minutes)) == en


@pytest.mark.parametrize(
    ("doubt", "ja", "en"),
    [
        (
            TimeQuality.DOUBTFUL,
            "三井楽-01 11月1日09:00（時刻不確か）",
            "三井楽-01 01 Nov 09:00, time doubtful",
        ),
        (
            TimeQuality.UNKNOWN,
            "三井楽-01（ブローカーの保持・時刻不明）",
            "三井楽-01 (kept by broker, time unknown)",
        ),
    ],
)
def test_a_time_that_may_be_wrong_is_marked(doubt: TimeQuality, ja: str, en: str) -> None:
    for language, text in zip(LANGUAGES, (ja, en), strict=True):
        assert texts.text(alert(doubt=doubt), TRAP, language, TOKYO, T0) == text
        named = Device(id="d", role=Role.TRAP, name="名" * 60)
        shown = texts.text(alert(doubt=doubt), named, language, TOKYO, T0)
        assert shown.endswith(text.removeprefix("三井楽-01"))
    _, lines = texts.gathered([alert(doubt=doubt)] * 2, {"trap-01": TRAP}, "ja", TOKYO, T0)
    assert lines.count(translations("ja")(f"alert.time.{doubt}")) == 2


def test_an_animal_at_a_place_is_named_with_its_place() -> None:
    shown = texts.text(alert("living_area", "岐宿/boar", "カメラ3"), None, "ja", TOKYO, T0)
    assert shown == "岐宿 イノシシ（カメラ3） 11月1日09:00"


def test_a_part_of_the_gateway_has_a_name() -> None:
    shown = texts.text(alert("gateway_fault", "disk", "12 MB"), None, "ja", TOKYO, T0)
    assert shown.startswith("記憶装置（12 MB）")


@pytest.mark.parametrize(
    ("language", "note", "kept"),
    [
        ("ja", "mqtt.client_id used twice: 'x'", "mqtt.client_id が二重に使われています"),
        ("en", "mqtt.client_id used twice: 'x'", "mqtt.client_id"),
    ],
)
def test_a_client_id_used_twice_is_named_in_the_message(
    language: Language, note: str, kept: str
) -> None:
    shown = texts.text(alert("gateway_fault", "broker", note), None, language, TOKYO, T0)
    assert kept in shown


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_window_of_lost_messages_stands_whole_in_the_message(language: Language) -> None:
    window = "11-27 22:00-06:13"
    shown = texts.text(alert("gateway_fault", "gap", window), None, language, TOKYO, T0)
    assert window in shown


@given(
    st.lists(st.sampled_from([rule.name for rule in RULES]), min_size=2, max_size=300),
    st.sampled_from(["ja", "en"]),
    st.sampled_from(["", *Duty]),
)
def test_a_gathered_message_names_each_alert_in_a_short_line(
    rules: list[str], language: Language, asked: str
) -> None:
    alerts = [alert(rule, f"trap-{n:03}") for n, rule in enumerate(rules)]
    title, text = texts.gathered(alerts, {}, language, TOKYO, at(200), asked)
    lines = text.splitlines()
    assert all(len(line) < 70 for line in (title, *lines))
    assert str(len(rules)) in title
    for number in range(len(rules)):
        assert sum(f"trap-{number:03}" in line for line in lines) == 1
    heads = len(set(rules)) if len(set(rules)) > 1 else 0
    assert len(lines) == len(rules) + heads


def test_gathered_captures_say_which_when_and_how_late() -> None:
    both = [alert(), alert("trap_sprung", "trap-02")]
    title, text = texts.gathered(both, {"trap-01": TRAP}, "ja", TOKYO, at(7), "trapper")
    assert title == "再通知 わなが作動 2件"
    assert text == "三井楽-01 11/1 09:00(7分前)\ntrap-02 11/1 09:00(7分前)"
    assert texts.gathered(both, {}, "en", TOKYO, at(0))[0] == "Trap sprung: 2"


def test_no_text_holds_coordinates() -> None:
    device = Device(id="d", role=Role.TRAP, name="沢", lat=32.6912, lon=128.8434)
    shown = texts.text(alert(), device, "ja", TOKYO, at(timedelta(days=2) / timedelta(minutes=1)))
    assert not re.search(r"32\.|128\.", shown)

"""Words in both languages, and which of them a reader gets."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import dashboard
from dashboard.live.device_view import Condition
from dashboard.web.i18n import choose, clock, text
from gateway.alerts.rules import RULES
from gateway.domain.model import Kind, RefusalReason, Role, TrapState

HOME = Path(dashboard.__file__).parent
TOKYO = ZoneInfo("Asia/Tokyo")


def test_every_reason_for_a_refusal_has_an_explanation() -> None:
    kept = {
        f"refusal.{reason.value}"
        for reason in RefusalReason
        if reason is not RefusalReason.IRRELEVANT
    }
    assert kept <= text("ja").words.keys()


def test_every_state_and_reason_has_a_text() -> None:
    words = text("ja").words
    wanted = [f"condition.{one.value}" for one in Condition] + [f"role.{one.value}" for one in Role]
    wanted += [
        f"reason.{one.value}" for one in RefusalReason if one is not RefusalReason.IRRELEVANT
    ]
    shown = (Kind.SPRUNG, Kind.SET, Kind.DETECTION, Kind.TAMPER, Kind.JOIN)
    wanted += [f"kind.{one.value}" for one in shown]
    assert [key for key in wanted if key not in words] == []
    assert [rule.name for rule in RULES if f"rule.{rule.name}" not in words] == []


def test_the_states_of_a_trap_are_called_as_everywhere_else() -> None:
    words = text("ja").words
    states = set(TrapState)
    assert [one for one in states if words[f"condition.{one}"] != words[f"trap_state.{one}"]] == []


@pytest.mark.parametrize(
    ("wanted", "accept", "language"),
    [
        (None, "", "ja"),
        (None, "en-GB,en;q=0.9", "en"),
        (None, "fr,de;q=0.5", "ja"),
        (None, "en;q=0.3, ja-JP;q=0.8", "ja"),
        (None, "en;q=0", "ja"),
        (None, "en;q=nonsense", "ja"),
        ("en", "ja", "en"),
        ("xx", "en", "en"),
    ],
)
def test_the_chosen_language_wins_over_the_browsers_and_that_over_the_sites(
    wanted: str | None, accept: str, language: str
) -> None:
    assert choose(wanted, accept, "ja") == language


def test_times_are_local_and_name_the_year_only_when_it_is_another() -> None:
    now = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
    assert clock(datetime(2026, 11, 22, 15, 5, tzinfo=UTC), TOKYO, now) == "11/23 00:05"
    assert clock(datetime(2025, 1, 2, 3, 4, tzinfo=UTC), TOKYO, now) == "2025/1/2 12:04"

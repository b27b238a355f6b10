"""What the documentation says of traps, alerts and rules is what the code does."""

import pytest

from gateway.alerts.docs import FILE, TABLES, filled, rule_table, trap_table
from gateway.alerts.rules import RULES
from gateway.domain.alerts.rule_name import RuleName
from gateway.domain.trap_lifecycle import TRANSITIONS


def test_the_tables_are_those_of_the_code() -> None:
    text = FILE.read_text(encoding="utf-8")
    assert filled(text) == text, "run: python -m gateway.alerts.docs"


def test_a_changed_table_is_noticed() -> None:
    text = FILE.read_text(encoding="utf-8")
    assert filled(text.replace("| **armed** 設置中 | sprung", "| **armed** 設置中 | armed")) == text


def test_every_state_and_rule_has_its_line() -> None:
    assert len(trap_table().splitlines()) == len(TRANSITIONS) + 2
    assert len(rule_table().splitlines()) == len(RULES) + 2


def test_a_missing_marker_is_an_error() -> None:
    for name in TABLES:
        text = FILE.read_text(encoding="utf-8").replace(f"<!-- /{name} -->", "")
        with pytest.raises(ValueError, match=name):
            filled(text)


def test_every_rule_name_has_one_row_in_the_table() -> None:
    assert sorted(rule.name for rule in RULES) == sorted(RuleName)

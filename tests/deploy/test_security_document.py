"""deploy/SECURITY.md: every line of both standards stands in it, and each test that it names exists."""

import re

import pytest

from tests.deploy.folder import DEPLOY, ROOT

TEXT = (DEPLOY / "SECURITY.md").read_text(encoding="utf-8")
STATES = {"met", "by the operator", "not met"}
# How many provisions each section of EN 303 645 (V2.1.1) has.
SECTIONS = {
    "5.1": 5,
    "5.2": 3,
    "5.3": 16,
    "5.4": 4,
    "5.5": 8,
    "5.6": 9,
    "5.7": 2,
    "5.8": 3,
    "5.9": 3,
    "5.10": 1,
    "5.11": 4,
    "5.12": 3,
    "5.13": 1,
    "6": 5,
}
CRITERIA = 16  # of JC-STAR level 1


def rows(heading: str) -> list[list[str]]:
    """The table below a heading, without its head."""
    part = TEXT.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in part.splitlines() if line.startswith("| ")]
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in lines[1:]
        if "---" not in line
    ]


def missing_tests(text: str) -> list[str]:
    """Tests that the text names and that do not exist."""
    named = re.findall(r"`([\w/]+\.py)`", text)
    return [name for name in named if not (ROOT / "tests" / name).is_file()]


def test_every_provision_of_the_european_standard_has_a_line() -> None:
    wanted = [
        f"{section}-{n}" for section, number in SECTIONS.items() for n in range(1, number + 1)
    ]
    assert [row[0] for row in rows("ETSI EN 303 645")] == wanted


def test_every_criterion_of_the_japanese_scheme_has_a_line() -> None:
    assert [row[0] for row in rows("JC-STAR ★1")] == [
        f"S1.1-{n:02}" for n in range(1, CRITERIA + 1)
    ]


@pytest.mark.parametrize(("heading", "state"), [("ETSI EN 303 645", 2), ("JC-STAR ★1", 1)])
def test_every_line_says_how_it_stands(heading: str, state: int) -> None:
    assert {row[state] for row in rows(heading)} <= STATES


def test_each_test_that_is_named_exists() -> None:
    assert len(re.findall(r"`[\w/]+\.py`", TEXT)) > 60
    assert missing_tests(TEXT) == []


def test_every_threat_names_a_test() -> None:
    found = rows("脅威と対策 / Threats and controls")
    assert len(found) > 12
    assert all("test_" in row[2] for row in found)


def test_control_a_test_that_does_not_exist_is_found() -> None:
    assert missing_tests("| x | met | `gateway/test_of_nothing.py` |") == [
        "gateway/test_of_nothing.py"
    ]

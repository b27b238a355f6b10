"""The broker's access rules as text: bounded topics, kept additions, one site."""

import re

import pytest

from gateway.broker.access import (
    DEVICES,
    OWN_LINES,
    RIGHTS,
    Use,
    account_name,
    accounts_in,
    acl,
    own_lines_in,
)

SHIPPED_BEFORE = """\
pattern write wildlife/v1/+/%u/event
user shishigaki.gateway
topic read #
#user frigate.local
#topic readwrite frigate/#
user chirpstack.local
topic write application/#
"""


def test_accounts_are_read_back_from_the_rules_that_name_them() -> None:
    accounts = {"wana-01": Use.NATIVE, "wana-02": Use.TASMOTA, "chirpstack.local": Use.CHIRPSTACK}
    assert accounts_in(acl("goto", accounts)) == accounts


def test_what_the_operator_added_stays_when_the_rules_are_made_again() -> None:
    text = acl("goto", {}) + "user mine.local\ntopic read wildlife/#\n"
    again = acl("fukue", accounts_in(text), own_lines_in(text))
    assert again.endswith(f"{OWN_LINES}\nuser mine.local\ntopic read wildlife/#\n")
    assert "v1/goto/" not in again


def test_accounts_of_rules_from_before_are_taken_over() -> None:
    assert own_lines_in(SHIPPED_BEFORE) == "user chirpstack.local\ntopic write application/#\n"


@pytest.mark.parametrize("use", DEVICES)
def test_a_device_may_write_a_few_topics_of_this_site_and_its_name_only(use: Use) -> None:
    lines = acl("goto", {"wana-01": use}).splitlines()
    begin = lines.index("user wana-01") if RIGHTS[use] else len(lines)
    mine = [line for line in lines[begin:] if line.startswith("topic write")]
    patterns = [line for line in lines if line.startswith("pattern write")]
    assert len(patterns) == 4
    assert all("/goto/%u/" in line and not re.search(r"[+#]", line) for line in patterns)
    assert len(mine) <= 4
    assert all("/wana-01/" in line and not re.search(r"[+#]", line) for line in mine)


def test_no_device_can_have_the_name_of_a_program() -> None:
    assert account_name("chirpstack", Use.CHIRPSTACK) == "chirpstack.local"
    assert account_name("wana-01", Use.ESPHOME) == "wana-01"

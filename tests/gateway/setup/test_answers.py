"""Answers: what is allowed, what is asked when, and the connection that they become."""

import configparser
from pathlib import Path

import pytest

from gateway.config import ConfigError
from gateway.setup.answers import Answers, answers_of, read_answers
from gateway.setup.network import connection_file
from gateway.setup.questions import NETWORKS, QUESTIONS, ask


def file_of(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "answers.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_changes_what_it_names_and_nothing_else(tmp_path: Path) -> None:
    now = Answers(site="oku", title="奥")
    found = read_answers(
        file_of(tmp_path, 'site = "goto"\nnetwork = "wifi"\nwifi_name = "山"\n'), now
    )
    assert found == Answers(site="goto", title="奥", network="wifi", wifi_name="山")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('site = "Goto"', "a-z"),
        ('timezone = "Asia/Goto"', "Asia/Tokyo"),
        ('network = "wifi"', "wifi_name"),
        ('network = "lte"', "lte_apn"),
        ('wifi_password = "short"', "8 to 63"),
        ('sight = "x"', "sight"),
        ("site = ", "TOML"),
        ('network = "satellite"', "satellite"),
    ],
)
def test_a_wrong_answer_is_named_with_what_is_allowed(
    tmp_path: Path, text: str, named: str
) -> None:
    with pytest.raises(ConfigError, match=named):
        read_answers(file_of(tmp_path, text), Answers())


def test_a_secret_answer_is_in_no_message(tmp_path: Path) -> None:
    text = 'channel = "line:SECRET@U1"\nwifi_password = "SECRET"\nport = 0\n'
    with pytest.raises(ConfigError) as caught:
        read_answers(file_of(tmp_path, text), Answers())
    assert "SECRET" not in str(caught.value)


def test_an_empty_line_keeps_what_is_set_and_only_the_chosen_network_is_asked() -> None:
    now, asked = Answers(site="goto", title="三井楽"), []

    def prompt(words: str, default: str, hidden: bool) -> str:
        asked.append((words, hidden))
        given = {QUESTIONS["network"]: "wifi", NETWORKS["wifi"]["wifi_name"]: "山の家"}
        return given.get(words, default)

    found = ask(now, prompt)
    assert found == Answers(site="goto", title="三井楽", network="wifi", wifi_name="山の家")
    hidden = [words for words, is_hidden in asked if is_hidden]
    assert hidden == [NETWORKS["wifi"]["wifi_password"]]
    assert len(asked) == len(QUESTIONS) + 2


def parsed(answers: Answers) -> tuple[str, dict[str, dict[str, str]]]:
    name, text = connection_file(answers)
    reader = configparser.ConfigParser(interpolation=None, delimiters=("=",))
    reader.read_string(text)
    return name, {section: dict(reader[section]) for section in reader.sections()}


def test_wifi_and_lte_become_files_of_networkmanager() -> None:
    wifi = answers_of(
        Answers(), {"network": "wifi", "wifi_name": "山;家", "wifi_password": " 1\\34567"}, "x"
    )
    name, found = parsed(wifi)
    assert name == "shishigaki-wifi.nmconnection"
    assert found["connection"]["type"] == "wifi"
    ssid = bytes(int(one) for one in found["wifi"]["ssid"].strip(";").split(";"))
    assert ssid.decode() == "山;家"
    assert found["wifi-security"] == {"key-mgmt": "wpa-psk", "psk": "\\s1\\\\34567"}
    lte = answers_of(
        Answers(), {"network": "lte", "lte_apn": "soracom.io", "lte_user": "sora"}, "x"
    )
    name, found = parsed(lte)
    assert (name, found["connection"]["type"]) == ("shishigaki-lte.nmconnection", "gsm")
    assert found["gsm"] == {"apn": "soracom.io", "username": "sora"}

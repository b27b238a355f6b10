"""A broken configuration names the key, the value and what is allowed, before anything connects."""

from pathlib import Path

import pytest

from gateway.config import Config, ConfigError, check, load


def refused(text: str, tmp_path: Path, environ: dict[str, str] | None = None) -> str:
    path = tmp_path / "shishigaki.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        load(path, environ or {})
    return str(error.value)


def test_without_a_file_the_defaults_stand() -> None:
    assert load(None, {}) == Config()


def test_an_unknown_key_is_an_error_with_the_likely_one(tmp_path: Path) -> None:
    shown = refused("[mqtt]\nprot = 1883\n", tmp_path)
    assert "mqtt.prot: unknown key (did you mean port?)" in shown
    assert "allowed: " in shown


def test_an_unknown_key_at_the_top_is_an_error(tmp_path: Path) -> None:
    assert "mqt: unknown key (did you mean mqtt?)" in refused("[mqt]\nport = 1\n", tmp_path)


@pytest.mark.parametrize(
    ("text", "key", "value", "allowed"),
    [
        ("[mqtt]\nport = 70000\n", "mqtt.port", "70000", "65535"),
        ("[mqtt]\nport = 'x'\n", "mqtt.port", "'x'", "a whole number at least 1, at most 65535"),
        ("[site]\nname = 'Goto Shi'\n", "site.name", "'Goto Shi'", "a-z, 0-9 and -, at most 32"),
        ("[mqtt]\nprotocol = '4'\n", "mqtt.protocol", "'4'", "auto, 5, 3.1.1"),
        ("[dashboard]\ncentre = [132.0, 32.0]\n", "dashboard.centre", "132.0", "90"),
        ("[[sources]]\ndialect = 'native'\nqos = 2\n", "sources[0].qos", "= 2;", "0 or 1"),
        (
            "[[sources]]\ndialect = 'native'\ntopics = ['a', 'a/#/b']\n",
            "sources[0].topics[1]",
            "'a/#/b'",
            "# for the rest, at its end only",
        ),
        ("[site]\ntimezone = 'Asia/Tokio'\n", "site.timezone", "'Asia/Tokio'", "Asia/Tokyo"),
        ("[site]\ntimezone = 'Asia'\n", "site.timezone", "'Asia'", "Asia/Tokyo"),
        ("[rota]\npeople = ['a']\n", "rota", "{...}", "[[double brackets]]"),
        ("mqtt = 3\n", "mqtt", "3", "a table with ca_file, "),
    ],
)
def test_a_wrong_value_names_key_value_and_what_is_allowed(
    tmp_path: Path, text: str, key: str, value: str, allowed: str
) -> None:
    shown = refused(text, tmp_path)
    assert key in shown
    assert value in shown
    assert allowed in shown


def test_a_secret_is_never_shown(tmp_path: Path) -> None:
    shown = refused("[mqtt]\npassword = 12345\n", tmp_path)
    assert "mqtt.password" in shown
    assert "12345" not in shown


@pytest.mark.parametrize(
    "wrong", ["", "name = 'A B'", "name = 'a'\nquiet = '25-03'", "name = 'a'\nlanguage = 'fr'"]
)
def test_a_wrong_person_shows_no_channel_of_anybody(tmp_path: Path, wrong: str) -> None:
    shown = refused(f"[[people]]\nchannels = ['tgram://s3cret', 5]\n{wrong}\n", tmp_path)
    assert "people[0]" in shown
    assert "s3cret" not in shown


def test_a_wrong_key_in_a_list_of_tables_names_the_likely_one(tmp_path: Path) -> None:
    shown = refused("[[people]]\nname = 'a'\nchanels = []\n", tmp_path)
    assert "people[0].chanels: unknown key (did you mean channels?)" in shown


def test_a_folder_is_no_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load(tmp_path, {})


def test_no_toml_and_no_file_say_so(tmp_path: Path) -> None:
    assert "not TOML" in refused("[mqtt\n", tmp_path)
    with pytest.raises(ConfigError, match="no such file"):
        load(tmp_path / "absent.toml", {})


def test_the_environment_overrides_the_file(tmp_path: Path) -> None:
    path = tmp_path / "s.toml"
    path.write_text("[mqtt]\nport = 1884\nhost = 'a'\n")
    config = load(path, {"SHISHIGAKI_MQTT__PORT": "1885", "SHISHIGAKI_MQTT__TLS": "true"})
    assert (config.mqtt.host, config.mqtt.port, config.mqtt.tls) == ("a", 1885, True)


def test_a_secret_can_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "pw").write_text("s3cret\n")
    config = load(None, {"SHISHIGAKI_MQTT__PASSWORD_FILE": str(tmp_path / "pw")})
    assert config.mqtt.password == "s3cret"


def test_an_absent_secret_file_names_the_variable() -> None:
    with pytest.raises(ConfigError, match="SHISHIGAKI_MQTT__PASSWORD_FILE"):
        load(None, {"SHISHIGAKI_MQTT__PASSWORD_FILE": "/nonexistent"})


def test_an_unknown_environment_setting_is_an_error() -> None:
    with pytest.raises(ConfigError, match="SHISHIGAKI_MQTT__PROT: no such setting"):
        load(None, {"SHISHIGAKI_MQTT__PROT": "1"})


def test_the_certificates_file_setting_is_not_taken_for_a_secret_file() -> None:
    assert load(None, {"SHISHIGAKI_MQTT__CA_FILE": "/ca.pem"}).mqtt.ca_file == "/ca.pem"


def test_people_need_a_name_and_channels() -> None:
    with pytest.raises(ConfigError, match=r"people\[0\].channels is missing; allowed: a list"):
        check({"people": [{"name": "tanaka"}]})

"""`shishigaki region join`: the town's files and settings stand in place, or nothing has changed."""

import ssl
import subprocess
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli import app
from gateway.cli.region.join import with_section
from gateway.region.enrolment import HEAD, Enrolment, encode_enrolment
from gateway.region.hub.authority import Authority
from gateway.region.hub.settings import load_settings

PLAIN = '[site]\nname = "goto"  # ours\n\n[mqtt]\nport = 1883\n'
URL = "https://uplink.example.jp"


@pytest.fixture
def enrolment(tmp_path: Path) -> Enrolment:
    """A real one, of an authority made by openssl."""
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key"]
    run = ["openssl", "req", "-x509", *key, "-out", "ca.pem", "-subj", "/CN=ca"]
    subprocess.run(run, cwd=tmp_path, check=True, capture_output=True)
    authority = Authority(tmp_path / "ca.pem", tmp_path / "ca.key")
    issued = authority.issue("iki", datetime.now(UTC), 5)
    return Enrolment("iki", URL, issued.certificate, issued.key, issued.ca)


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        f'{PLAIN}\n[region]\nurl = "https://old.example.jp"\ninterval_s = 9\n',
        f'[region]\ninterval_s = 9\ntown = "old"\n\n{PLAIN}',
    ],
)
def test_the_section_holds_the_enrolment_and_everything_else_stays(text: str) -> None:
    told = Enrolment("iki", URL, b"", b"", b"")
    after = tomllib.loads(with_section(text, "region", told, Path("/etc/shishigaki/region")))
    before = tomllib.loads(text)
    region = after.pop("region")
    assert (region["town"], region["url"]) == ("iki", URL)
    assert region["key"] == "/etc/shishigaki/region/town.key"
    assert region.get("interval_s") == before.pop("region", {}).get("interval_s")
    assert after == before
    once = with_section(text, "region", told, Path("/x"))
    assert with_section(once, "region", told, Path("/x")) == once


def test_joining_puts_key_and_certificates_that_openssl_accepts(
    tmp_path: Path, enrolment: Enrolment
) -> None:
    pytest.importorskip("gateway.config.region")
    config = tmp_path / "config.toml"
    config.write_text(PLAIN)
    text = encode_enrolment(enrolment)
    result = CliRunner().invoke(app, ["region", "join", "-", "-c", str(config)], input=text)
    assert result.exit_code == 0, result.output
    folder = tmp_path / "region"
    assert (folder / "town.key").stat().st_mode & 0o777 == 0o640
    check = ["openssl", "verify", "-CAfile", "region.pem", "-purpose", "sslclient", "town.pem"]
    subprocess.run(check, cwd=folder, check=True, capture_output=True)
    public = [
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True).stdout
        for words in (
            ["x509", "-in", "town.pem", "-noout", "-pubkey"],
            ["pkey", "-in", "town.key", "-pubout"],
        )
    ]
    assert public[0] == public[1]
    assert tomllib.loads(config.read_text())["region"]["certificate"] == str(folder / "town.pem")


def test_a_hub_is_joined_to_the_one_above_in_each_of_its_receivers(
    tmp_path: Path, enrolment: Enrolment
) -> None:
    for name in ("receiver1", "receiver2"):
        (tmp_path / f"{name}.toml").write_text('database = "postgresql://x@h/region"\n')
    text = encode_enrolment(enrolment)
    run = ["region", "parent", "-", "--folder", str(tmp_path)]
    for _ in range(2):
        result = CliRunner().invoke(app, run, input=text)
        assert result.exit_code == 0, result.output
    for name in ("receiver1", "receiver2"):
        settings = load_settings(tmp_path / f"{name}.toml")
        assert settings.parent is not None
        assert (settings.parent.url, settings.parent.town) == (URL, "iki")
        files = (settings.parent.certificate, settings.parent.key, settings.parent.ca)
        assert all(Path(one).is_relative_to(tmp_path / "parent") for one in files)
    context = ssl.create_default_context(cafile=tmp_path / "parent/region.pem")
    context.load_cert_chain(tmp_path / "parent/town.pem", tmp_path / "parent/town.key")


def test_a_folder_without_receivers_is_named_and_nothing_is_written(
    tmp_path: Path, enrolment: Enrolment
) -> None:
    folder = tmp_path / "hub"
    folder.mkdir()
    text = encode_enrolment(enrolment)
    result = CliRunner().invoke(app, ["region", "parent", "-", "--folder", str(folder)], input=text)
    assert "receiver*.toml" in str(result.exception)
    assert list(folder.iterdir()) == []


def test_a_text_that_is_no_enrolment_changes_nothing(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(PLAIN)
    result = CliRunner().invoke(app, ["region", "join", "-", "-c", str(config)], input=f"{HEAD}AA")
    assert result.exit_code == 1
    assert "not whole" in str(result.exception)
    assert config.read_text() == PLAIN
    assert not (tmp_path / "region").exists()

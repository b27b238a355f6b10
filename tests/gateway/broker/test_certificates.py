"""The broker's certificate, judged by openssl; the authority's key is of no use without its passphrase."""

import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.broker.certificates import (
    Authority,
    PassphraseError,
    end_of,
    issue,
    names_of,
    new_authority,
    new_passphrase,
)
from tests.support.servers import need

NOW = datetime(2026, 11, 29, 8, 0, tzinfo=UTC)
PASSPHRASE = "correct-horse"
NAMES = ["sika.local", "192.0.2.7"]


@pytest.fixture(scope="module")
def authority() -> Authority:
    return new_authority("goto", PASSPHRASE, NOW)


def openssl(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    program = need(shutil.which("openssl"), "openssl")
    return subprocess.run(
        [program, *arguments], cwd=folder, capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize("name", [("-verify_hostname", "sika.local"), ("-verify_ip", "192.0.2.7")])
def test_openssl_trusts_the_certificate_for_its_name_and_its_address(
    tmp_path: Path, authority: Authority, name: tuple[str, str]
) -> None:
    (tmp_path / "ca.crt").write_bytes(authority.certificate)
    (tmp_path / "server.pem").write_bytes(issue(authority, PASSPHRASE, NAMES, NOW).certificate)
    verify = ("verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", "ca.crt")
    done = openssl(tmp_path, *verify, *name, "server.pem")
    assert done.returncode == 0, done.stdout + done.stderr
    other = openssl(tmp_path, *verify, "-verify_hostname", "kuma.local", "server.pem")
    assert other.returncode != 0  # the control


def test_the_authoritys_key_is_encrypted_and_opens_with_its_passphrase_only(
    tmp_path: Path, authority: Authority
) -> None:
    assert b"BEGIN ENCRYPTED PRIVATE KEY" in authority.key
    with pytest.raises(PassphraseError, match="not the authority's passphrase"):
        issue(authority, "wrong", NAMES, NOW)
    (tmp_path / "ca.key").write_bytes(authority.key)
    assert openssl(tmp_path, "rsa", "-in", "ca.key", "-passin", "pass:wrong", "-noout").returncode
    assert not openssl(
        tmp_path, "rsa", "-in", "ca.key", "-passin", f"pass:{PASSPHRASE}", "-noout"
    ).returncode


def test_a_board_in_1970_makes_a_certificate_that_is_good_now(authority: Authority) -> None:
    made = issue(authority, PASSPHRASE, NAMES, datetime(1970, 1, 1, tzinfo=UTC)).certificate
    assert end_of(made) > datetime(2029, 1, 1, tzinfo=UTC)
    assert names_of(made) == NAMES


def test_a_passphrase_has_130_bits_in_groups_that_can_be_written_down() -> None:
    assert len({new_passphrase() for _ in range(100)}) == 100
    assert len(new_passphrase().replace("-", "")) == 26

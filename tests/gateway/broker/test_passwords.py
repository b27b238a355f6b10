"""Lines of mosquitto's password file: ours, and those of mosquitto's own program."""

import shutil
import subprocess
from pathlib import Path

from gateway.broker.passwords import fits, line, names, new_password, without
from tests.support.servers import need


def test_a_password_made_by_mosquittos_own_program_fits(tmp_path: Path) -> None:
    path = tmp_path / "passwd"
    path.write_text("wana-01:of-wana-01\n")
    path.chmod(0o600)
    program = need(shutil.which("mosquitto_passwd"), "mosquitto")
    subprocess.run([program, "-U", str(path)], check=True, timeout=30)
    assert fits(path.read_text(), "wana-01", "of-wana-01")
    assert not fits(path.read_text(), "wana-01", "of-wana-02")


def test_a_line_holds_no_password_and_fits_its_own_only() -> None:
    password = new_password()
    text = line("wana-01", password) + line("wana-02", new_password())
    assert password not in text
    assert fits(text, "wana-01", password)
    assert not fits(text, "wana-02", password)
    assert names(text) == ["wana-01", "wana-02"]
    assert names(without(text, "wana-01")) == ["wana-02"]


def test_passwords_are_long_and_never_the_same() -> None:
    found = {new_password() for _ in range(1_000)}
    assert len(found) == 1_000
    assert {len(one) for one in found} == {24}

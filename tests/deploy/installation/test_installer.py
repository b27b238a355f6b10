"""install.sh: files are whole after a power cut, and answers with secrets leave the boot partition."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.deploy.folder import DEPLOY
from tests.deploy.installation.installer import functions

NAMES = ("put", "answers_from_card")


@pytest.fixture(autouse=True)
def as_root() -> None:
    if os.geteuid() != 0:
        pytest.skip("files of root's need root: sudo make test")


def shell(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a script after the functions, with `sync`, `mv` and `shishigaki` told."""
    told = (
        f"etc={folder}; card={folder}/card.toml\n"
        'sync() { echo sync "$@"; command sync "$@"; }\nmv() { echo mv "$@"; command mv "$@"; }\n'
        'die() { echo "$*" >&2; exit 1; }\n'
    )
    return subprocess.run(
        ["sh", "-euc", f"{told}{functions(*NAMES)}\n{script}"],
        capture_output=True,
        text=True,
        timeout=30,
    )


def test_a_file_is_on_the_disk_before_it_takes_its_name(tmp_path: Path) -> None:
    (tmp_path / "new").write_text("new")
    target, part = tmp_path / "target", tmp_path / ".target.part"
    target.write_text("old")
    done = shell(f"put {tmp_path}/new {target} 0640 root root", tmp_path)
    assert done.stdout.splitlines() == [f"sync {part}", f"mv -fT {part} {target}"]
    assert target.read_text() == "new"
    assert target.stat().st_mode & 0o777 == 0o640
    assert not part.exists()


def test_a_cut_before_its_name_leaves_the_old_content(tmp_path: Path) -> None:
    (tmp_path / "new").write_text("new")
    target = tmp_path / "target"
    target.write_text("old")
    cut = f"mv() {{ exit 9; }}\nput {tmp_path}/new {target} 0640 root root"
    assert shell(cut, tmp_path).returncode == 9
    assert target.read_text() == "old"
    bare = f"install() {{ : >{target}; exit 9; }}\ninstall {tmp_path}/new {target}"
    assert shell(bare, tmp_path).returncode == 9
    assert target.read_text() == "", "control: written in place it is empty"


def test_no_file_of_settings_units_or_commands_is_written_in_place() -> None:
    lines = (DEPLOY / "install.sh").read_text().splitlines()
    bare = [line.strip() for line in lines if line.strip().startswith("install -m")]
    assert set(bare) == {
        'install -m 0644 "$here"/*.md "$here/config.example.toml" "$opt/doc/"',
        'install -m "$3" -o "$4" -g "$5" "$1" "$part"',
    }


@pytest.mark.parametrize("works", [True, False])
def test_answers_leave_the_boot_partition_whether_the_setup_works_or_not(
    tmp_path: Path, works: bool
) -> None:
    card, kept = tmp_path / "card.toml", tmp_path / "secrets/answers.toml"
    kept.parent.mkdir()
    card.write_text('wifi_password = "secret"')
    result = "true" if works else "false"
    seen = f"shishigaki() {{ cat {kept}; ls {card} || true; {result}; }}\nanswers_from_card"
    done = shell(seen, tmp_path)
    assert "secret" in done.stdout, "the setup has read them"
    assert f"\n{card}\n" not in done.stdout, "they had left before"
    assert not card.exists()
    assert kept.exists() is not works
    if not works:
        assert done.returncode == 1
        assert f"sudo shishigaki setup --answers {kept}" in done.stderr
        assert kept.stat().st_mode & 0o777 == 0o600

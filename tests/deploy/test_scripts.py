"""deploy: the shell is sound, the units hold, and the pieces name each other rightly."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.deploy.folder import DEPLOY, ROOT

SCRIPTS = ("install.sh", "dist.sh", "shishigaki")
UNITS = sorted((DEPLOY / "systemd").iterdir())


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units with programs that exist here, so that only the units themselves are judged."""
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    for unit in UNITS:
        text = re.sub(r"/opt/shishigaki/current/bin/shishigaki", str(program), unit.read_text())
        text = re.sub(r"^Documentation=.*\n", "", text, flags=re.MULTILINE)
        text = re.sub(r"^(User|Group)=shishigaki$", r"\1=daemon", text, flags=re.MULTILINE)
        (tmp_path / unit.name).write_text(text)
    return tmp_path


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed: sudo apt-get install systemd")
    return subprocess.run([program, *arguments], capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_shell_scripts_are_posix_and_fail_on_errors(name: str) -> None:
    script = DEPLOY / name
    assert subprocess.run(["sh", "-n", script], timeout=10).returncode == 0
    assert "\nset -eu\n" in script.read_text()
    assert script.stat().st_mode & 0o111


@pytest.mark.parametrize("name", SCRIPTS)
def test_shellcheck_finds_nothing(name: str) -> None:
    shellcheck = shutil.which("shellcheck")
    if shellcheck is None:
        pytest.skip("shellcheck is not installed: sudo apt-get install shellcheck")
    done = subprocess.run([shellcheck, DEPLOY / name], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout


def test_wrong_usage_of_the_installer_exits_2_and_says_how() -> None:
    done = subprocess.run(
        ["sh", DEPLOY / "install.sh", "--wheels"], capture_output=True, text=True, timeout=10
    )
    assert done.returncode == 2
    assert "--wheel FILE" in done.stderr


@pytest.mark.parametrize("unit", [unit.name for unit in UNITS])
def test_systemd_accepts_every_unit(units: Path, unit: str) -> None:
    done = analyze("verify", "--man=no", str(units / unit))
    mine = [line for line in done.stderr.splitlines() if "shishigaki" in line]
    assert (done.returncode, mine) == (0, [])


def test_control_a_misspelled_setting_in_a_unit_is_found(units: Path) -> None:
    """The check above can fail."""
    unit = units / "shishigaki.service"
    unit.write_text(unit.read_text().replace("WatchdogSec=60", "WatchdogSecs=60"))
    assert "WatchdogSecs" in analyze("verify", "--man=no", str(unit)).stderr


@pytest.mark.parametrize("unit", [unit.name for unit in UNITS if unit.suffix == ".service"])
def test_services_are_sandboxed(units: Path, unit: str) -> None:
    """systemd's own mark, 0 (sealed) to 10 (open), times ten."""
    arguments = ("security", "--offline=true", "--threshold=20", "--no-pager")
    done = analyze(*arguments, str(units / unit))
    assert done.returncode == 0, done.stdout.splitlines()[-1]


def test_the_service_waits_for_readiness_and_is_watched() -> None:
    text = (DEPLOY / "systemd" / "shishigaki.service").read_text()
    for setting in (
        "Type=notify",
        "WatchdogSec=",
        "Restart=always",
        "StateDirectory=shishigaki",
        "ProtectSystem=strict",
        "LoadCredential=",
    ):
        assert setting in text


def test_every_file_that_the_installer_copies_exists() -> None:
    text = (DEPLOY / "install.sh").read_text()
    named = set(re.findall(r'"\$here/([\w./-]+\w)"', text)) - {"requirements.txt"}
    assert {"config.example.toml", "shishigaki", "mosquitto/shishigaki.conf"} <= named
    for name in named - {"../requirements.txt", "../pyproject.toml"}:
        assert (DEPLOY / name).exists(), name
    assert (ROOT / "requirements.txt").exists()


def test_the_installers_last_line_says_how_the_first_person_gets_in() -> None:
    """Its last function with the system's commands taken away, in each of its ways to end."""
    text = (DEPLOY / "install.sh").read_text()
    parts = [
        re.search(rf"^{name}\(\) .*?^}}$", text, re.MULTILINE | re.DOTALL)
        for name in ("start_all", "say_way_in")
    ]
    functions = "\n".join(part[0] for part in parts if part)
    script = (
        "say() { printf '%s\\n' \"$*\"; }\nsystemctl() { :; }\nhostname() { echo pi; }\n"
        f"etc=/e; opt=/o; changed=yes; start=$1\n{functions}\nstart_all"
    )
    for start in ("yes", "no"):
        shown = subprocess.run(
            ["sh", "-euc", script, "sh", start], capture_output=True, text=True, timeout=10
        )
        assert shown.returncode == 0, shown.stderr
        assert "shishigaki users add" in shown.stdout.splitlines()[-1]


@pytest.mark.parametrize("half", [0, 1], ids=["ja", "en"])
def test_the_installation_guide_registers_the_first_person_before_the_pages_are_opened(
    half: int,
) -> None:
    text = (DEPLOY / "INSTALL.md").read_text().split("\n---\n")[half]
    assert 0 < text.index("shishigaki users add") < text.index("http://shishigaki.local:8000/")

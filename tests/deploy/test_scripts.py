"""deploy: the shell is sound, the units hold, and the pieces name each other rightly."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.deploy.folder import DEPLOY, ROOT
from tests.deploy.installation.installer import functions
from tests.support.servers import need

SCRIPTS = ("install.sh", "dist.sh", "shishigaki", "crashed.sh")
UNITS = sorted((DEPLOY / "systemd").iterdir())
# Two install programs and units as root and talk with systemd; the others need nothing of that.
INSTALLING = {"shishigaki-upgrade.service", "shishigaki-return.service"}
SEALED = [unit.name for unit in UNITS if unit.suffix == ".service" and unit.name not in INSTALLING]


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units with programs that exist here, so that only the units themselves are judged."""
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    for unit in UNITS:
        text = re.sub(
            r"/opt/shishigaki/(current|previous|upgrade/runner)/bin/shishigaki",
            str(program),
            unit.read_text(),
        )
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
    shellcheck = need(shutil.which("shellcheck"), "shellcheck")
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


@pytest.mark.parametrize("unit", SEALED)
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
    of_a_bundle = {"wheels", "wheels/requirements.txt", "manifest.json", "release.pub"}
    for name in named - of_a_bundle - {"../requirements.txt", "../pyproject.toml"}:
        assert (DEPLOY / name).exists(), name
    assert (ROOT / "requirements.txt").exists()


@pytest.mark.parametrize(
    ("before", "start", "answers", "ends"),
    [
        ("", "yes", "a.toml", "SETUP --answers a.toml"),
        ("", "yes", "", "sudo shishigaki setup"),  # no terminal: nothing is asked
        ("old", "yes", "", "sudo shishigaki setup"),
        ("", "no", "a.toml", "sudo shishigaki setup"),
    ],
)
def test_the_installer_ends_with_the_first_hour_or_says_how_to_begin_it(
    before: str, start: str, answers: str, ends: str
) -> None:
    """Its last functions with the system's commands taken away, in each of its ways to end."""
    text = functions("start_all", "asks", "first_hour", "say_next")
    text = text.replace("[ ! -d /run/systemd/system ]", "false")
    script = (
        "say() { printf '%s\\n' \"$*\"; }\nsystemctl() { :; }\nhostname() { echo pi; }\n"
        'shishigaki() { shift; say SETUP "$@"; }\n'
        f"card=/nowhere; etc=/e; opt=/o; changed=yes; before=$1; start=$2; answers=$3\n{text}\nstart_all"
    )
    shown = subprocess.run(
        ["sh", "-euc", script, "sh", before, start, answers],
        capture_output=True,
        text=True,
        timeout=10,
        stdin=subprocess.DEVNULL,
    )
    assert shown.returncode == 0, shown.stderr
    assert ends in shown.stdout.splitlines()[-1]

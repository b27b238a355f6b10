"""The steps of the first hour on the machine, as root.

Owns files of root and the commands that are run. What concerns the database is a command of `shishigaki`,
which runs as the service's own user. Each step may be repeated and then changes nothing.
"""

import os
import shutil
import stat
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path

from gateway.atomic_file import replacing
from gateway.config import ConfigError, load
from gateway.setup.answers import Answers
from gateway.setup.network import FOLDER, NEEDS, connection_file
from gateway.setup.settings_file import Value, with_settings

OWN = "shishigaki"  # the command, as the service's user
WITHIN_S = 180.0
READY_S = 120.0


def write_settings(file: Path, changes: Mapping[str, Mapping[str, Value]]) -> bool:
    """Change lines of the settings file as one replacement; whether anything changed.

    Raises ConfigError, and leaves the file as it was, when the result could not be used.
    """
    before = file.read_text(encoding="utf-8")
    after = with_settings(before, changes)
    if after == before:
        return False
    kept = file.stat()
    with replacing(file, 0o600) as out:
        out.write(after.encode())
        out.flush()
        load(Path(out.name))
        os.fchown(out.fileno(), kept.st_uid, kept.st_gid)
        os.fchmod(out.fileno(), stat.S_IMODE(kept.st_mode))
    return True


def connect(answers: Answers) -> str:
    """Write the connection and let NetworkManager take it; what is missing, "" if nothing."""
    if answers.network == "keep":
        return ""
    for program, package in (NEEDS["wifi"], NEEDS[answers.network]):
        if not shutil.which(program):
            return f"{package} がありません / is not installed: sudo apt-get install -y {package}"
    name, text = connection_file(answers)
    file = Path(FOLDER) / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.chmod(0o600)
    file.write_text(text, encoding="utf-8")
    done = run(["nmcli", "connection", "reload"]) or run(["nmcli", "connection", "up", file.stem])
    return done and f"{name}: {done}"


def run(command: Sequence[str], given: str = "", *, shown: bool = False) -> str:
    """Run a command; "" if it succeeded, else what it said last. `given`: its standard input."""
    try:
        done = subprocess.run(  # noqa: S603 - our own commands
            command,
            input=given,
            text=True,
            stdout=None if shown else subprocess.PIPE,
            stderr=None if shown else subprocess.STDOUT,
            timeout=WITHIN_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{command[0]}: {error}"
    said = (done.stdout or "").strip().splitlines()
    return "" if done.returncode == 0 else (said or [f"{command[0]}: {done.returncode}"])[-1]


def said(command: Sequence[str]) -> str:
    """What a command prints; "" if it fails."""
    try:
        done = subprocess.run(  # noqa: S603 - our own commands
            command, capture_output=True, text=True, timeout=WITHIN_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def need(command: Sequence[str], given: str = "") -> None:
    """Run a command that the next step needs. Raises ConfigError with what it said."""
    if wrong := run(command, given):
        raise ConfigError(f"{' '.join(command)}: {wrong}")


def wait_for_pages(port: int) -> None:
    """Return when the pages answer. Raises ConfigError after `READY_S`."""
    end = time.monotonic() + READY_S
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5):
                return
        except urllib.error.HTTPError:
            return  # they answer, and tell of a fault: the doctor names it
        except OSError:
            time.sleep(0.5)
    raise ConfigError(
        f"画面が {READY_S:g} 秒たっても答えません / the pages do not answer: journalctl -u shishigaki -e"
    )

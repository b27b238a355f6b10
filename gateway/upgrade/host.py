"""The real machine of an upgrade: systemd, the installer's script, the data of the gateway.

Owns the commands that are run, and as whom. Must not decide anything (`steps`).
"""

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgspec import Struct

from gateway.clock import utc_now
from gateway.store.connection import open_reader
from gateway.store.recovery import backup, exchange
from gateway.store.trial import data
from gateway.store.trial.data import ReturnReport
from gateway.upgrade import settings_copy
from gateway.upgrade.gates import Verdict
from gateway.upgrade.layout import Layout
from gateway.upgrade.owner import as_owner
from gateway.upgrade.phases import UpgradeState
from gateway.upgrade.steps import StepError

SERVICE = "shishigaki.service"
BROKER = "mosquitto.service"
BUILD_S, REHEARSAL_S, STOP_S, SHORT_S = 1_800.0, 900.0, 120.0, 60.0
ANSWER_S = 300.0
BALLAST_BYTES = 16 << 20  # freed at a return, which then has room on a full disk
ROOM_BYTES = 64 << 20  # beside twice the database
PASSED_ON = ("PATH", "LANG", "PYTHONDONTWRITEBYTECODE")
SHOWN = 400  # characters of what a command says

TryOut = Callable[[UpgradeState], Verdict]
Answers = Callable[[], bool]


class SystemHost(Struct):
    """One machine with systemd."""

    layout: Layout
    database: Path
    config: Path
    try_out_with: TryOut
    answers: Answers

    @property
    def _ballast(self) -> Path:
        return data.copy_path(self.database).with_name("before-upgrade.room")

    def build(self, environment: str) -> None:
        """By install.sh of the bundle, as at the first installation."""
        if self.layout.is_whole(environment):
            return
        script = self.layout.unpacked / "install.sh"
        run(["sh", str(script), "--build-only", environment], BUILD_S)
        if not self.layout.is_whole(environment):
            raise StepError(f"{environment}: install.sh has not completed it")

    def rehearse(self, environment: str) -> None:
        """A copy of the data is opened, and migrated, by the program of an environment."""
        copy = data.copy_path(self.database).with_name("rehearsal.db")
        with as_owner(self.database.parent):
            self._check_room()
            exchange.remove(copy)
            source = open_reader(self.database)
            try:
                backup.copy(source, self.database, copy)
            finally:
                source.close()
        about = self.database.stat()
        program = self.layout.root / environment / "bin" / "shishigaki"
        command = [str(program), "upgrade", "--rehearse", str(copy), "--config", str(self.config)]
        try:
            run(command, REHEARSAL_S, as_user=(about.st_uid, about.st_gid))
        finally:
            with as_owner(self.database.parent):
                exchange.remove(copy)
                copy.with_name(copy.name + ".schema").unlink(missing_ok=True)
                copy.with_name(copy.name + ".lock").unlink(missing_ok=True)

    def stop(self) -> None:
        """The service has ended when this returns."""
        run(["systemctl", "stop", SERVICE], STOP_S)

    def start(self) -> None:
        """A service that ended too often may be started again too."""
        run(["systemctl", "reset-failed", SERVICE], SHORT_S, may_fail=True)
        run(["systemctl", "start", "--no-block", BROKER], SHORT_S, may_fail=True)
        run(["systemctl", "start", "--no-block", SERVICE], SHORT_S)

    def save_settings(self) -> None:
        """Into the folder of upgrades."""
        settings_copy.save(self.layout.settings)

    def apply_settings(self, environment: str) -> None:
        """By install.sh of the environment, without a network and without questions."""
        script = self.layout.root / environment / "deploy" / "install.sh"
        run(["sh", str(script), "--settings-only"], BUILD_S)
        os.sync()  # an older version's script leaves that to the kernel
        self._reload(settings_copy.note_change(self.layout.settings))

    def put_settings_back(self) -> None:
        """Also deletes what the new version has added."""
        self._reload(settings_copy.put_back(self.layout.settings))

    def _reload(self, changed: list[str]) -> None:
        run(["systemctl", "daemon-reload"], SHORT_S)
        if settings_copy.of_broker(changed):
            run(["systemctl", "restart", BROKER], STOP_S, may_fail=True)

    def save_data(self, upgrade: str) -> None:
        """A checked copy beside the database, and room for the way back."""
        with as_owner(self.database.parent):
            if data.carries_mark(self.database, upgrade):
                return
            exchange.remove(data.copy_path(self.database))
            self._check_room(1)
            data.save(self.database)
            with self._ballast.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, BALLAST_BYTES)
                os.fsync(file.fileno())
            data.mark(self.database, upgrade)

    def try_out(self, state: UpgradeState) -> Verdict:
        """Watch it behind the gates."""
        return self.try_out_with(state)

    def accept_data(self) -> None:
        """The copy stays until the next upgrade."""
        with as_owner(self.database.parent):
            self._ballast.unlink(missing_ok=True)
            data.accept(self.database)

    def put_data_back(self, upgrade: str, *, is_marked: bool) -> ReturnReport:
        """First the room, then the data."""
        with as_owner(self.database.parent):
            self._ballast.unlink(missing_ok=True)
            return data.put_back(self.database, upgrade, utc_now(), is_marked=is_marked)

    def wait_until_it_answers(self) -> None:
        """For people: what is told as returned answers already. It is not undone when it does not."""
        end_s = time.monotonic() + ANSWER_S
        while not self.answers() and time.monotonic() < end_s:
            time.sleep(1.0)

    def _check_room(self, copies: int = 2) -> None:
        sides = (exchange.beside(self.database, end) for end in ("", "-wal"))
        size = sum(path.stat().st_size for path in sides if path.exists())
        about = os.statvfs(self.database.parent)
        free, needed = about.f_bavail * about.f_frsize, copies * size + ROOM_BYTES
        if free < needed:
            raise StepError(
                f"空きが足りません / not enough room beside {self.database}: "
                f"{free >> 20} MB free, {needed >> 20} MB needed"
            )


def unit_state() -> tuple[str, int]:
    """systemd's word for the service, and how often it was started again."""
    said = run(["systemctl", "show", "-p", "ActiveState,NRestarts", SERVICE], SHORT_S)
    found = dict(line.split("=", 1) for line in said.splitlines() if "=" in line)
    return found.get("ActiveState", "unknown"), int(found.get("NRestarts", "0"))


def run(
    command: list[str],
    limit_s: float,
    *,
    as_user: tuple[int, int] | None = None,
    may_fail: bool = False,
) -> str:
    """Run a command to its end; what it said. Raises StepError."""
    who: dict[str, Any] = {}
    if as_user and os.geteuid() == 0:
        who = {"user": as_user[0], "group": as_user[1], "extra_groups": []}
    if as_user:  # it cannot read the secrets that ours name
        who["env"] = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    try:
        done = subprocess.run(  # noqa: S603 - our own commands
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=limit_s,
            cwd="/",
            **who,
        )
    except subprocess.TimeoutExpired:
        raise StepError(f"{_shown(command)}: {limit_s:g} s were not enough") from None
    if done.returncode and not may_fail:
        said = (done.stderr.strip() or done.stdout.strip())[-SHOWN:]
        raise StepError(f"{_shown(command)}: {said or done.returncode}")
    return str(done.stdout)


def _shown(command: list[str]) -> str:
    return " ".join(Path(part).name if "/" in part else part for part in command[:4])

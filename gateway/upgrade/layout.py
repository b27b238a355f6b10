"""The folder of the program: environments, and the links that say which of them runs.

    /opt/shishigaki/
      ID-py311/          an environment with `complete` when it is whole, `deploy/` and `bundle.json`
      current            the one that runs
      last-good          the one that was accepted last: never deleted
      previous           the one before: for `shishigaki rollback`
      upgrade/           the state of an upgrade, `runner` (who does it), its bundle, copies of settings

Owns this layout together with deploy/install.sh. Links change in one step: a power cut leaves the one or
the other.
"""

import contextlib
import shutil
from collections.abc import Collection, Iterator
from datetime import datetime
from pathlib import Path

import msgspec
from msgspec import Struct

from gateway.atomic_file import sync

RUNNER = "runner"  # in the folder of upgrades
CURRENT, LAST_GOOD, PREVIOUS = "current", "last-good", "previous"
COMPLETE, ABOUT = "complete", "bundle.json"
BAD = "bad"  # the service of this environment kept ending: nothing returns to it by itself
REFUSED = (
    "refused"  # a return to this environment after crashes failed: not tried again for a while
)
REFUSED_S = 86_400.0


class About(Struct, frozen=True):
    """What an environment holds."""

    version: str
    made: datetime | None = None


class Layout(Struct, frozen=True):
    """The folder of the program."""

    root: Path

    @property
    def upgrade(self) -> Path:
        """Where an upgrade keeps its files."""
        return self.root / "upgrade"

    @property
    def settings(self) -> Path:
        """The copies of settings from before the last upgrade."""
        return self.upgrade / "settings"

    @property
    def unpacked(self) -> Path:
        """The files of the bundle that is being installed."""
        return self.upgrade / "unpacked"

    def target(self, link: str) -> str:
        """The environment that a link names; "" when there is none."""
        try:
            name = (self.root / link).readlink().name
        except OSError:
            return ""
        return name if (self.root / name).is_dir() else ""

    def point(self, link: str, environment: str) -> None:
        """Let a link name an environment, durably."""
        fresh = self.root / f"{link}.new"
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(environment)
        fresh.replace(self.root / link)
        sync(self.root)

    def set_runner(self, environment: str) -> None:
        """Which program does the steps of an upgrade: never one that was not good yet, or keeps ending."""
        self.upgrade.mkdir(parents=True, exist_ok=True)
        fresh = self.upgrade / f"{RUNNER}.new"
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(f"../{environment}")
        fresh.replace(self.upgrade / RUNNER)
        sync(self.upgrade)

    def is_whole(self, environment: str) -> bool:
        """Whether an environment was installed to its end."""
        return bool(environment) and (self.root / environment / COMPLETE).exists()

    def is_bad(self, environment: str) -> bool:
        """Whether the service of an environment kept ending."""
        return (self.root / environment / BAD).exists()

    def refuse(self, environment: str) -> None:
        """A return to an environment after crashes has failed. A full disk only costs the mark."""
        with contextlib.suppress(OSError):
            (self.root / environment / REFUSED).touch()

    def is_refused(self, environment: str, now_s: float) -> bool:
        """Whether a return after crashes failed a short time ago, by a clock that may have leapt."""
        try:
            refused_s = (self.root / environment / REFUSED).stat().st_mtime
        except OSError:
            return False
        return abs(now_s - refused_s) < REFUSED_S

    def about(self, environment: str) -> About:
        """What an environment says of itself; an unknown version is "0"."""
        try:
            return msgspec.json.decode((self.root / environment / ABOUT).read_bytes(), type=About)
        except (OSError, msgspec.MsgspecError):
            return About("0")

    def environments(self) -> Iterator[str]:
        """All environments, whole or not."""
        for path in self.root.glob("*-py*"):
            if path.is_dir() and not path.is_symlink():
                yield path.name

    def prune(self, keep: Collection[str] = ()) -> None:
        """Delete environments that no link names, beside those to keep."""
        kept = {*keep, *(self.target(link) for link in (CURRENT, LAST_GOOD, PREVIOUS))}
        for name in list(self.environments()):
            if name not in kept:
                remove(self.root / name)


def remove(path: Path) -> None:
    """Delete a folder and what it holds; what marks it as whole goes first."""
    (path / COMPLETE).unlink(missing_ok=True)
    shutil.rmtree(path, ignore_errors=True)

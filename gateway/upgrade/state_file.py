"""The state of an upgrade on the disk, and what is remembered of earlier ones.

Owns a few small files. `state.json` exists while an upgrade is under way: after a power cut it says what
to do.
"""

from pathlib import Path

import msgspec
from msgspec import Struct

from gateway.atomic_file import sync, write
from gateway.upgrade.phases import Ended, UpgradeState

MOST_REMEMBERED = 20


class StateFiles(Struct, frozen=True):
    """The files in the folder of upgrades."""

    folder: Path

    @property
    def state(self) -> Path:
        """Exists while an upgrade is under way."""
        return self.folder / "state.json"

    @property
    def _history(self) -> Path:
        return self.folder / "history.json"

    @property
    def cancel(self) -> Path:
        """Exists when a person wants the earlier version back during a trial."""
        return self.folder / "cancel"

    @property
    def lock(self) -> Path:
        """Locked by whoever is about to begin an upgrade."""
        return self.folder / "lock"

    def load(self) -> UpgradeState | None:
        """The upgrade that is under way. A file that cannot be read counts as none: nothing is switched."""
        try:
            return msgspec.json.decode(self.state.read_bytes(), type=UpgradeState)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.MsgspecError):
            return None

    def begin(self, state: UpgradeState) -> None:
        """The first step of an upgrade; a wish to leave an earlier one does not count for it."""
        self.cancel.unlink(missing_ok=True)
        self.save(state)

    def save(self, state: UpgradeState) -> None:
        """The next step, durably."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write(self.state, msgspec.json.encode(state))

    def end(self, ended: Ended) -> None:
        """Remember how it ended, then forget that it was under way."""
        history = [*self.history(), ended][-MOST_REMEMBERED:]
        write(self._history, msgspec.json.encode(history))
        self.cancel.unlink(missing_ok=True)
        self.state.unlink(missing_ok=True)
        sync(self.folder)

    def history(self) -> list[Ended]:
        """How earlier upgrades ended, the newest last."""
        try:
            return msgspec.json.decode(self._history.read_bytes(), type=list[Ended])
        except (OSError, msgspec.MsgspecError):
            return []

"""How an upgrade begins: one at a time, without what an earlier one left, and to which version a crash leads.

Owns the first state on the disk. Must not do a step (`steps`), nor talk with systemd or people.
"""

import contextlib
import fcntl
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from secrets import token_hex

from msgspec.structs import replace

from gateway.domain.errors import BadInputError
from gateway.upgrade.layout import CURRENT, LAST_GOOD, PREVIOUS, Layout
from gateway.upgrade.phases import Patience, Phase, UpgradeState
from gateway.upgrade.state_file import StateFiles


class UpgradeError(BadInputError):
    """An upgrade that cannot begin; the text says why and what to do."""


@contextlib.contextmanager
def alone(files: StateFiles) -> Iterator[None]:
    """Nobody else begins an upgrade within the block. Raises UpgradeError when somebody is about to."""
    files.folder.mkdir(parents=True, exist_ok=True)
    with files.lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UpgradeError(
                "別の人が更新を始めています。待ってください / somebody else is about to begin one: wait"
            ) from None
        yield


def begin(layout: Layout, files: StateFiles, state: UpgradeState) -> None:
    """The unit of upgrades finds what to do; within `alone`."""
    is_back = state.phase is Phase.REHEARSING  # it has been good before, and does the steps itself
    layout.set_runner(state.new if is_back else state.old)
    files.begin(state)


def first_state(
    layout: Layout, new: str, version: str, phase: Phase, patience: Patience
) -> UpgradeState:
    """The state of an upgrade that begins now."""
    now_s = time.time()
    old = layout.target(LAST_GOOD) or layout.target(CURRENT)
    return UpgradeState(
        upgrade=f"{datetime.fromtimestamp(now_s, UTC):%Y%m%dT%H%M%S}-{token_hex(3)}",
        phase=phase,
        old=old,
        new=new,
        old_version=layout.about(old).version,
        new_version=version,
        began_s=now_s,
        patience=patience,
    )


def begin_return(layout: Layout, files: StateFiles, now_s: float) -> bool:
    """Begin the way back after crashes, within `alone`. False: no version may be better."""
    if not (previous := after_crashes(layout, now_s)):
        return False
    version = layout.about(previous).version
    state = first_state(layout, previous, version, Phase.REHEARSING, Patience())
    begin(layout, files, replace(state, is_automatic=True))
    return True


def after_crashes(layout: Layout, now_s: float) -> str:
    """The environment to return to when the service keeps ending; "" when none may be better."""
    previous = layout.target(PREVIOUS)
    if not layout.is_whole(previous) or previous == layout.target(CURRENT):
        return ""
    return "" if layout.is_bad(previous) or layout.is_refused(previous, now_s) else previous

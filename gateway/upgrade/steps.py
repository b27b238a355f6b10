"""Does the steps of an upgrade one after the other, from whatever step the disk names.

Owns what each step does and in which order, so that it may be cut off anywhere and done again. The host
does the work. Must not decide which step follows (`phases`) nor when a version is good (`gates`).
"""

import logging
import time
from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from gateway.domain.errors import ShishigakiError, UnreachableError
from gateway.store.trial.data import ReturnReport
from gateway.upgrade.gates import Verdict
from gateway.upgrade.layout import BAD, CURRENT, LAST_GOOD, PREVIOUS, Layout, remove
from gateway.upgrade.phases import (
    AFTER_FAILURE,
    Ended,
    Phase,
    UpgradeResult,
    UpgradeState,
    failed,
    succeeded,
    trial_begun,
)
from gateway.upgrade.state_file import StateFiles

log = logging.getLogger(__name__)


class StepError(UnreachableError):
    """A step of an upgrade could not be done; the text says why."""


class Host(Protocol):
    """The machine: its service, data and settings. Each call may be repeated. Raises StepError or OSError."""

    def build(self, environment: str) -> None:
        """Install the unpacked bundle into a new environment, whole, without a network."""

    def rehearse(self, environment: str) -> None:
        """The program of an environment opens the settings and a copy of the data."""

    def stop(self) -> None:
        """The gateway has ended when this returns."""

    def start(self) -> None:
        """Start the gateway; does not wait for it."""

    def save_settings(self) -> None:
        """Copy units, settings and the broker's files."""

    def apply_settings(self, environment: str) -> None:
        """Bring in an environment's units and settings; what the operator changed stays."""

    def put_settings_back(self) -> None:
        """Units, settings and the broker's files as they were copied."""

    def save_data(self, upgrade: str) -> None:
        """Copy the data of the stopped gateway, then mark them: what comes is also kept for a return.

        Marked data are not copied again: a program that was started meanwhile has kept what came.
        """

    def try_out(self, state: UpgradeState) -> Verdict:
        """Watch the running version until there is a verdict."""

    def accept_data(self) -> None:
        """The trial is over."""

    def put_data_back(self, upgrade: str, *, is_marked: bool) -> ReturnReport:
        """The copy of the data, with what came since."""

    def wait_until_it_answers(self) -> None:
        """Until the gateway that was started answers, or a while has passed."""


class Upgrading(Struct):
    """One upgrade on one machine."""

    layout: Layout
    files: StateFiles
    host: Host
    clock_s: Callable[[], float] = time.time

    def run(self) -> Ended | None:
        """From the present step to the end; None when there is nothing to do.

        Raises StepError when a step that has no other way could not be done: call it again later.
        """
        state = self.files.load()
        while state is not None:
            log.info("upgrade %s to %s: %s", state.upgrade, state.new_version, state.phase)
            after = self._step(state)
            if isinstance(after, Ended):
                self.files.end(after)
                return after
            self.files.save(after)
            state = after
        return None

    def _step(self, state: UpgradeState) -> UpgradeState | Ended:
        """Do the present step; what comes after it."""
        report = ReturnReport()
        try:
            if state.phase is Phase.TRYING:
                return self._try(state)
            report = self._do(state) or report
        except (ShishigakiError, OSError) as error:
            if state.phase not in AFTER_FAILURE:
                raise StepError(f"{state.phase}: {error}") from error
            log.warning("%s failed: %s", state.phase, error)
            return failed(state, f"{state.phase}: {error}")
        after = succeeded(state)
        return self._ended(state, after, report) if isinstance(after, UpgradeResult) else after

    def _do(self, state: UpgradeState) -> ReturnReport | None:
        host = self.host
        match state.phase:
            case Phase.UNPACKING:
                host.build(state.new)
            case Phase.REHEARSING:
                host.rehearse(state.new)
            case Phase.STOPPING:
                host.stop()
                host.save_settings()
                host.save_data(state.upgrade)
            case Phase.SWITCHING:
                host.stop()  # after a power cut the boot has started it
                self.layout.point(CURRENT, state.new)
                host.apply_settings(state.new)
            case Phase.ACCEPTING:
                self._accept(state)
            case Phase.RETURNING:
                return self._return(state)
            case Phase.ABANDONING:
                self._refuse(state)
                self._drop(state.new)
                host.accept_data()
                host.start()
        return None

    def _try(self, state: UpgradeState) -> UpgradeState:
        state = trial_begun(state)
        self.files.save(state)
        if state.phase is not Phase.TRYING:
            return state
        self.host.start()
        verdict = self.host.try_out(state)
        after = succeeded(state) if verdict.is_good else failed(state, verdict.reason)
        assert not isinstance(after, UpgradeResult)  # noqa: S101 - the table has a step after a trial
        return after

    def _accept(self, state: UpgradeState) -> None:
        if self.layout.target(LAST_GOOD) != state.new:
            self.layout.point(PREVIOUS, state.old)
            self.layout.point(LAST_GOOD, state.new)
        if state.is_automatic:
            (self.layout.root / state.old / BAD).touch()
        self.host.accept_data()
        self.layout.prune()
        remove(self.layout.unpacked)

    def _return(self, state: UpgradeState) -> ReturnReport:
        """First the program, so that no boot starts the new one any more; then room; then the data."""
        self.host.stop()
        self.layout.point(CURRENT, state.old)
        self.host.put_settings_back()
        self._refuse(state)
        self._drop(state.new)
        report = self.host.put_data_back(state.upgrade, is_marked=state.is_marked)
        self.host.start()
        self.host.wait_until_it_answers()
        return report

    def _refuse(self, state: UpgradeState) -> None:
        """Else each further crash copies and tries the data again."""
        if state.is_automatic:
            self.layout.refuse(state.new)

    def _drop(self, environment: str) -> None:
        """Delete what was installed in vain; never what a link names."""
        remove(self.layout.unpacked)
        named = {self.layout.target(link) for link in (CURRENT, LAST_GOOD, PREVIOUS)}
        if environment not in named:
            remove(self.layout.root / environment)

    def _ended(self, state: UpgradeState, result: UpgradeResult, report: ReturnReport) -> Ended:
        return Ended(
            state.upgrade,
            result,
            state.old_version,
            state.new_version,
            state.began_s,
            self.clock_s(),
            "; ".join(text for text in (state.reason, report.fault) if text),
            report.messages,
            report.aside,
        )

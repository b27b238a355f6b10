"""A machine in memory for upgrades: programs that work or do not, data, and a power that fails.

The links and the state of the upgrade lie on a real disk; whatever a gateway confirms is remembered, so
that a test can ask whether it is still there.
"""

from collections.abc import Callable
from pathlib import Path

from msgspec import Struct, field

from gateway.store.trial.data import ReturnReport
from gateway.upgrade.gates import Verdict
from gateway.upgrade.layout import ABOUT, COMPLETE, CURRENT, LAST_GOOD, PREVIOUS, Layout
from gateway.upgrade.phases import Phase, UpgradeState
from gateway.upgrade.state_file import StateFiles
from gateway.upgrade.steps import StepError

OLD, NEW, OLDER = "aaa-py311", "bbb-py311", "000-py311"
FAULTS = (
    "",  # a good version
    "build",
    "rehearse",
    "save_data",
    "apply_settings",
    "crash",  # ends at once
    "migrates then crashes",
    "deaf",  # runs, and confirms nothing
    "wrong",  # confirms, and does not pass the gates
)


class Cut(BaseException):
    """The power fails."""


class Data(Struct):
    """The database: its shape, the events in it, and what a trial keeps."""

    schema: int = 1
    events: list[int] = field(default_factory=list)
    mark: str = ""
    kept: list[int] = field(default_factory=list)


class World(Struct):
    """One machine. `cut_at`: the number of the step before which the power fails."""

    folder: Path
    fault: str = ""
    cut_at: int = -1
    steps: int = 0
    running: str = ""
    keeps: bool = True  # whether what comes during a trial is kept; False: for a control
    data: Data = field(default_factory=Data)
    copy: Data | None = None
    settings: str = OLD
    settings_copy: str = ""
    confirmed: list[int] = field(default_factory=list)

    def prepare(self) -> None:
        """The old version runs and has confirmed something."""
        for name in (OLD, OLDER):
            self._install(name)
        self.layout.point(CURRENT, OLD)
        self.layout.point(LAST_GOOD, OLD)
        self.layout.point(PREVIOUS, OLDER)
        self.boot()

    @property
    def layout(self) -> Layout:
        """On the disk."""
        return Layout(self.folder)

    @property
    def files(self) -> "CountedFiles":
        """On the disk."""
        return CountedFiles(self.layout.upgrade, self.pass_time)

    def pass_time(self) -> None:
        """Sensors report; then the power may fail."""
        self.live()
        self.steps += 1
        if self.steps == self.cut_at:
            raise Cut

    def live(self) -> None:
        """A sensor reports: what runs confirms it, after it is in the database."""
        if not self.running or (self.running == NEW and self.fault == "deaf"):
            return
        number = len(self.confirmed)
        self.data.events.append(number)
        if self.data.mark and self.keeps:
            self.data.kept.append(number)
        self.confirmed.append(number)

    def boot(self) -> None:
        """The machine starts: the program that `current` names is started, and works or not."""
        self.running = ""
        self._start(self.layout.target(CURRENT))
        self.live()

    def _start(self, program: str) -> None:
        schema = 2 if program == NEW else 1
        if self.data.schema > schema or (program == NEW and self.fault == "crash"):
            return
        self.data.schema = schema
        if program == NEW and self.fault == "migrates then crashes":
            return
        self.running = program

    def _install(self, name: str) -> None:
        folder = self.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ABOUT).write_text('{"version": "1"}')
        (folder / COMPLETE).touch()

    def _step(self, fault: str, act: Callable[[], None]) -> None:
        self.pass_time()
        if self.fault == fault:
            raise StepError(fault)
        act()
        self.pass_time()

    def build(self, environment: str) -> None:
        """Of `steps.Host`."""
        self._step("build", lambda: self._install(environment))

    def rehearse(self, environment: str) -> None:
        """Of `steps.Host`."""
        assert self.layout.is_whole(environment)
        self._step("rehearse", lambda: None)

    def stop(self) -> None:
        """Of `steps.Host`."""

        def act() -> None:
            self.running = ""

        self._step("stop", act)

    def start(self) -> None:
        """Of `steps.Host`."""

        def act() -> None:
            if not self.running:
                self._start(self.layout.target(CURRENT))

        self._step("start", act)

    def save_settings(self) -> None:
        """Of `steps.Host`."""

        def act() -> None:
            self.settings_copy = self.settings

        self._step("save_settings", act)

    def apply_settings(self, environment: str) -> None:
        """Of `steps.Host`."""

        def act() -> None:
            self.settings = environment

        self.settings = "half"
        self._step("apply_settings", act)

    def put_settings_back(self) -> None:
        """Of `steps.Host`."""

        def act() -> None:
            self.settings = self.settings_copy

        self._step("put_settings_back", act)

    def save_data(self, upgrade: str) -> None:
        """Of `steps.Host`."""
        assert not self.running
        if self.data.mark == upgrade:
            return

        def copy() -> None:
            self.copy = Data(self.data.schema, [*self.data.events])

        def mark() -> None:
            self.data.mark = upgrade

        self._step("save_data", copy)
        self._step("mark", mark)

    def try_out(self, state: UpgradeState) -> Verdict:
        """Of `steps.Host`."""
        self.pass_time()
        self.pass_time()
        works = self.running == state.new and self.fault in ("", "build", "rehearse")
        return Verdict(works, "" if works else f"{self.fault} is seen by a gate")

    def accept_data(self) -> None:
        """Of `steps.Host`."""

        def act() -> None:
            self.data.mark, self.data.kept = "", []

        self._step("accept_data", act)

    def put_data_back(self, upgrade: str, *, is_marked: bool) -> ReturnReport:
        """Of `steps.Host`; what `store.trial.data` promises."""
        self.pass_time()
        report = ReturnReport()
        if self.copy and (is_marked or self.data.mark == upgrade):
            report = ReturnReport(len(self.data.kept))
            self.data = Data(self.copy.schema, [*self.copy.events, *self.data.kept])
            self.copy = None
        self.pass_time()
        return report

    def wait_until_it_answers(self) -> None:
        """Of `steps.Host`."""
        self.pass_time()


class CountedFiles(StateFiles, frozen=True):
    """The state on the disk; the power may fail before and after each change of it."""

    passing: Callable[[], None] = lambda: None

    def save(self, state: UpgradeState) -> None:
        """Of StateFiles."""
        self.passing()
        super().save(state)
        self.passing()


def begun(phase: Phase = Phase.UNPACKING, new: str = NEW) -> UpgradeState:
    """An upgrade at its beginning."""
    return UpgradeState("u1", phase, OLD, new, "1", "2", 0.0)

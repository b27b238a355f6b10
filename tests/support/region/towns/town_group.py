"""Processes that each send for some towns, and what their hub has of them.

Owns the processes, their databases and settings. Must not know the hub's parts.
"""

import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from gateway.region.protocol import Town
from gateway.store import Store
from tests.support.processes.child import Child
from tests.support.region.hub_site import AnyHub
from tests.support.region.towns.town_process import IDLE
from tests.support.region.towns.town_record import SAME, fill_all, more
from tests.support.samples import TOKYO

LOST = "the region knows"  # what an uplink says when the hub has less than it acknowledged


class TownGroup:
    """`count` towns with `events` each, sent by `processes` processes."""

    def __init__(
        self,
        hub: AnyHub,
        folder: Path,
        count: int,
        events: int,
        *,
        processes: int = 1,
        flags: Sequence[str] = (),
        prefix: str = "town",
        settings: str = "",
        run_in: Sequence[str] = (),
        environment: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.events, self._flags = events, tuple(flags)
        self._run_in, self._environment = list(run_in), dict(environment)
        self.names: list[Town] = [f"{prefix}-{no:02}" for no in range(count)]
        self.configs = {}
        for name in self.names:
            self.configs[name] = hub.enrol(name, folder / name)
            with self.configs[name].open("a") as stream:
                stream.write(f"interval_s = 0.2\ntimeout_s = 20\n{settings}\n")
        fill_all([one.parent / "gateway.db" for one in self.configs.values()], events)
        logs = [folder / f"{prefix}-process-{no}.log" for no in range(processes)]
        for log in logs:
            log.touch()
        self.processes = [Child(log) for log in logs]

    def add(self, count: int) -> None:
        """Further events in each town's database. No process may run."""
        for config in self.configs.values():
            store = Store(config.parent / "gateway.db", TOKYO)
            more(store, SAME, self.events, self.events + count)
            store.close()
        self.events += count

    def start(self, no: int) -> None:
        """Start one process."""
        own = [self.configs[name] for name in self.names[no :: len(self.processes)]]
        for config in own:
            (config.parent / IDLE).unlink(missing_ok=True)
        module = "tests.support.region.towns.town_process"
        run = [*self._run_in, sys.executable, "-m", module, *self._flags, *map(str, own)]
        self.processes[no].start(run, **self._environment)

    def start_all(self) -> None:
        """Start what does not run."""
        for no, process in enumerate(self.processes):
            if process.has_ended():
                self.start(no)

    def kill(self, no: int) -> None:
        """kill -9 of one process."""
        self.processes[no].end(signal.SIGKILL)

    def kill_all(self) -> None:
        """kill -9 of all."""
        for no in range(len(self.processes)):
            self.kill(no)

    def waiting(self) -> int:
        """Towns that have not yet said that nothing is left to send."""
        return sum(not (one.parent / IDLE).exists() for one in self.configs.values())

    @property
    def log(self) -> str:
        """What the uplinks said."""
        return "\n".join(one.log for one in self.processes)

    def lost_acknowledgements(self) -> list[str]:
        """What uplinks said of acknowledged events that the hub has no longer."""
        return [line for line in self.log.splitlines() if LOST in line]

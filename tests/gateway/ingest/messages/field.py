"""Traps whose clocks are wrong, heard by a gateway whose clock is turned by hand."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from gateway.alerts.policy import Policy
from gateway.domain.model import (
    ActionKind,
    Alert,
    Device,
    Event,
    Kind,
    Reading,
    TimeSource,
    TrapAction,
    TrapState,
)
from gateway.domain.outcome import Outcome
from gateway.domain.trap_lifecycle import TrapView, last_known
from gateway.ingest.messages.batch import absorb
from gateway.ingest.people import actions
from tests.support.samples import T0, TRAP, decode, message, open_store


class Field:
    """One gateway and its traps; times in seconds after T0."""

    def __init__(self, folder: Path, *devices: Device) -> None:
        self.store = open_store(folder, *(devices or (TRAP,)))
        self._count = 0

    def hear(
        self,
        kind: Kind,
        at_s: float,
        error_s: float | None = 0.0,
        *,
        sent_s: float | None = None,
        retain: bool = False,
        **facts: Any,
    ) -> Outcome:
        """An event of `sent_s` (else it is sent at once) that arrives at `at_s`, by a clock so wrong."""
        one = self.reading(kind, at_s if sent_s is None else sent_s, error_s, **facts)
        return self.take(at_s, one, retain=retain)

    def take(self, at_s: float, *readings: Reading, retain: bool = False) -> Outcome:
        """A message with these readings."""
        found = message(*readings, received=at_s / 60, retain=retain)
        now = after(at_s)
        return self.store.write_now(lambda tx: absorb(tx, [found], decode, now))

    def reading(self, kind: Kind, sent_s: float, error_s: float | None, **facts: Any) -> Reading:
        self._count += 1
        time = None if error_s is None else after(sent_s + error_s)
        found = {
            "id": f"{self._count}",
            "device": TRAP.id,
            "kind": kind,
            "device_time": time,
            "time_source": TimeSource.RTC,
        }
        return Reading(**(found | facts))

    def numbered(self, kind: Kind, at_s: float, error_s: float, **facts: Any) -> Outcome:
        """A device that numbers its events, as the native protocol has it."""
        return self.hear(kind, at_s, error_s, **({"boot": 1, "seq": self._count + 1} | facts))

    def act(self, deed: ActionKind, at_s: float) -> Outcome:
        """A person records a deed now."""
        act = TrapAction(
            id=f"{deed}-{at_s}",
            device=TRAP.id,
            deed=deed,
            at=after(at_s),
            by="tanaka",
            recorded_at=after(at_s),
        )
        return self.store.write_now(lambda tx: actions.record(tx, act, Policy(), after(at_s)))

    @property
    def trap(self) -> TrapView:
        """What sensor and people tell together."""
        return last_known(self.store.read_now(lambda r: r.states().get(TRAP.id)))

    @property
    def state(self) -> TrapState | None:
        """The same in one word."""
        return self.trap.state

    @property
    def alerts(self) -> Sequence[Alert]:
        """The open ones."""
        return self.store.read_now(lambda r: r.open_alerts())

    @property
    def events(self) -> list[Event]:
        """All, as they came."""
        return list(reversed(self.store.read_now(lambda r: r.latest_events(10_000))))


def after(seconds: float) -> datetime:
    """A time so many seconds after T0."""
    return T0 + timedelta(seconds=seconds)

"""A site with people and a clock that tests turn by hand."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from gateway.alerts.evaluation import tick
from gateway.alerts.policy import Policy
from gateway.config import check
from gateway.domain.epoch import NEVER
from gateway.domain.geo.areas import WatchedLand
from gateway.domain.model import ActionKind, Alert, Device, DeviceState, Kind, TrapAction
from gateway.domain.outcome import Outcome
from gateway.ingest.messages.batch import absorb
from gateway.ingest.people import actions
from tests.support.samples import CAMERA, T0, TRAP, at, decode, message, open_store, reading

PEOPLE: list[dict[str, Any]] = [
    {"name": "tanaka", "channels": ["console:"]},
    {"name": "sato", "channels": ["console:"], "duty": "deputy"},
    {"name": "office", "channels": ["console:"], "duty": "office"},
]


class Site:
    """One store, one policy, one hand-turned clock (minutes after T0)."""

    def __init__(
        self,
        folder: Path,
        settings: dict[str, Any] | None = None,
        devices: Sequence[Device] = (TRAP, CAMERA),
        areas: Sequence[WatchedLand] = (),
    ) -> None:
        self.store = open_store(folder, *devices)
        self.policy = Policy(check({"people": PEOPLE} | (settings or {})), areas)
        self.minutes = 0.0
        self.listening: datetime | None = NEVER

    @property
    def now(self) -> datetime:
        return at(self.minutes)

    def hear(self, device: str, kind: Kind, minutes: float, **facts: Any) -> Outcome:
        """A message observed and received at `minutes`."""
        self.minutes = max(self.minutes, minutes)
        one = message(reading_with(device, kind, minutes, facts))
        return self.store.write_now(lambda tx: absorb(tx, [one], decode, self.now, self.policy))

    def act(
        self, deed: ActionKind, minutes: float, device: str = "trap-01", by: str = "tanaka"
    ) -> Outcome:
        self.minutes = max(self.minutes, minutes)
        act = deed_at(deed, minutes, device, by)
        return self.store.write_now(lambda tx: actions.record(tx, act, self.policy, self.now))

    def tick(self, minutes: float, faults: dict[str, str] | None = None) -> Outcome:
        self.minutes = max(self.minutes, minutes)
        return self.store.write_now(
            lambda tx: tick(tx, self.now, self.policy, faults, self.listening)
        )

    def open(self) -> dict[tuple[str, str], Alert]:
        found = self.store.read_now(lambda r: r.open_alerts())
        return {(alert.rule, alert.subject): alert for alert in found}

    def state(self, device: str = "trap-01") -> DeviceState:
        return self.store.read_now(lambda r: r.states()[device])

    def waiting(self) -> list[tuple[str, int]]:
        """(person, step) of what waits to be sent, in order of its promise."""
        return self.store.write_now(
            lambda tx: [
                (str(person), int(step))
                for person, step in tx._execute(
                    "SELECT person, step FROM outbox WHERE status = 'waiting' ORDER BY no"
                )
            ]
        )


def reading_with(device: str, kind: Kind, minutes: float, facts: dict[str, Any]) -> Any:
    import msgspec

    species = facts.pop("species", None)
    one = reading(device, kind, minutes, species=species, seq=round(minutes * 10))
    return msgspec.structs.replace(one, **facts)


def deed_at(
    deed: ActionKind, minutes: float, device: str = "trap-01", by: str = "tanaka"
) -> TrapAction:
    return TrapAction(
        id=f"{device}-{deed}-{minutes:g}",
        device=device,
        deed=deed,
        at=at(minutes),
        by=by,
        recorded_at=at(minutes) + timedelta(seconds=1),
    )


__all__ = ["PEOPLE", "T0", "Site", "at", "deed_at"]

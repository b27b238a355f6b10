"""A simulated season through a gateway's own intake, at simulated time and without a broker.

Owns the order in which messages, trappers' records and ticks reach the gateway. Must not read results.
Everything goes the way it goes in service: `absorb`, `actions.record` and `tick`, each with the simulated
time as its `now`; several moments share one transaction, which changes no decision.
"""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path

import msgspec
from msgspec import Struct, field

from firmware_sim.evaluation import truth_file
from firmware_sim.evaluation.record import Shown
from firmware_sim.evaluation.truth_file import TruthFile
from firmware_sim.habitat.records import Told, TruthRecord
from firmware_sim.habitat.scenario import Scenario, registry
from firmware_sim.world import TimedPublish, World
from gateway import app as service
from gateway.alerts.evaluation import tick
from gateway.app import Gateway
from gateway.cli.evaluation.trappers import action_of
from gateway.config import Config, Dashboard, Mqtt, Site, SourceSettings, StoreSettings
from gateway.domain.errors import ShishigakiError
from gateway.domain.model import Device, Message, Role
from gateway.domain.trap_lifecycle import trap_view
from gateway.ingest.messages.batch import absorb
from gateway.ingest.people.actions import record
from gateway.store import Transaction

TICK = timedelta(minutes=30)
GATHER_S = 20.0  # messages of so many seconds are judged at once
TICKS_IN_ONE = 12  # in one transaction
LOOK_EVERY = 6  # ticks between two looks at what pages show of the traps
TRUTH, LOOKED, DATABASE = "truth.jsonl.gz", "looked.json", "gateway.db"  # what a run leaves

OnProgress = Callable[[datetime], None]


class Looked(Struct, frozen=True):
    """What a run saw on the way."""

    shown: list[Shown]
    refused_acts: int


class _Feeding(Struct):
    """What the loop carries along."""

    gateway: Gateway
    told: list[Told] = field(default_factory=list)  # written down later than now
    shown: list[Shown] = field(default_factory=list)
    refused_acts: int = 0
    ticks: int = 0


def settings(scenario: Scenario, folder: Path) -> Config:
    """The settings of a gateway for a scenario; nobody is sent anything."""
    dialects = sorted({spec.radio for spec in scenario.devices} | {"native"})
    return Config(
        site=Site(name=scenario.site, title=scenario.title),
        mqtt=Mqtt(),
        sources=tuple(SourceSettings(dialect=name) for name in dialects),
        store=StoreSettings(
            path=str(folder / DATABASE), disk_reserve_mb=0, routine_wait_s=0, retention_days=3650
        ),
        dashboard=Dashboard(),
    )


def feed(
    scenario: Scenario, start: datetime, end: datetime, folder: Path, progress: OnProgress
) -> None:
    """Simulate from `start` to `end`; leaves the truth, the database and what pages showed in `folder`."""
    head = truth_file.head_of(scenario, start.timestamp(), end.timestamp())
    gateway = service.build(settings(scenario, folder), lambda: start)
    with closing(gateway.store), TruthFile(folder / TRUTH, head) as truth:
        feeding = _Feeding(gateway)

        def tell(one: TruthRecord) -> None:
            truth.tell(one)
            if isinstance(one, Told) and one.recorded_at is not None:
                feeding.told.append(one)

        world = World(scenario, start, tell)
        devices = [msgspec.convert(row, Device) for row in registry(scenario)]
        gateway.store.write_now(lambda tx: tx.put_devices(devices))
        for slots in _slots(world, start, end):
            gateway.store.write_now(lambda tx, slots=slots: _slots_in(tx, feeding, slots))  # type: ignore[misc]
            progress(slots[-1][0])
        left = Looked(feeding.shown, feeding.refused_acts)
        (folder / LOOKED).write_bytes(msgspec.json.encode(left))


Slot = tuple[datetime, list[Message]]  # the end of a tick's time, and what came in it


def _slots(world: World, start: datetime, end: datetime) -> Iterator[list[Slot]]:
    at, group = start, list[Slot]()
    while at < end:
        at = min(at + TICK, end)
        group.append((at, [_message(one) for one in world.live_through(at)]))
        if len(group) == TICKS_IN_ONE:
            yield group
            group = []
    if group:
        yield group


def _message(one: TimedPublish) -> Message:
    at, topic, payload = one
    return Message(topic, payload, at.astimezone(UTC))


def _slots_in(tx: Transaction, feeding: _Feeding, slots: list[Slot]) -> None:
    for at, messages in slots:
        for _, near in groupby(messages, key=lambda m: m.received_at.timestamp() // GATHER_S):
            batch = list(near)
            now = batch[-1].received_at
            _write_down(tx, feeding, now)
            absorb(tx, batch, feeding.gateway.sources.decode, now, feeding.gateway.policy)
        _write_down(tx, feeding, at)
        tick(tx, at, feeding.gateway.policy)
        feeding.ticks += 1
        if feeding.ticks % LOOK_EVERY == 0:
            feeding.shown += _looked_at(tx, at)


def _write_down(tx: Transaction, feeding: _Feeding, now: datetime) -> None:
    """Record what trappers write down up to `now`, in the order of time."""
    due = [one for one in feeding.told if (one.recorded_at or 0.0) <= now.timestamp()]
    feeding.told = [one for one in feeding.told if one not in due] if due else feeding.told
    for one in sorted(due, key=lambda told: told.recorded_at or 0.0):
        act = action_of(one)
        try:
            record(tx, act, feeding.gateway.policy, act.recorded_at)
        except ShishigakiError:
            feeding.refused_acts += 1


def _looked_at(tx: Transaction, at: datetime) -> Iterator[Shown]:
    for id_, device in tx.devices.items():
        if device.role is Role.TRAP:
            view = trap_view(tx.states.get(id_), at, device.heartbeat_s)
            yield Shown(at.timestamp(), id_, view.state.value if view.state else "", view.unknown)

"""Copies, disorder, lateness, restarts and rolled-back batches: the same story as the clean run."""

import shutil
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

import gateway.domain.device_state
from gateway.domain.identity import Identity
from gateway.domain.model import Event, Kind, Reading
from gateway.ingest.messages.batch import absorb
from gateway.store import Store, Transaction
from tests.gateway.ingest.messages.test_batch import story
from tests.support.samples import CAMERA, TOKYO, TRAP, at, decode, message, open_store, reading

KINDS = st.sampled_from([Kind.SPRUNG, Kind.SET, Kind.HEARTBEAT, Kind.DETECTION, Kind.OFFLINE])
DEVICES = st.sampled_from(["trap-01", "cam-01"])
MINUTES = st.integers(0, 600)


class PowerCutError(Exception):
    """Ends a transaction."""


@cache
def template() -> Path:
    """A database with its devices, to begin with."""
    folder = Path(tempfile.mkdtemp(prefix="disorder"))
    open_store(folder, TRAP, CAMERA).close()
    return folder / "test.db"


class Disorder(RuleBasedStateMachine):
    """One gateway that hears things as the air brings them."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="disorder"))
        self.path = Path(shutil.copy(template(), self.folder / "mixed.db"))
        self.store = Store(self.path, TOKYO)
        self.heard: list[Reading] = []

    @rule(device=DEVICES, kind=KINDS, minute=MINUTES, species=st.sampled_from(["boar", "deer"]))
    def receive(self, device: str, kind: Kind, minute: int, species: str) -> None:
        """Something new, of any time: late or early."""
        number = len(self.heard)
        one = reading(device, kind, minute, id_=f"{number}", species=species, seq=number)
        self.heard.append(one)
        self._take(self.store, [one])

    @precondition(lambda self: self.heard)
    @rule(data=st.data(), size=st.integers(1, 5))
    def repeat(self, data: st.DataObject, size: int) -> None:
        """Copies of what was heard, in any order."""
        self._take(self.store, [data.draw(st.sampled_from(self.heard)) for _ in range(size)])

    @rule(device=DEVICES, kind=KINDS, minute=MINUTES)
    def lose_power(self, device: str, kind: Kind, minute: int) -> None:
        """A batch that never became durable; the device will send it again."""
        number = len(self.heard)
        one = reading(device, kind, minute, id_=f"{number}", seq=number)

        def act(tx: Transaction) -> None:
            absorb(tx, [message(one, received=700)], decode, at(10_000))
            raise PowerCutError

        with pytest.raises(PowerCutError):
            self.store.write_now(act)

    @rule()
    def restart(self) -> None:
        """The program starts again."""
        self.store.close()
        self.store = Store(self.path, TOKYO)

    def teardown(self) -> None:
        """Compare with a gateway that heard everything once and in order."""
        clean = Store(Path(shutil.copy(template(), self.folder / "clean.db")), TOKYO)
        for one in sorted(self.heard, key=lambda r: (r.device_time, r.seq)):
            self._take(clean, [one])
        try:
            assert story(self.store) == story(clean)
        finally:
            clean.close()
            self.store.close()
            shutil.rmtree(self.folder)

    def _take(self, store: Store, readings: list[Reading]) -> None:
        messages = [message(one, received=700) for one in readings]
        store.write_now(lambda tx: absorb(tx, messages, decode, at(10_000)))


def run(examples: int, *phases: Phase) -> None:
    """So many random lives of a gateway; without `phases` a failing one is also made short."""
    run_state_machine_as_test(
        Disorder,
        settings=settings(
            max_examples=examples,
            stateful_step_count=12,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=phases or tuple(Phase),
            report_multiple_bugs=not phases,
        ),
    )
    print(
        f"\n{examples} random lives with copies, disorder, cuts and restarts: the same story each"
    )


def test_events_in_any_order_end_in_the_same_state_as_events_in_order() -> None:
    run(40)


@pytest.mark.long
def test_ten_thousand_random_orders_of_events_end_in_the_same_state() -> None:
    run(10_000)


def last_comes_last(_: Event) -> tuple[int, int, int]:
    """The mistake of most scripts: what arrives last is the newest."""
    return (0, 0, 0)


def test_control_a_gateway_that_believes_the_last_arrival_is_found_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gateway.domain.device_state, "order", last_comes_last)
    with pytest.raises(AssertionError):
        run(500, Phase.generate)  # ends at the first


def test_control_a_gateway_that_counts_copies_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    real = Transaction.add_events

    def all_are_new(tx: Transaction, events: Sequence[tuple[Event, str | None]]) -> set[Identity]:
        real(tx, events)
        return set()

    monkeypatch.setattr(Transaction, "add_events", all_are_new)
    with pytest.raises(AssertionError):
        run(500, Phase.generate)  # ends at the first

"""Slices of the backlog: larger when many devices send in turn, the same record whatever their size."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.model import Device, Kind, Message, Role
from gateway.ingest.messages import intake as intake_module
from gateway.ingest.messages import judging as judging_module
from gateway.ingest.messages.batch import absorb
from gateway.ingest.messages.batching.slices import (
    LONGEST_S,
    MAX_MESSAGES,
    PER_DEVICE,
    Judged,
    next_size,
)
from gateway.store.tables.backlog import ReceiptClock
from tests.gateway.ingest.messages.test_backlog import BATCH, intake_of, record_of, run, waiting
from tests.support.samples import at, decode, message, open_store, reading
from tests.support.session import FakeSession

CAMERAS = [Device(id=f"cam-{n:02}", role=Role.DETECTOR) for n in range(40)]
IN_TURN = [
    message(reading(camera.id, Kind.DETECTION, turn, species="boar", seq=turn))
    for turn in range(1, 11)
    for camera in CAMERAS
]
JUDGED = st.builds(
    Judged, st.integers(1, 50_000), st.integers(0, 50_000), st.floats(0, 600, allow_nan=False)
)


@given(st.integers(1, 5_000), JUDGED)
def test_a_slice_is_bounded_by_devices_time_and_memory(least: int, last: Judged) -> None:
    size = next_size(least, last)
    assert size >= least
    if size > least:
        assert size <= MAX_MESSAGES
        assert size <= PER_DEVICE * last.devices
        assert size * last.took_s / last.messages <= LONGEST_S


@pytest.mark.parametrize(
    ("last", "size"),
    [
        (None, 1_500),
        (Judged(0, 0, 0.1), 1_500),
        (Judged(1_500, 100, 0.03), 1_500),  # few devices: nothing to share
        (Judged(1_500, 1_000, 0.05), 12_000),  # in turn: twelve of each
        (Judged(6_000, 5_000, 0.4), 7_500),  # so much in half a second
        (Judged(6_000, 5_000, 0.1), MAX_MESSAGES),
        (Judged(1_500, 1_500, 1.5), 1_500),  # a slow board
    ],
)
def test_many_devices_in_turn_make_a_slice_larger_and_a_slow_board_does_not(
    last: Judged | None, size: int
) -> None:
    assert next_size(1_500, last) == size


def slices_of(folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[list[int], object]:
    """The sizes of the slices in which IN_TURN is judged from the backlog, and the record."""
    sizes: list[int] = []

    def counted(tx: object, messages: list[Message], *args: object, **more: object) -> object:
        if messages:
            sizes.append(len(messages))
        return absorb(tx, messages, *args, **more)  # type: ignore[arg-type]

    folder.mkdir()
    store = open_store(folder, *CAMERAS)
    for start in range(0, len(IN_TURN), BATCH):
        part = IN_TURN[start : start + BATCH]
        store.write_now(lambda tx, part=part: tx.backlog.put(part, ReceiptClock.TRUSTED))  # type: ignore[misc]
    with monkeypatch.context() as patch:
        patch.setattr(judging_module, "absorb", counted)
        run(intake_of(store), FakeSession(), lambda: waiting(store) == 0)
    record = record_of(store)
    store.close()
    return sizes, record


def test_slices_grow_with_the_number_of_devices_and_end_in_the_same_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clean = open_store(tmp_path, *CAMERAS)
    clean.write_now(lambda tx: absorb(tx, IN_TURN, decode, at(99)))
    sizes, record = slices_of(tmp_path / "sliced", monkeypatch)
    assert sum(sizes) == len(IN_TURN)
    assert max(sizes) >= 2 * len(CAMERAS)
    assert record == record_of(clean)
    clean.close()


def test_control_slices_of_one_size_judge_each_device_for_each_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake_module, "next_size", lambda least, _: least)
    sizes, _ = slices_of(tmp_path / "sliced", monkeypatch)
    assert set(sizes) == {BATCH}

"""The truth file: the same seed gives the same bytes, and it tells the fate of every message."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from firmware_sim.evaluation import story as stories
from firmware_sim.evaluation import truth_file
from firmware_sim.evaluation.story import Story
from firmware_sim.evaluation.truth_file import TruthFile, TruthFileError
from firmware_sim.habitat.scenario import FaultRates, Scenario, load
from firmware_sim.world import TimedPublish, World

START = datetime(2026, 10, 1, tzinfo=UTC)
END = START + timedelta(days=8)
ROUGH = FaultRates(
    device_silent_per_week=0.9,
    area_silent_per_week=0.5,
    frame_lost=0.1,
    frame_doubled=0.05,
    false_spring_per_day=0.2,
    tamper_per_day=0.02,
    patrol_skipped=0.2,
)


def rough(seed: int = 7) -> Scenario:
    return msgspec.structs.replace(load("tiny"), faults=ROUGH, seed=seed, animals=0.5)


def simulate(path: Path, seed: int = 7) -> list[TimedPublish]:
    head = truth_file.head_of(rough(seed), START.timestamp(), END.timestamp())
    with TruthFile(path, head) as truth:
        return list(World(rough(seed), START, truth.tell).live_through(END))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[TimedPublish]]:
    path = tmp_path_factory.mktemp("truth") / "truth.jsonl.gz"
    return path, simulate(path)


@pytest.fixture(scope="module")
def story(run: tuple[Path, list[TimedPublish]]) -> Story:
    return stories.tell(*truth_file.read(run[0]))


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(
    run: tuple[Path, list[TimedPublish]], tmp_path: Path
) -> None:
    simulate(tmp_path / "again.gz")
    simulate(tmp_path / "other.gz", seed=8)
    assert (tmp_path / "again.gz").read_bytes() == run[0].read_bytes()
    assert (tmp_path / "other.gz").read_bytes() != run[0].read_bytes()


def test_every_message_with_an_id_is_sent_and_then_heard_lost_or_waiting(
    run: tuple[Path, list[TimedPublish]], story: Story
) -> None:
    assert story.heard.keys() <= story.sent.keys()
    assert story.lost.keys() <= story.sent.keys()
    assert not story.heard.keys() & story.lost.keys()
    greetings = ("/status", "/meta")
    published = sum(not (t.startswith("wildlife/") and t.endswith(greetings)) for _, t, _ in run[1])
    assert sum(heard.copies for heard in story.heard.values()) == published
    assert {"air", "offline"} <= set(story.lost.values())


def test_a_message_is_never_heard_before_it_is_sent(story: Story) -> None:
    assert all(heard.at >= story.sent[name].at for name, heard in story.heard.items())


def test_springs_and_states_go_in_turn(story: Story) -> None:
    assert len(story.springs) > 5
    for device in story.states:
        words = [word for _, word in story.states[device]]
        assert words[0] == "armed"
        assert all(a != b for a, b in pairwise(words))
    assert all(spring.at < spring.until for spring in story.springs)


def test_a_spring_is_heard_by_a_message_of_its_own_time(story: Story) -> None:
    heard = [spring for spring in story.springs if spring.heard_at is not None]
    assert heard
    assert all((spring.heard_at or 0) >= spring.at for spring in heard)


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other").write_bytes(b"PK no truth")
    with pytest.raises(TruthFileError, match="not a truth file"):
        truth_file.read(tmp_path / "other")

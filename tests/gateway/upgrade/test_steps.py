"""Cut off anywhere, an upgrade ends whole: the new version, or the old one and all that was confirmed."""

from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.upgrade.layout import CURRENT, LAST_GOOD, PREVIOUS
from gateway.upgrade.phases import MOST_TRIALS, Ended, Phase, UpgradeResult
from gateway.upgrade.steps import Upgrading
from tests.gateway.upgrade.world import FAULTS, NEW, OLD, OLDER, Cut, World, begun

MEMORY = Path("/dev/shm") if Path("/dev/shm").is_dir() else Path(gettempdir())  # syncs cost nothing
LONGEST = 60  # steps of an upgrade and its return
BEFORE_STOP = ("build", "rehearse", "save_data")


def prepared(folder: Path, fault: str) -> World:
    world = World(folder, fault)
    world.prepare()
    return world


def go_on(world: World) -> Ended | None:
    """The unit after a start of the machine, until it ends or the power fails."""
    return Upgrading(world.layout, world.files, world, lambda: 1.0).run()


def upgraded(world: World, cuts: list[int]) -> Ended:
    """An upgrade during which the power fails at these steps after each start of the machine."""
    world.files.save(begun())
    for cut in cuts:
        world.steps, world.cut_at = 0, cut
        with suppress(Cut):
            go_on(world)
        if world.files.load() is None:
            break
        world.boot()
    world.cut_at = -1
    go_on(world)
    [ended] = world.files.history()
    return ended


def check_whole(world: World, result: UpgradeResult) -> None:
    """One version runs and is the good one, with its settings, and nothing confirmed is missing."""
    version = NEW if result is UpgradeResult.ACCEPTED else OLD
    layout = world.layout
    assert layout.target(CURRENT) == layout.target(LAST_GOOD) == world.running == version
    assert layout.is_whole(OLD), "the version that was good before is still there"
    assert layout.target(PREVIOUS) == (OLD if result is UpgradeResult.ACCEPTED else OLDER)
    assert world.settings == version
    assert world.data.mark == ""
    assert set(world.confirmed) <= set(world.data.events)
    world.live()
    assert world.confirmed[-1] in world.data.events


@pytest.mark.parametrize("fault", FAULTS)
def test_without_a_cut_a_good_version_stays_and_a_broken_one_goes(
    tmp_path: Path, fault: str
) -> None:
    world = prepared(tmp_path, fault)
    ended = upgraded(world, [])
    expected = UpgradeResult.ABANDONED if fault in BEFORE_STOP else UpgradeResult.RETURNED
    assert ended.result is (expected if fault else UpgradeResult.ACCEPTED)
    assert bool(ended.reason) is bool(fault)
    check_whole(world, ended.result)
    assert world.layout.is_whole(NEW) is (not fault)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_cut_at_each_step_of_each_upgrade_ends_whole(fault: str) -> None:
    with TemporaryDirectory(dir=MEMORY) as folder:
        for cut in range(1, LONGEST):
            world = prepared(Path(folder, str(cut)), fault)
            ended = upgraded(world, [cut])
            check_whole(world, ended.result)
            if not fault:
                assert ended.result is UpgradeResult.ACCEPTED, (
                    f"one cut at {cut} costs a good version"
                )


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(FAULTS), st.lists(st.integers(1, LONGEST), max_size=8))
def test_any_number_of_cuts_ends_whole(fault: str, cuts: list[int]) -> None:
    with TemporaryDirectory(dir=MEMORY) as folder:
        world = prepared(Path(folder), fault)
        ended = upgraded(world, cuts)
        assert fault == "" or ended.result is not UpgradeResult.ACCEPTED
        check_whole(world, ended.result)


def test_a_trial_that_is_cut_off_again_and_again_returns(tmp_path: Path) -> None:
    world = prepared(tmp_path, "")
    world.files.save(begun())
    for _ in range(MOST_TRIALS + 1):
        while (state := world.files.load()) and state.phase is not Phase.TRYING:
            world.steps, world.cut_at = 0, 1_000 if state.phase is Phase.UNPACKING else 3
            with suppress(Cut):
                step_until(world, Phase.TRYING)
        world.steps, world.cut_at = 0, 6
        with suppress(Cut):
            go_on(world)
        world.boot()
    world.cut_at = -1
    go_on(world)
    [ended] = world.files.history()
    assert ended.result is UpgradeResult.RETURNED
    assert "cut off" in ended.reason
    check_whole(world, ended.result)


def step_until(world: World, phase: Phase) -> None:
    """Go on until the disk names a step."""
    upgrading = Upgrading(world.layout, world.files, world, lambda: 1.0)
    while (state := world.files.load()) and state.phase is not phase:
        after = upgrading._step(state)
        assert not isinstance(after, Ended)
        world.files.save(after)


def test_back_to_the_version_before_is_tried_in_the_same_way(tmp_path: Path) -> None:
    world = prepared(tmp_path, "")
    world.files.save(begun(Phase.REHEARSING, OLDER))
    ended = go_on(world)
    assert ended is not None
    assert ended.result is UpgradeResult.ACCEPTED
    assert world.layout.target(CURRENT) == OLDER
    assert world.layout.target(PREVIOUS) == OLD


def test_control_the_old_way_switches_and_stays_broken(tmp_path: Path) -> None:
    """What install.sh did before: the new program in the place of the old one, without a trial."""
    world = prepared(tmp_path, "migrates then crashes")
    world.build(NEW)
    world.layout.point(CURRENT, NEW)
    world.boot()
    assert world.running == ""
    world.layout.point(CURRENT, OLD)
    world.boot()
    assert world.running == "", "the old program does not open what the new one has migrated"


def test_control_a_return_to_the_bare_copy_loses_what_was_confirmed(tmp_path: Path) -> None:
    world = prepared(tmp_path, "wrong")
    world.keeps = False
    ended = upgraded(world, [])
    assert ended.result is UpgradeResult.RETURNED
    assert not set(world.confirmed) <= set(world.data.events)

"""An upgrade begins alone and anew; a service that keeps ending leads back only where that may help."""

from collections.abc import Callable
from pathlib import Path
from time import time

import pytest
import typer

from gateway.cli.service import upgrade as command
from gateway.cli.service.run import run
from gateway.config import ConfigError
from gateway.upgrade import settings_copy
from gateway.upgrade.beginning import UpgradeError, after_crashes, alone, begin
from gateway.upgrade.layout import REFUSED_S
from gateway.upgrade.phases import Phase, UpgradeResult, UpgradeState
from gateway.upgrade.steps import Upgrading
from tests.gateway.upgrade.world import OLDER, World, begun

DAY_S = 86_400.0


@pytest.fixture
def world(tmp_path: Path) -> World:
    one = World(tmp_path / "opt")
    one.prepare()
    return one


@pytest.fixture
def crashes(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], UpgradeState | None]:
    """The service keeps ending under these settings; the upgrade that follows from it."""
    monkeypatch.setattr(command, "LAYOUT", world.layout)
    monkeypatch.setattr(command, "FILES", world.files)
    monkeypatch.setattr(command, "run", lambda *_: "")

    def keep_ending(settings: str) -> UpgradeState | None:
        config = tmp_path / "config.toml"
        config.write_text(settings)
        command.return_after_crashes(config)
        return world.files.load()

    return keep_ending


def end_of(world: World) -> UpgradeResult:
    ended = Upgrading(world.layout, world.files, world, lambda: 1.0).run()
    assert ended is not None
    return ended.result


def test_settings_that_cannot_be_used_are_no_reason_to_return(
    crashes: Callable[[str], UpgradeState | None], capsys: pytest.CaptureFixture[str]
) -> None:
    assert crashes("nonsense = 1") is None
    assert "nonsense" in capsys.readouterr().out
    state = crashes("")
    assert state is not None, "control: with good settings it returns"
    assert (state.new, state.phase, state.is_automatic) == (OLDER, Phase.REHEARSING, True)


def test_the_service_ends_with_its_own_code_when_its_settings_cannot_be_used(
    tmp_path: Path,
) -> None:
    config = tmp_path / "config.toml"
    config.write_text("nonsense = 1")
    with pytest.raises(typer.Exit) as ended:
        run(config)
    assert ended.value.exit_code == 78


@pytest.mark.parametrize("fault", ["rehearse", "wrong"])
def test_a_return_that_did_not_help_is_not_tried_at_each_further_crash(
    world: World, crashes: Callable[[str], UpgradeState | None], fault: str
) -> None:
    """It would copy the database every half minute."""
    world.fault = fault
    assert crashes("") is not None
    assert end_of(world) is not UpgradeResult.ACCEPTED
    assert crashes("") is None
    assert after_crashes(world.layout, time() + REFUSED_S + 60) == OLDER, "a day later it is"


def test_a_persons_upgrade_that_was_given_up_forbids_no_return(world: World) -> None:
    world.fault = "rehearse"
    world.files.save(begun(Phase.REHEARSING, OLDER))
    assert end_of(world) is UpgradeResult.ABANDONED
    assert after_crashes(world.layout, time()) == OLDER


def test_a_clock_that_leapt_back_does_not_forbid_a_return_for_ever(world: World) -> None:
    world.layout.refuse(OLDER)
    assert after_crashes(world.layout, time() + 60) == ""
    assert after_crashes(world.layout, time() - 300 * DAY_S) == OLDER


def test_two_who_upgrade_at_once_are_told_and_the_first_goes_on(world: World) -> None:
    with alone(world.files):
        with pytest.raises(UpgradeError, match="somebody else"), alone(world.files):
            pass
        begin(world.layout, world.files, begun())
    with alone(world.files):
        assert world.files.load() == begun()


def test_a_wish_to_leave_an_earlier_upgrade_does_not_end_the_next(world: World) -> None:
    world.files.folder.mkdir(exist_ok=True)
    world.files.cancel.touch()  # by `rollback` in the moment in which the upgrade ended
    begin(world.layout, world.files, begun())
    assert not world.files.cancel.exists()


def test_after_a_cut_settings_of_the_new_version_are_read_as_they_were_before(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the earlier program could neither go on with the trial nor return."""
    monkeypatch.setattr(command, "LAYOUT", world.layout)
    config = tmp_path / "config.toml"
    config.write_text('[site]\nname = "goto"\n')
    settings_copy.save(world.layout.settings, patterns=[str(config.relative_to("/"))])
    config.write_text('[site]\nname = "goto"\n[of_the_new_version]\n')
    assert command.settings(config).site.name == "goto"
    (world.layout.settings / settings_copy.WHOLE).unlink()
    with pytest.raises(ConfigError, match="of_the_new_version"):  # control: half a copy is none
        command.settings(config)

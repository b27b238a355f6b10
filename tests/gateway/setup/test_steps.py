"""Steps as root: a command that hangs is named, and owners are given to nothing outside the data."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from gateway.config import ConfigError
from gateway.setup import repair, steps

HANGS = ["sleep", "60"]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "WITHIN_S", 0.1)


@pytest.mark.usefixtures("impatient")
def test_a_command_that_hangs_or_is_missing_is_told_in_words() -> None:
    assert "timed out" in steps.run(HANGS)
    assert steps.said(HANGS) == ""
    assert steps.said(["no-such-program"]) == ""
    with pytest.raises(ConfigError, match="sleep 60"):
        steps.need(HANGS)
    with pytest.raises(subprocess.TimeoutExpired):  # control
        subprocess.run(HANGS, timeout=0.1, check=False)


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "data"
    (folder / "photos").mkdir(parents=True)
    for name in ("gateway.db", "photos/a", "photos/b"):
        (folder / name).touch()
    monkeypatch.setattr(repair, "DATA", folder)
    return folder


@pytest.fixture
def given(data: Path, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Inodes that were given away; at the first in `photos` the service swaps that folder for a link."""
    inodes: list[int] = []
    outside = data.parent / "outside"
    outside.mkdir()
    (outside / "a").touch()
    (outside / "b").touch()

    def chown(name: Any, *_: int, dir_fd: int | None = None, follow_symlinks: bool) -> None:
        assert not follow_symlinks
        if Path(name).name in ("a", "b") and not (data / "photos").is_symlink():
            (data / "photos").rename(data.parent / "moved")
            (data / "photos").symlink_to(outside)
        inodes.append(os.stat(name, dir_fd=dir_fd, follow_symlinks=False).st_ino)

    monkeypatch.setattr(os, "chown", chown)
    return inodes


def test_a_folder_that_is_swapped_for_a_link_meanwhile_gives_nothing_else_away(
    data: Path, given: list[int]
) -> None:
    repair.give_data((1, 1))
    outside = {path.stat().st_ino for path in (data.parent / "outside").iterdir()}
    moved = {path.stat().st_ino for path in (data.parent / "moved").iterdir()}
    assert moved <= set(given)
    assert not outside & set(given)


def test_control_by_its_path_the_link_is_followed(data: Path, given: list[int]) -> None:
    for place in sorted(data.rglob("*")):
        os.chown(place, 1, 1, follow_symlinks=False)
    outside = {path.stat().st_ino for path in (data.parent / "outside").iterdir()}
    assert outside & set(given)

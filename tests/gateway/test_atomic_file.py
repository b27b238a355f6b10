"""A file that is replaced holds all of its old content or all of its new one."""

import os
from pathlib import Path

import pytest

from gateway import atomic_file

OLD, NEW = b"old", b"new content"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "settings"
    path.write_bytes(OLD)
    return path


def test_the_content_is_on_the_disk_before_it_takes_the_name_and_the_name_afterwards(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, bytes]] = []
    fsync = os.fsync

    def told(number: int) -> None:
        fsync(number)
        seen.append((str(Path(f"/proc/self/fd/{number}").readlink()), file.read_bytes()))

    monkeypatch.setattr(os, "fsync", told)
    atomic_file.write(file, NEW)
    assert seen == [(str(atomic_file.beside(file)), OLD), (str(file.parent), NEW)]


def test_an_error_while_it_is_written_leaves_the_old_content_and_nothing_beside(
    file: Path,
) -> None:
    def write_half() -> None:
        with atomic_file.replacing(file) as new:
            new.write(NEW[:3])
            raise OSError(28, "full")

    with pytest.raises(OSError, match="full"):
        write_half()
    assert file.read_bytes() == OLD
    assert [path.name for path in file.parent.iterdir()] == ["settings"]


def test_what_a_killed_program_left_is_neither_kept_nor_in_the_way(file: Path) -> None:
    atomic_file.beside(file).write_bytes(b"half of something longer than the new content")
    atomic_file.write(file, NEW)
    assert file.read_bytes() == NEW
    assert [path.name for path in file.parent.iterdir()] == ["settings"]


def test_a_link_at_the_place_of_the_new_file_is_not_followed(file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    atomic_file.beside(file).symlink_to(other)
    atomic_file.write(file, NEW)
    assert not other.exists()
    assert not file.is_symlink()


def test_nobody_else_reads_it_while_it_is_written(file: Path) -> None:
    with atomic_file.replacing(file, 0o600) as new:
        assert os.fstat(new.fileno()).st_mode & 0o777 == 0o600


def test_control_writing_in_place_loses_the_old_content(file: Path) -> None:
    with file.open("wb") as new:
        new.write(NEW[:3])
    assert file.read_bytes() not in (OLD, NEW)

"""What the check of a file says of one that cannot be opened: the system's own reason."""

import contextlib
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.store import StoreError
from gateway.store.recovery.integrity import header_is_sane
from tests.support.samples import open_store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    store = open_store(tmp_path)
    store.close()
    return store.path


@contextlib.contextmanager
def no_more_files() -> Iterator[None]:
    """The process may open no file beyond those that it has open."""
    before, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (before, most))


def test_a_sound_header_is_sane(path: Path) -> None:
    assert header_is_sane(path)


def test_too_many_open_files_are_not_called_a_lack_of_rights(path: Path) -> None:
    with (
        no_more_files(),
        pytest.raises(StoreError, match="cannot be read: Too many open files"),
    ):
        header_is_sane(path)

"""crashed.sh: six ends of the program lead to the version before; wrong settings never do."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.deploy.folder import DEPLOY

RETURN = "systemctl start --no-block shishigaki-return.service"
CRASH, WRONG_SETTINGS = ("exited", "1"), ("exited", "78")


class Service:
    """A service whose ends are told to the script; the commands of the script are written down."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._asked = folder, folder / "asked"
        for name in ("systemctl", "sleep"):
            program = folder / name
            program.write_text(f'#!/bin/sh\necho {name} "$@" >>{self._asked}\n')
            program.chmod(0o755)

    def ends(self, times: int, why: tuple[str, str], result: str = "exit-code") -> list[str]:
        """What the script has asked for in these ends."""
        self._asked.write_text("")
        for _ in range(times):
            told = {"SERVICE_RESULT": result, "EXIT_CODE": why[0], "EXIT_STATUS": why[1]}
            subprocess.run(
                ["sh", DEPLOY / "crashed.sh", self._folder / "ends"],
                env={**os.environ, **told, "PATH": f"{self._folder}:{os.environ['PATH']}"},
                check=True,
                timeout=10,
            )
        return self._asked.read_text().splitlines()


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return Service(tmp_path)


def test_the_sixth_crash_asks_for_the_version_before_and_each_further_one_waits(
    service: Service,
) -> None:
    assert service.ends(5, CRASH) == []
    assert service.ends(1, CRASH) == [RETURN, "sleep 20"]
    assert service.ends(1, ("killed", "SEGV"), "signal") == [RETURN, "sleep 20"]


def test_settings_that_cannot_be_used_never_ask_for_another_version(service: Service) -> None:
    assert set(service.ends(10, WRONG_SETTINGS)) == {"sleep 20"}, "the card is spared"
    assert service.ends(1, CRASH) == [], "nor do they count towards the next crash"


def test_an_end_that_was_asked_for_is_not_counted(service: Service) -> None:
    assert service.ends(10, ("exited", "0"), "success") == []
    assert service.ends(5, CRASH) == []

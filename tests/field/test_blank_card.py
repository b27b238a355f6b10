"""A card is lost: a fresh Debian, the backup in a file, and a sensor with its old password delivers.

The commands are those of INSTALL.md's table. Long: two installations, ten minutes.
tests/gateway/backup/test_blank_card.py is its short form.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.field.guide import Guide, read, row
from tests.field.site import USER, Site, copied, prepared
from tests.field.terminal import converse
from tests.support.servers import wait_for

pytestmark = pytest.mark.long
PASSPHRASE = "yama no mukou ni kumo hitotsu"
BACKUPS = "var/lib/shishigaki/backup-all"
TRAP = "浜窄の上"
SENSOR = "wana-01.json"  # what the sensor was given on the lost card
TRY = f"sudo shishigaki devices try {SENSOR}"
COMMAND_S = 300.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where the roots lie; they are deleted afterwards."""
    made = tmp_path_factory.mktemp("card")
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="module")
def base(folder: Path) -> Path:
    """A fresh root with the file that is installed."""
    return prepared("bookworm", folder)


@pytest.fixture(scope="module")
def stick(base: Path, folder: Path) -> Path:
    """A memory stick with the backup of a gateway with one trap, and with what the trap's sensor holds."""
    stick = folder / "stick"
    stick.mkdir()
    with copied(base, folder) as first:
        first.follow(guide(), blocks=slice(0, 2))
        typed(first, row("ja", "丸ごとの控え")[0])
        first.machine.sh("systemctl start shishigaki-backup-all")  # what the timer does each night
        [made] = (folder / "root" / BACKUPS).glob("*.backup")
        shutil.copy(made, stick / "a.backup")
        shutil.copy(folder / "root/home" / USER / SENSOR, stick)
    return stick


def guide() -> Guide:
    """The guide, followed until the sensor has its password; it has reported nothing yet."""
    return read("ja").without("devices try")


def typed(site: Site, command: str) -> str:
    """What the user types at home, with the passphrase when it is asked for; what was shown."""
    run = site.machine.inside(f"cd /home/{USER}; {command}", USER)
    replies = {"passphrase": PASSPHRASE, "confirmation": PASSPHRASE, "Repeat": PASSPHRASE}
    code, shown = converse(run, replies, COMMAND_S)
    assert code == 0, f"{command}\n{shown}"
    return shown


def test_a_sensor_with_its_old_password_delivers_to_a_blank_card_with_the_backup(
    base: Path, stick: Path, tmp_path: Path
) -> None:
    with copied(base, tmp_path) as blank:
        home = tmp_path / "root/home" / USER
        for one in stick.iterdir():
            shutil.copy(one, home)
        blank.follow(guide(), blocks=slice(0, 1))
        with pytest.raises(AssertionError):  # control: the fresh installation knows no such sensor
            typed(blank, TRY)
        assert TRAP not in blank.messages()
        for command in row("ja", "新しいカードに丸ごと戻す"):
            typed(blank, command.replace("控え.backup", "a.backup"))
        blank.machine.wait("systemctl is-active shishigaki", 90)
        typed(blank, TRY)
        wait_for(lambda: TRAP in blank.messages(), "the alert about the sprung trap", 60)
        typed(
            blank, "sudo systemctl start shishigaki-backup-all"
        )  # the new card has none of its own yet
        assert "✗" not in typed(blank, "sudo shishigaki doctor")

"""INSTALL.md word by word: from a fresh Debian to the map, a sprung trap and the alert about it.

Whoever does it here knows only the document: its commands in their order, its questions with their
examples. What is theirs is where messages go. Long: two releases of Debian, fifteen minutes.
"""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.field.guide import Guide, read
from tests.field.internet import copy_root
from tests.field.machine import Machine
from tests.field.site import CHANNEL, USER, Site, booted, copied, prepared
from tests.support.servers import wait_for

pytestmark = pytest.mark.long
LANGUAGE = {"bookworm": "ja", "trixie": "en"}
TRAP = "浜窄の上"


@dataclass(frozen=True)
class Installed:
    """A root on which the guide's installation was followed, and what the person saw and was sent."""

    root: Path
    shown: str
    messages: str


@pytest.fixture(scope="module", params=list(LANGUAGE))
def base(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """A fresh root of a release with the file that is installed."""
    folder = tmp_path_factory.mktemp(request.param)
    yield prepared(request.param, folder)
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def installed(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    """A copy of it after the first block of the guide, switched off."""
    folder = tmp_path_factory.mktemp("installed")
    copy_root(base, folder / "root")
    with booted(folder / "root", folder) as site:
        site.follow(guide_of(base), blocks=slice(0, 1))
        wait_for(site.messages, "the test alert")
        site.machine.sh("systemctl stop shishigaki mosquitto; sync")
    yield Installed(folder / "root", site.shown[0], site.messages())
    shutil.rmtree(folder)


@pytest.fixture
def site(installed: Installed, tmp_path: Path) -> Iterator[Site]:
    """The installed machine, started again, without a network."""
    with copied(installed.root, tmp_path) as site:
        site.machine.wait("systemctl is-active shishigaki", 90)
        site.shown.append(installed.shown)
        yield site


def guide_of(base: Path) -> Guide:
    """Debian 12 by the Japanese half, Debian 13 by the English one."""
    return read(next(one for suite, one in LANGUAGE.items() if suite in str(base)))


def test_the_installation_ends_with_everything_well_and_a_test_alert(installed: Installed) -> None:
    assert "✗" not in installed.shown
    assert "試験通知" in installed.messages
    assert TRAP not in installed.messages


def test_the_guide_leads_to_the_map_the_sprung_trap_and_the_alert(site: Site, base: Path) -> None:
    site.follow(guide_of(base), blocks=slice(1, 3))
    wait_for(lambda: TRAP in site.messages(), "the alert about the sprung trap", 60)
    assert "✗" not in site.shown[-1], "the doctor finds everything well"
    found = site.pages("/", "/traps")
    assert "五島 三井楽" in found["/"], "the map has the site's title"
    assert TRAP in found["/"]
    assert TRAP in found["/traps"]
    assert "作動" in found["/traps"]


@pytest.mark.parametrize("word", ["devices import", "devices enrol", "devices try"])
def test_control_a_guide_without_a_step_does_not_get_there(
    site: Site, base: Path, word: str
) -> None:
    with pytest.raises(AssertionError):
        arrive(site, guide_of(base).without(word), slice(1, 2))


def test_control_without_the_installation_nothing_follows(base: Path, tmp_path: Path) -> None:
    with copied(base, tmp_path) as site, pytest.raises(AssertionError):
        arrive(site, guide_of(base).without("install.sh"), slice(0, 2))


def arrive(site: Site, guide: Guide, blocks: slice) -> None:
    """Follow the guide to the alert."""
    site.follow(guide, blocks=blocks)
    wait_for(lambda: TRAP in site.messages(), "the alert about the sprung trap", 15)


def test_following_it_from_a_file_of_answers_twice_changes_nothing(
    base: Path, tmp_path: Path
) -> None:
    guide = guide_of(base)
    channel = re.findall(r'channel = "(.*)"', guide.answers)[0]
    answers = guide.answers.replace(channel, CHANNEL)
    unpack = guide.blocks[0].splitlines()[0]
    with copied(base, tmp_path) as site:
        site.machine.sh(f"cat >/home/{USER}/answers.toml <<'END'\n{answers}\nEND\n")
        site.follow(Guide((unpack, guide.blocks[3]), {}, ""))
        before = state(site.machine)
        site.follow(Guide((guide.blocks[3],), {}, ""))
        assert state(site.machine) == before
        assert "✗" not in "".join(site.shown)


def state(machine: Machine) -> str:
    """Every file of the settings and of the broker, and which process serves."""
    return machine.sh(
        "find /etc/shishigaki /etc/mosquitto -type f -printf '%p %u %g %m ' -exec md5sum {} \\; ;"
        "systemctl show -P MainPID shishigaki"
    )

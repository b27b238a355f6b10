"""The doctor as a clinic: each breakage is named first, and its one command mends it.

On a booted Debian with everything installed, as INSTALL.md says. Long.
"""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.field.breakages import BREAKAGES, Breakage
from tests.field.guide import read
from tests.field.site import CHANNEL, USER, Site, copied, prepared

pytestmark = pytest.mark.long
ROUNDS = 4  # a breakage may leave several faults: each is mended by the command that is named first
# A container must not set the clock: this stands in for the program that does.
CLOCK = """
mkdir -p /etc/systemd/system/systemd-timesyncd.service.d
cat >/etc/systemd/system/systemd-timesyncd.service.d/test.conf <<'END'
[Unit]
ConditionVirtualization=
ConditionCapability=
[Service]
Type=exec
ExecStart=
ExecStart=/bin/sh -c 'cd /run/systemd; mkdir -p timesync; touch timesync/synchronized; exec sleep infinity'
User=root
DynamicUser=no
RuntimeDirectory=
WatchdogSec=0
END
systemctl daemon-reload; systemctl enable --now systemd-timesyncd
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A machine after the first hour, in good health."""
    folder = tmp_path_factory.mktemp("clinic")
    with copied(prepared("bookworm", folder), folder) as site:
        site.machine.sh(CLOCK)
        site.follow(read("ja"), blocks=slice(0, 2))
        assert faults(examine(site)) == []
        yield site


def examine(site: Site) -> list[dict[str, Any]]:
    """What the doctor finds. It never fails with a traceback."""
    run = site.machine.inside("shishigaki doctor --json")
    done = subprocess.run(run, capture_output=True, text=True, timeout=240, check=False)
    assert "Traceback" not in done.stdout + done.stderr, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def faults(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one for one in found if one["outcome"] == "fault"]


@pytest.mark.parametrize("breakage", BREAKAGES, ids=lambda one: one.name)
def test_a_breakage_is_named_first_and_its_command_mends_it(site: Site, breakage: Breakage) -> None:
    site.machine.sh(breakage.break_it)
    found = examine(site)
    try:
        assert [one["name"] for one in faults(found)][:1] == [breakage.check], found
        for _ in range(ROUNDS):
            if not (wrong := faults(found)):
                break
            mend(site, wrong[0]["command"], breakage.typed)
            found = examine(site)
        assert faults(found) == []
    finally:
        if breakage.after:
            site.machine.sh(breakage.after, check=False)


def mend(site: Site, command: str, typed: str) -> None:
    """Type the command as the user."""
    given = typed.format(channel=CHANNEL) if typed else ""
    run = site.machine.inside(f"cd /home/{USER}; {command}", USER)
    done = subprocess.run(
        run, input=given, capture_output=True, text=True, timeout=240, check=False
    )
    assert "Traceback" not in done.stdout + done.stderr, (command, done.stderr)


def test_there_are_at_least_forty_breakages() -> None:
    assert len(BREAKAGES) >= 40
    assert len({one.name for one in BREAKAGES}) == len(BREAKAGES)


def test_what_the_report_says_holds_no_secret_of_the_machine(site: Site, tmp_path: Path) -> None:
    text = site.machine.sh("shishigaki doctor --report", check=False)
    secrets = site.machine.sh("cat /etc/shishigaki/secrets/*").split()
    assert "== journal" in text
    assert [one for one in (*secrets, CHANNEL, "32.7512", "五島 太郎") if one in text] == []

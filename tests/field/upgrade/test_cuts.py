"""The power fails fifty times during upgrades: the machine always comes back whole, and nothing confirmed is
lost.

Long: about an hour. Each cut ends every process of the machine at once, at a step of the upgrade that is
chosen in turn, a random moment after the step has begun. Half of the new versions are broken, so that
returns are cut too.
"""

import random
import time
from collections import Counter
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

import pytest

from gateway.upgrade.phases import Phase, UpgradeResult
from tests.field.upgrade.site import Site, site

pytestmark = pytest.mark.long
CUTS = 50
QUICK = "--settle 8 --limit 60"
AIMS = (Phase.TRYING, Phase.SWITCHING, Phase.RETURNING, Phase.STOPPING, Phase.ACCEPTING)
LATE_S = {Phase.TRYING: 8.0, Phase.RETURNING: 4.0}  # most seconds into a step; others 1.5
MOST_OF_ONE = 10  # cuts of one upgrade; then it may end
UNPACKS = 4  # cuts while it is unpacked: each costs the whole time again
BROKEN = "confirms, and its pages fail"


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A machine on which the first version runs."""
    with site(tmp_path_factory.mktemp("site")) as machine:
        yield machine


def begin(here: Site, bundle: str) -> None:
    """An upgrade from a terminal that is lost at once."""
    here.machine.sh(f"systemd-run --quiet --collect shishigaki upgrade {bundle} {QUICK}")
    end_s = time.monotonic() + 300
    while here.phase() is None:
        assert time.monotonic() < end_s, here.machine.sh("journalctl -n 40 --no-pager", check=False)
        time.sleep(0.1)


def wait_for(here: Site, aims: set[Phase]) -> Phase | None:
    """The step of `aims` that has begun; None when the upgrade has ended before."""
    end_s = time.monotonic() + 900
    while (phase := here.phase()) is not None and phase not in aims:
        assert time.monotonic() < end_s, here.journal()
        time.sleep(0.02)
    return phase


def test_fifty_cuts_during_upgrades_lose_nothing(here: Site) -> None:
    chance = random.Random(19)
    first = cycle(AIMS)
    cuts, ends = Counter[Phase](), Counter[UpgradeResult]()
    number = of_this = 0
    wanted: set[Phase] = set()
    while cuts.total() < CUTS:
        if here.phase() is None:
            number += 1
            begin(here, here.bring(f"1.{number}.0", BROKEN if number % 2 else ""))
            unpacking = cuts[Phase.UNPACKING] < UNPACKS and number % 2
            wanted = {Phase.UNPACKING} if unpacking else {next(first)}
            of_this = 0
        phase = wait_for(here, wanted)
        if phase is not None:
            time.sleep(chance.uniform(0.0, LATE_S.get(phase, 1.5)))
            here.machine.cut()
            cuts[phase] += 1
            of_this += 1
            here.machine.boot()
            again = chance.random() < 0.5  # the same step once more, or one of those behind it
            wanted = set(AIMS) - (set() if again else {phase}) if of_this < MOST_OF_ONE else set()
        else:
            ends[here.last().result] += 1
            here.machine.sh("rm -rf /root/1.*.tar /var/lib/shishigaki/broken-*")
        print(f"cut {cuts.total()}: {phase}; ended: {dict(ends)}", flush=True)
    here.wait_for_end(900)
    here.machine.wait("systemctl is-active shishigaki", 120)
    here.wait_for_captures()
    here.wait_until_judged()
    confirmed, lost = here.confirmed()
    print(
        f"{cuts.total()} cuts {dict(cuts)}, {number} upgrades {dict(ends)}, {confirmed} confirmed"
    )
    assert lost == []
    links = here.root / "opt/shishigaki"
    current, good = (Path(links, one).readlink() for one in ("current", "last-good"))
    assert current == good
    assert (links / good / "complete").exists()

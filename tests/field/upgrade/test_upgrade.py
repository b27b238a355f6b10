"""Upgrades in a booted Debian without a network, beside a sensor that reports twice a second.

Long: the disk, the Debian and the bundle take five minutes, each version two more.
"""

from collections.abc import Iterator

import pytest

from tests.field.upgrade.broken import BROKEN
from tests.field.upgrade.site import Site, site

pytestmark = pytest.mark.long
QUICK = "--settle 15 --limit 90"  # of the time that a new version is watched
FIRST = "0.1.0"


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A machine on which the first version runs."""
    with site(tmp_path_factory.mktemp("site")) as machine:
        yield machine


def check_nothing_lost(here: Site) -> int:
    """Captures arrive, and every event that was confirmed is in the database."""
    here.wait_for_captures()
    here.wait_until_judged()
    number, lost = here.confirmed()
    assert lost == []
    return number


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_version_goes_by_itself_and_no_confirmed_event_is_lost(
    here: Site, fault: str
) -> None:
    before, _ = here.confirmed()
    bundle = here.bring(f"0.{10 + list(BROKEN).index(fault)}.0", fault)
    said = here.machine.sh(f"shishigaki upgrade {bundle} {QUICK} 2>&1; rm {bundle}", check=False)
    ended = here.last()
    print(f"{fault}: {said.strip().splitlines()[-1]} after {ended.ended_s - ended.began_s:.0f} s")
    assert here.version() == FIRST, said
    assert ended.result in ("returned", "abandoned")
    assert ended.reason
    assert check_nothing_lost(here) > before
    assert here.machine.sh("readlink /opt/shishigaki/last-good /opt/shishigaki/current").split()[0]
    here.machine.sh("rm -rf /var/lib/shishigaki/filler /var/lib/shishigaki/broken-*")


def test_a_bundle_that_is_not_right_is_refused_by_name(here: Site) -> None:
    good = here.bring("0.30.0")
    sh = here.machine.sh
    sh(f"cp {good} /root/cut.tar; truncate -s -3000000 /root/cut.tar")
    sh(
        f"cp {good} /root/changed.tar; printf x | dd of=/root/changed.tar bs=1 seek=9000000 conv=notrunc"
    )
    for name, reason in (("cut", "truncated"), ("changed", "altered")):
        said = sh(f"shishigaki upgrade /root/{name}.tar 2>&1", check=False)
        assert f"shishigaki: {reason}" in said
    assert here.version() == FIRST
    sh("rm /root/cut.tar /root/changed.tar")


def test_a_good_version_stays_and_the_one_before_returns_on_demand(here: Site) -> None:
    bundle = here.bring("0.40.0")
    sh = here.machine.sh
    sh(f"shishigaki upgrade {bundle} {QUICK}; rm {bundle}")
    assert here.version() == "0.40.0"
    check_nothing_lost(here)
    page = "import http.client as h; c = h.HTTPConnection('127.0.0.1', 8000); c.request('GET', '/healthz')"
    page += "; print(c.getresponse().read())"
    assert "0.40.0" in sh(f'/opt/shishigaki/current/bin/python -c "{page}"')
    sh(f"shishigaki rollback {QUICK}")
    assert here.version() == FIRST
    check_nothing_lost(here)


def test_a_version_that_begins_to_crash_later_goes_by_itself(here: Site) -> None:
    bundle = here.bring("0.50.0")
    sh = here.machine.sh
    sh(f"shishigaki upgrade {bundle} {QUICK}; rm {bundle}")
    assert here.version() == "0.50.0"
    package = sh("ls -d /opt/shishigaki/current/lib/python3*/site-packages").strip()
    sh(f"echo 'raise SystemExit(1)' >>{package}/gateway/app.py")
    sh("systemctl kill -s KILL --kill-who=main shishigaki")
    here.machine.wait("shishigaki --version | grep -q 0.1.0", 400)
    here.wait_for_end(300)
    check_nothing_lost(here)


def test_control_the_old_way_stays_broken(here: Site) -> None:
    """What an upgrade was before: install.sh of the new version, without a trial."""
    bundle = here.bring("0.60.0", "migrates then crashes")
    sh = here.machine.sh
    sh(
        f"cd /root && tar xf {bundle}; systemd-run --quiet --collect sh /root/shishigaki-0.60.0/install.sh"
    )
    here.machine.wait("test $(systemctl show -P NRestarts shishigaki) -ge 2", 600)
    with pytest.raises(AssertionError, match="in vain"):
        here.machine.wait("systemctl is-active shishigaki", 20)
